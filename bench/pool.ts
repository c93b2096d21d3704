// A look inside an engine's pool, for the benches that time it. No part of the package's interface.
import type { Engine } from "./library.ts";

interface Ring {
  beat(thread: number): number;
  wakeAll(): void;
}
interface Inside {
  readonly runtime: {
    readonly pool?: {
      run(...call: unknown[]): Promise<void>;
      readonly crew: { readonly ring: Ring; readonly serving: number; beats(): Map<number, number> };
    };
  };
}

function poolOf(engine: Engine) {
  const { pool } = (engine as unknown as Inside).runtime;
  if (!pool) throw new Error(`there is no pool: ${engine.capabilities().why.workers}`);
  return pool;
}

/** Starts the pool and waits until all of it serves: the first call that wants it does not wait for that. */
export async function startPool(engine: Engine, want: () => Promise<unknown>): Promise<number> {
  const { workers } = engine.capabilities();
  const end = performance.now() + 20_000;
  while (poolOf(engine).crew.serving < workers) {
    if (performance.now() > end) throw new Error(`the pool did not start: ${engine.capabilities().why.workers}`);
    await want();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  // It measures its wake-up then, for some milliseconds.
  await new Promise((resolve) => setTimeout(resolve, 50));
  return workers;
}

/** Whether `call` was given to the pool. */
export async function usesPool(engine: Engine, call: () => Promise<unknown>): Promise<boolean> {
  const pool = poolOf(engine);
  const { run } = pool;
  let used = false;
  pool.run = (...given) => {
    used = true;
    return run.apply(pool, given);
  };
  try {
    await call();
  } finally {
    pool.run = run;
  }
  return used;
}

/** Milliseconds until a sleeping worker of the pool is awake, each after a pause in which it has fallen asleep. */
export async function wakeUps(engine: Engine, rounds: number): Promise<number[]> {
  const { ring, ...crew } = { ring: poolOf(engine).crew.ring, beats: poolOf(engine).crew.beats() };
  const thread = [...crew.beats.keys()][0];
  return timed(rounds, () => {
    const before = ring.beat(thread);
    return { wake: () => ring.wakeAll(), awake: () => ring.beat(thread) !== before };
  });
}

const MOST_MS = 5;

async function timed(rounds: number, prepare: () => { wake(): void; awake(): boolean }): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    const { wake, awake } = prepare();
    const start = performance.now();
    wake();
    while (!awake() && performance.now() - start < MOST_MS);
    times.push(performance.now() - start);
  }
  return times;
}

/** The same of two bare threads: `word` counts up, whoever waits for it answers in the next one. What the machine needs. */
export function bareWakeUps(words: Int32Array, word: number, rounds: number): Promise<number[]> {
  return timed(rounds, () => {
    const next = Atomics.load(words, word) + 1;
    const wake = () => {
      Atomics.store(words, word, next);
      Atomics.notify(words, word);
    };
    return { wake, awake: () => Atomics.load(words, word + 1) === next };
  });
}
