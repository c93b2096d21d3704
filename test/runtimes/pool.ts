// Engines with a pool, and a look inside them: whether the workers serve and have taken part, and one of them to be ended.
import { everyCall } from "../support/ops.ts";
import { longJob } from "../support/work.ts";
import { createEngine, type Engine } from "./library.ts";
import { pause } from "./must.ts";

type Options = NonNullable<Parameters<typeof createEngine>[0]>;

interface Member {
  readonly handle: { terminate(): void };
}

/** What these tests look at inside an engine; no part of the package's interface. */
interface Inside {
  readonly runtime: {
    readonly arena: { readonly memory: WebAssembly.Memory };
    readonly pool: {
      /** Where memory is shared. */
      readonly crew?: {
        readonly members: ReadonlyMap<number, Member>;
        beats(): Map<number, number>;
        measureWake(): Promise<number | undefined>;
      };
      /** Where it is not: workers that have nothing to do, and shares of jobs that were sent to one so far. */
      readonly hands?: { readonly idle: readonly Member[] };
      readonly jobs?: number;
    };
  };
}
const inside = (engine: Engine) => (engine as unknown as Inside).runtime.pool;

/** Workers that serve are counted after a job that wants them; starting them takes tens of milliseconds. */
export async function withPool(
  binary: "auto" | "scalar" | "simd" | "relaxed",
  workers: number,
  more: Options = {},
): Promise<Engine> {
  const engine = await createEngine({ ...more, binary, workers });
  try {
    await allServe(engine, workers);
    return engine;
  } catch (error) {
    engine.dispose();
    throw error;
  }
}

/** Calls until so many workers serve. */
async function allServe(engine: Engine, workers: number): Promise<void> {
  const { input, filters } = longJob(1);
  const end = performance.now() + 20_000;
  while (engine.capabilities().using.workers < workers) {
    if (performance.now() > end) {
      const { using, why } = engine.capabilities();
      throw new Error(`${using.workers} of ${workers} workers serve after 20 s: ${why.workers ?? "no reason given"}`);
    }
    await engine.nnet.conv2d(input, filters, { openmp: true });
    await pause(0);
  }
}

/** With memories of their own if that is all there is. */
export const poolOrAlone = (binary: "auto" | "scalar" | "simd" | "relaxed", workers: number): Promise<Engine> =>
  workers === 0 ? createEngine({ binary, workers }) : withPool(binary, workers);

/** The memory of an engine, which is not kept from being collected by it. */
export const memoryOf = (engine: Engine) => new WeakRef((engine as unknown as Inside).runtime.arena.memory);

/** Signs that workers compute: of each worker one per chunk and per wake-up, or shares sent to any of them. */
export function signs(engine: Engine): number[] {
  const { crew, jobs } = inside(engine);
  return crew ? [...crew.beats().values()] : [jobs!];
}

/** Whether workers took part between two looks at the signs. A wake-up alone is no work. */
export function tookPart(engine: Engine, before: readonly number[], after: readonly number[]): boolean {
  const wakeUps = inside(engine).crew ? 2 : 0;
  return after.some((count, i) => count > before[i]! + wakeUps);
}

const members = (engine: Engine): readonly Member[] => {
  const { crew, hands } = inside(engine);
  return crew ? [...crew.members.values()] : hands!.idle;
};

/** One of the workers, to be ended behind the pool's back, of which a page tells nobody. */
export function victim(engine: Engine): { end(): void; replaced(): boolean } {
  const [member] = members(engine);
  return { end: () => member!.handle.terminate(), replaced: () => !members(engine).includes(member!) };
}

/** Microseconds from a call to a sleeping worker's awakening, median. */
export async function wakeMicroseconds(engine: Engine): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 9; round++) times.push(1000 * ((await inside(engine).crew!.measureWake()) ?? Number.NaN));
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
