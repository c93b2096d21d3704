// One case: everyone's answer checked, then all of them timed in turn, whole calls and compute only.
import { type OpCase, workOf } from "../op-cases.ts";
import { checkAnswer, numbersOf } from "../op-check.ts";
import { compete, type Entrant, entrant, timesAsFast, warm } from "../op-rounds.ts";
import { best, type Times } from "../rounds.ts";
import type { Contestant, Ready } from "./contestants/contestant.ts";
import { type GpuEffort, type Repeated, repeated, repeatedReplay } from "./effort.ts";
import { record } from "./recorder.ts";

/** Whom the others are compared with. */
export const OURS = "simdconv webgpu";

/** Best milliseconds, and how many times as fast ours was, median of the rounds. */
export interface Span {
  readonly ms: number;
  readonly ratio: number;
}

export interface Standing {
  readonly name: string;
  readonly call: Span;
  readonly compute?: Span;
  readonly dispatches?: number;
}

export interface CaseResult {
  readonly name: string;
  readonly work: number;
  readonly checked: number;
  readonly standings: readonly Standing[];
  /** "tfjs webgpu: WRONG …" */
  readonly absent: readonly string[];
}

interface Entered {
  readonly name: string;
  readonly ready: Ready;
  readonly call: Entrant;
  readonly compute?: Repeated;
  readonly dispatches?: number;
}

const reason = (error: unknown) => (error instanceof Error ? error.message : String(error)).split("\n")[0];

export async function contest(of: OpCase, contestants: readonly Contestant[], effort: GpuEffort): Promise<CaseResult> {
  const numbers = numbersOf(of);
  const absent: string[] = [];
  const entered: Entered[] = [];
  let checked = 0;
  try {
    for (const { name, prepare } of contestants) {
      let ready: Ready | undefined;
      try {
        ready = await prepare(of, numbers);
        const answer = await ready.call();
        checked = checkAnswer(numbers, answer, ready.layout, "sum");
        entered.push(await enter(name, ready, effort));
      } catch (error) {
        await ready?.dispose();
        absent.push(`${name}: ${reason(error)}`);
      }
    }
    for (const { call } of entered) await warm(call, effort);
    const all = entered.flatMap(({ call, compute }) => (compute ? [call, compute.entrant] : [call]));
    const times = await compete(all, effort);
    return {
      name: of.name,
      work: workOf(of.sum),
      checked,
      standings: standingsOf(entered, times),
      absent,
    };
  } finally {
    for (const { ready } of entered) await ready.dispose();
  }
}

async function enter(name: string, ready: Ready, effort: GpuEffort): Promise<Entered> {
  const call = entrant(name, async () => void (await ready.call()));
  const { device, compute } = ready;
  if (device) {
    const { recording } = await record(device, ready.call);
    const { dispatches } = recording;
    const again = async () => (await record(device, ready.call)).recording;
    return { name, ready, call, compute: await repeatedReplay(name, device, again, effort), dispatches };
  }
  if (!compute) return { name, ready, call };
  const many = async (times: number) => {
    const start = performance.now();
    for (let i = 0; i < times; i++) await compute();
    return performance.now() - start;
  };
  return { name, ready, call, compute: await repeated(name, many, effort) };
}

function standingsOf(entered: readonly Entered[], times: ReadonlyMap<Entrant, Times>): Standing[] {
  const first = entered.find(({ name }) => name === OURS);
  const ratio = (one: Times | undefined, other: Times) => (one ? timesAsFast(one, other) : Number.NaN);
  const perRun = ({ entrant, times: runs }: Repeated) => times.get(entrant)!.map((ms) => ms / runs);
  return entered.map(({ name, call, compute, dispatches }) => ({
    name,
    call: { ms: best(times.get(call)!), ratio: ratio(first && times.get(first.call), times.get(call)!) },
    ...(compute && {
      compute: {
        ms: best(perRun(compute)),
        ratio: ratio(first?.compute && perRun(first.compute), perRun(compute)),
      },
    }),
    ...(dispatches && { dispatches }),
  }));
}
