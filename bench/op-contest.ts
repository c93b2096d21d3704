// One row of the op table: our op, the op it stands beside, and the peers, checked one after the other and then timed in turn.
import type { Engine } from "./library.ts";
import { type Contest, workOf } from "./op-cases.ts";
import { checkAnswer, numbersOf, plainResult } from "./op-check.ts";
import { prepareOp } from "./op-layers.ts";
import { compete, type Entrant, entrant, type OpEffort, timesAsFast, warm } from "./op-rounds.ts";
import type { Challenger, Peer } from "./peers/peer.ts";
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
}

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
  /** Those that did not run with the others, and why. */
  readonly absent: readonly string[];
}

/** So much slower than another of its kind, a peer is not worth its time in the rounds. */
const HOPELESS = 2.5;

interface Ready {
  readonly peer: Peer;
  readonly challenger: Challenger;
  readonly entrant: Entrant;
}

const reason = (error: unknown) => (error instanceof Error ? error.message : String(error)).split("\n")[0];

export async function measureOp(
  contest: Contest,
  engine: Engine,
  peers: readonly Peer[],
  effort: OpEffort,
): Promise<OpTimes> {
  const numbers = numbersOf(contest.of);
  const absent: string[] = [];
  const ready: Ready[] = [];
  const ours = await prepareOp(engine, contest.of, numbers);
  const beside = contest.beside && (await prepareOp(engine, contest.beside, numbersOf(contest.beside)));
  const start = async (peer: Peer) => {
    let challenger: Challenger | undefined;
    try {
      const prepared = await peer.prepare(numbers);
      if (prepared === null) return;
      if ("declined" in prepared) {
        absent.push(`${peer.name} not tried: ${prepared.declined}`);
        return;
      }
      challenger = prepared;
      await challenger.call();
      const answer = await challenger.result();
      const wrong = wrongAnswer(() => checkAnswer(numbers, answer, plainResult(numbers.sum), peer.accuracy));
      if (wrong) {
        absent.push(`${peer.name} WRONG: ${wrong}`);
        await challenger.dispose();
        return;
      }
      const timed = entrant(peer.name, challenger.call);
      await warm(timed, effort);
      ready.push({ peer, challenger, entrant: timed });
    } catch (error) {
      absent.push(`${peer.name} failed: ${reason(error)}`);
      await challenger?.dispose();
    }
  };
  try {
    for (const own of [ours.resident, ours.fresh, ...(beside ? [beside.resident] : [])]) await warm(own, effort);
    if (contest.peers) for (const peer of peers) await start(peer);
    const { stay, leave } = pick(ready);
    for (const { entrant } of leave) absent.push(`${entrant.name} ${entrant.ms.toPrecision(3)}, not in the rounds`);
    const own = beside ? [ours.resident, beside.resident, ours.fresh] : [ours.resident, ours.fresh];
    const times = await compete([...own, ...stay.map(({ entrant }) => entrant)], effort);
    const mine = times.get(ours.resident)!;
    const against = (name: string, theirs: Times): Timed => ({
      name,
      ms: best(theirs),
      ratio: timesAsFast(mine, theirs),
    });
    const timed = stay.map(
      ({ peer, entrant }): PeerTime => ({ kind: peer.kind, ...against(peer.name, times.get(entrant)!) }),
    );
    return {
      contest,
      algorithm: ours.algorithm,
      work: workOf(contest.of.sum),
      workspaceBytes: ours.op.plan.workspaceBytes,
      checked: ours.checked,
      ms: best(mine),
      freshMs: best(times.get(ours.fresh)!),
      ...(beside && {
        beside: { ...against(contest.beside!.name, times.get(beside.resident)!), algorithm: beside.algorithm },
      }),
      peers: timed.sort((a, b) => a.ms - b.ms),
      absent,
    };
  } finally {
    ours.dispose();
    beside?.dispose();
    for (const { challenger } of ready) await challenger.dispose();
  }
}

function wrongAnswer(check: () => void): string | null {
  try {
    check();
    return null;
  } catch (error) {
    return reason(error);
  }
}

function pick(ready: readonly Ready[]): { stay: Ready[]; leave: Ready[] } {
  const fastest = (kind: Peer["kind"]) =>
    Math.min(...ready.filter(({ peer }) => peer.kind === kind).map(({ entrant }) => entrant.ms));
  const stays = ({ peer, entrant }: Ready) => entrant.ms <= HOPELESS * fastest(peer.kind);
  return { stay: ready.filter(stays), leave: ready.filter((one) => !stays(one)) };
}
