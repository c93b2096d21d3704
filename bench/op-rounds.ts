// Interleaved rounds for calls that may be promises: peers run asynchronously, one of them in a process of its own.
import { median, type Times } from "./rounds.ts";

/** Nothing, or the milliseconds that the call took by its own clock, where a message to another process is not part of it. */
export type Called = number | undefined;

export interface Entrant {
  readonly name: string;
  readonly call: () => Called | Promise<Called>;
  /** Calls in one sample, and the best milliseconds of one call so far. */
  calls: number;
  ms: number;
}

export const entrant = (name: string, call: Entrant["call"]): Entrant => ({
  name,
  call,
  calls: 1,
  ms: Number.POSITIVE_INFINITY,
});

export interface OpEffort {
  readonly sampleMs: number;
  readonly warmMs: number;
  readonly rounds: number;
  /** What one entrant may cost in all; it then takes part in every second, fourth … round, in `fewest` at least. */
  readonly entrantMs: number;
  readonly fewest: number;
}

export interface ContestEffort extends OpEffort {
  /** So much slower than another of its kind, a peer is not worth its time in the rounds. */
  readonly hopeless: number;
}

/**
 * Threads of a pool look for more work until they fall asleep: on few cores, in the time of whoever is next. Those of the peers take more
 * than 5 ms for it: after 5 ms our own layers on two threads took up to 1.4 times as long as after 40.
 */
const REST_MS = 40;

const rest = () => new Promise((resolve) => setTimeout(resolve, REST_MS));

/**
 * What an entrant let go of is collected between samples. Left to itself V8 does it when it likes, on threads of its own: on two cores in the
 * time of whoever computes on two threads then (a layer of 1.1 ms took 2 to 5 in a third of the rounds). One thread leaves it a core, and is
 * slower for a while after a collection: there it is left to itself. Does nothing where nobody passed `--expose-gc`.
 */
const collectGarbage = (globalThis as { gc?: () => void }).gc ?? (() => {});

/**
 * After a rest a virtual machine may run two threads on one processor for some milliseconds: two plain loops of 0.8 ms then take 1.65 ms
 * beside each other. So each entrant computes for so long, untimed, before its sample.
 */
const SETTLE_MS = 12;

export const opEffort: Record<"full" | "quick", ContestEffort> = {
  full: { sampleMs: 5, warmMs: 200, rounds: 24, entrantMs: 700, fewest: 3, hopeless: 2 },
  quick: { sampleMs: 1, warmMs: 30, rounds: 3, entrantMs: 60, fewest: 1, hopeless: 2 },
};

/** Longer calls bring their own operands into the caches. */
const LONG_MS = 20;

async function timeCalls({ call }: Entrant, calls: number): Promise<number> {
  let own = 0;
  const start = performance.now();
  for (let i = 0; i < calls; i++) {
    const called = call();
    // A plain call is not awaited: that would be another's time.
    own += (called instanceof Promise ? await called : called) ?? 0;
  }
  return (own > 0 ? own : performance.now() - start) / calls;
}

async function sample(entrant: Entrant, settleMs: number): Promise<number> {
  const start = performance.now();
  if (entrant.ms < LONG_MS)
    do await entrant.call();
    while (performance.now() - start < settleMs);
  const ms = await timeCalls(entrant, entrant.calls);
  entrant.ms = Math.min(entrant.ms, ms);
  return ms;
}

/** Such calls are not made for the sake of being warm: most of one runs in the last tier anyhow. */
const SLOW_MS = 400;

/** A page's clock goes in steps of some microseconds: a shorter call would seem to take no time at all. */
const TICKS_MS = 0.05;

/** As few calls as can be timed. */
async function timeCall(entrant: Entrant): Promise<number> {
  for (let calls = 1; ; calls *= 4) {
    const ms = await timeCalls(entrant, calls);
    if (ms * calls >= TICKS_MS) return ms;
  }
}

export async function firstCall(entrant: Entrant): Promise<void> {
  entrant.ms = await timeCall(entrant);
}

export async function callAgain(entrant: Entrant): Promise<void> {
  entrant.ms = Math.min(entrant.ms, await timeCall(entrant));
}

/** Until the time is up, and three calls at least unless they are slow: engines promote hot code late. Sets `ms` and `calls`. */
export async function warm(entrant: Entrant, { sampleMs, warmMs }: OpEffort): Promise<void> {
  if (entrant.ms > SLOW_MS && entrant.ms < Number.POSITIVE_INFINITY) return;
  const start = performance.now();
  for (let calls = 0; calls === 0 || performance.now() - start < warmMs || (calls < 3 && entrant.ms < 10 * LONG_MS); ) {
    await callAgain(entrant);
    calls++;
  }
  entrant.calls = Math.max(1, Math.ceil(sampleMs / entrant.ms));
}

/** Every nth round for a slow entrant, n a power of two: two slow ones then meet in the same rounds. */
function turns({ ms, calls }: Entrant, { rounds, entrantMs, fewest }: OpEffort): number {
  const share = Math.max(fewest, entrantMs / (ms * (calls + (ms < LONG_MS ? 1 : 0))));
  let every = 1;
  while (Math.ceil(rounds / (2 * every)) >= share) every *= 2;
  return every;
}

/** Milliseconds per call of all entrants, round by round; NaN where one sat out. They must be warm. */
export async function compete(
  entrants: readonly Entrant[],
  effort: OpEffort,
  threads = 1,
): Promise<Map<Entrant, Times>> {
  const times = new Map(entrants.map((entrant): [Entrant, number[]] => [entrant, []]));
  const every = new Map(entrants.map((entrant) => [entrant, turns(entrant, effort)]));
  for (let round = 0; round < effort.rounds; round++) {
    for (const entrant of entrants) {
      const turn = round % every.get(entrant)! === 0;
      if (turn && threads > 1) {
        collectGarbage();
        await rest();
      }
      times.get(entrant)!.push(turn ? await sample(entrant, threads > 1 ? SETTLE_MS : 0) : Number.NaN);
    }
  }
  return times;
}

/** How many times as fast as `other` it was: median of the rounds that both took part in. */
export const timesAsFast = (times: Times, other: Times): number => median(other.map((ms, round) => ms / times[round]));
