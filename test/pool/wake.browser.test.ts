// How long a page waits for a sleeping worker of its pool, as the pool itself measures it for the choice of openmp.
import { createEngine } from "simdconv";
import { expect, inject, it } from "vitest";
import { note } from "../support/record.ts";
import type { Engine } from "../support/spec.ts";
import { startPool } from "./jobs.ts";

/** The pool's own instrument: milliseconds, the second best of a few rounds; capped where a worker does not wake at all. */
interface Instrument {
  runtime: { pool: { crew: { measureWake(): Promise<number | undefined> } } };
}
const CAP_MS = 1;

it.skipIf(!inject("isolated"))("a sleeping worker wakes up", { timeout: 60_000 }, async (test) => {
  await using engine = (await createEngine({ workers: 2 })) as Engine;
  await startPool(engine, 2);
  const { crew } = (engine as unknown as Instrument).runtime.pool;
  const times: number[] = [];
  for (let round = 0; round < 11; round++) times.push((await crew.measureWake()) ?? Number.POSITIVE_INFINITY);
  times.sort((a, b) => a - b);
  const micro = (ms: number) => (1000 * ms).toFixed(0);
  note(test, `wake-up in a page: median ${micro(times[5]!)} µs, from ${micro(times[0]!)} to ${micro(times[10]!)}`);
  expect(times[5]).toBeLessThan(CAP_MS);
});
