// One row of the op table: our op, the op it stands beside, and the peers, checked one after the other and then timed in turn.
import type { Engine } from "./library.ts";
import { type Contest, workOf } from "./op-cases.ts";
import { checkAnswer, type Numbers, numbersOf, plainResult } from "./op-check.ts";
import { type PreparedOp, prepareOp } from "./op-layers.ts";
import {
  type ContestEffort,
  callAgain,
  compete,
  type Entrant,
  entrant,
  firstCall,
  type OpEffort,
  timesAsFast,
  warm,
} from "./op-rounds.ts";
import type { Challenger, Peer } from "./peers/peer.ts";
import { show } from "./report.ts";
import { best, type Times } from "./rounds.ts";

/** A time of ours, or of someone that ran in the same rounds. */
export interface Timed {
  readonly name: string;
  readonly ms: number;
  /** How many times as fast ours was, median of the rounds. */
  readonly ratio: number;
}

export interface PeerTime extends Timed {
  readonly kind: Peer["kind"];
  /** From an ordinary array to a new one, against ours of the same rounds. */
  readonly whole?: Timed;
}

/** Who did not run with the others. */
export interface Absent {
  readonly name: string;
  /** "WRONG", "failed", "not tried", or a time. */
  readonly mark: string;
  readonly why: string;
}

export const absentText = ({ name, mark, why }: Absent): string => `${name} ${mark}: ${why}`;

export interface OpTimes {
  readonly contest: Contest;
  readonly algorithm: string;
  readonly work: number;
  readonly workspaceBytes: number;
  readonly checked: number;
  readonly ms: number;
  readonly freshMs: number;
  readonly beside?: Timed & { readonly algorithm: string };
  /** The fastest first. */
  readonly peers: readonly PeerTime[];
  readonly absent: readonly Absent[];
}

interface Ready {
  readonly peer: Peer;
  readonly challenger: Challenger;
  readonly entrant: Entrant;
}

export async function measureOp(
  contest: Contest,
  engine: Engine,
  peers: readonly Peer[],
  effort: ContestEffort,
  threads = 1,
): Promise<OpTimes> {
  const numbers = numbersOf(contest.of);
  const absent: Absent[] = [];
  const ready: Ready[] = [];
  const ours = await prepareOp(engine, contest.of, numbers, threads);
  let beside: PreparedOp | undefined;
  try {
    if (contest.beside) beside = await prepareOp(engine, contest.beside, numbersOf(contest.beside), threads);
    const own = beside ? [ours.resident, beside.resident, ours.fresh] : [ours.resident, ours.fresh];
    for (const entrant of own) await warm(entrant, effort);
    for (const peer of contest.peers ? peers : []) {
      const entered = await enter(peer, numbers, effort);
      if (entered === null) continue;
      if ("mark" in entered) absent.push(entered);
      else ready.push(entered);
    }
    const { stay, leave } = await pick(ready, effort);
    for (const { entrant } of leave) {
      absent.push({ name: entrant.name, mark: show.digits(entrant.ms), why: "not in the rounds" });
    }
    const times = await compete([...own, ...stay.map(({ entrant }) => entrant)], effort, threads);
    const mine = times.get(ours.resident)!;
    const against = (entrant: Entrant) => timed(entrant, times, ours.resident);
    const wholes = await wholeCalls(ours.fresh, stay, effort, threads);
    return {
      contest,
      algorithm: ours.algorithm,
      work: workOf(contest.of.sum),
      workspaceBytes: ours.op.plan.workspaceBytes,
      checked: ours.checked,
      ms: best(mine),
      freshMs: best(times.get(ours.fresh)!),
      ...(beside && { beside: { ...against(beside.resident), algorithm: beside.algorithm } }),
      peers: stay
        .map((one): PeerTime => ({ kind: one.peer.kind, whole: wholes.get(one), ...against(one.entrant) }))
        .sort((a, b) => a.ms - b.ms),
      absent,
    };
  } finally {
    ours.dispose();
    beside?.dispose();
    for (const { challenger } of ready) await challenger.dispose();
  }
}

const timed = (entrant: Entrant, times: ReadonlyMap<Entrant, Times>, ours: Entrant): Timed => {
  const theirs = times.get(entrant)!;
  return { name: entrant.name, ms: best(theirs), ratio: timesAsFast(times.get(ours)!, theirs) };
};

/** Rounds of their own, fewer: copies vary less than caches. */
async function wholeCalls(
  fresh: Entrant,
  stay: readonly Ready[],
  effort: ContestEffort,
  threads: number,
): Promise<Map<Ready, Timed>> {
  const wholes = new Map<Ready, Entrant>();
  for (const one of stay) {
    const { whole } = one.challenger;
    if (!whole) continue;
    const called = entrant(one.entrant.name, async () => void (await whole()));
    await firstCall(called);
    await warm(called, { ...effort, warmMs: effort.warmMs / 4 });
    wholes.set(one, called);
  }
  if (wholes.size === 0) return new Map();
  const times = await compete(
    [fresh, ...wholes.values()],
    { ...effort, rounds: Math.ceil(effort.rounds / 3) },
    threads,
  );
  return new Map([...wholes].map(([one, called]) => [one, timed(called, times, fresh)]));
}

/** A peer that has given the right answer and is warm; or why it stays away; or null if it has no such operation. */
async function enter(peer: Peer, numbers: Numbers, effort: OpEffort): Promise<Ready | Absent | null> {
  const { name } = peer;
  let challenger: Challenger | undefined;
  try {
    const prepared = await peer.prepare(numbers);
    if (prepared === null) return null;
    if ("declined" in prepared) return { name, mark: "not tried", why: prepared.declined };
    challenger = prepared;
    const timed = entrant(name, challenger.call);
    await firstCall(timed);
    const answers = [await challenger.result(), ...(challenger.whole ? [await challenger.whole()] : [])];
    const wrong = wrongAnswer(peer, numbers, answers, challenger.layout);
    if (wrong !== null) {
      await challenger.dispose();
      return { name, mark: "WRONG", why: wrong };
    }
    await warm(timed, effort);
    return { peer, challenger, entrant: timed };
  } catch (error) {
    await challenger?.dispose();
    return { name, mark: "failed", why: reason(error) };
  }
}

const reason = (error: unknown) => (error instanceof Error ? error.message : String(error)).split("\n")[0];

/** Libraries are known to return garbage for some sizes. */
function wrongAnswer(
  { accuracy }: Peer,
  numbers: Numbers,
  answers: readonly Float32Array[],
  layout = plainResult(numbers.sum),
): string | null {
  try {
    for (const answer of answers) checkAnswer(numbers, answer, layout, accuracy);
    return null;
  } catch (error) {
    return reason(error);
  }
}

async function pick(ready: readonly Ready[], { hopeless }: ContestEffort): Promise<{ stay: Ready[]; leave: Ready[] }> {
  const fastest = ({ peer: { kind } }: Ready) =>
    Math.min(...ready.filter(({ peer }) => peer.kind === kind).map(({ entrant }) => entrant.ms));
  const isHopeless = (one: Ready) => one.entrant.ms > hopeless * fastest(one);
  // A slow one was called but once: that may have been bad luck.
  for (const { entrant } of ready.filter(isHopeless)) await callAgain(entrant);
  return { stay: ready.filter((one) => !isHopeless(one)), leave: ready.filter(isHopeless) };
}
