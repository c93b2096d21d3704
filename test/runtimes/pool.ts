// Engines with a pool, and a look inside them: whether the workers serve and have taken part.
import { everyCall } from "../support/ops.ts";
import { longJob } from "../support/work.ts";
import { createEngine, type Engine } from "./library.ts";

/** What these tests look at inside an engine; no part of the package's interface. */
interface Inside {
  readonly runtime: {
    readonly pool: { readonly crew: { beats(): Map<number, number>; measureWake(): Promise<number | undefined> } };
  };
}
const inside = (engine: Engine) => (engine as unknown as Inside).runtime.pool.crew;

/** Workers that serve are counted after a job that wants them; starting them takes tens of milliseconds. */
export async function withPool(binary: "auto" | "scalar" | "simd" | "relaxed", workers: number): Promise<Engine> {
  const engine = await createEngine({ binary, workers });
  const { input, filters } = longJob(1);
  const end = performance.now() + 20_000;
  while (engine.capabilities().using.workers < workers) {
    if (performance.now() > end) {
      const { using, why } = engine.capabilities();
      engine.dispose();
      throw new Error(`${using.workers} of ${workers} workers serve after 20 s: ${why.workers ?? "no reason given"}`);
    }
    await engine.nnet.conv2d(input, filters, { openmp: true });
  }
  return engine;
}

/** Signs of life of each worker so far: one per chunk and per wake-up. */
export const beats = (engine: Engine): number[] => [...inside(engine).beats().values()];

/** Microseconds from a call to a sleeping worker's awakening, median. */
export async function wakeMicroseconds(engine: Engine): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 9; round++) times.push(1000 * ((await inside(engine).measureWake()) ?? Number.NaN));
  return times.sort((a, b) => a - b)[4]!;
}

/** The same engine, every call of which wants the pool or not; `see` is shown each result. */
export function always(engine: Engine, openmp: boolean, see: (data: Float32Array | Float64Array) => void): Engine {
  return everyCall(engine, { openmp }, ({ data }) => see(data));
}

/** FNV-1a of the bits of a result. */
export function hash(data: Float32Array | Float64Array): number {
  let h = 0x811c9dc5;
  for (const byte of new Uint8Array(data.buffer, data.byteOffset, data.byteLength)) h = Math.imul(h ^ byte, 0x01000193);
  return h >>> 0;
}
