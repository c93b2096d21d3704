// What a call costs beside its arithmetic: the seed's tiny op, compiled, and the memory after many runs.
import { type Case, cases, geometry } from "./cases.ts";
import { fill, random } from "./check.ts";
import type { Engine } from "./library.ts";
import { subject, warmUp } from "./rounds.ts";

export interface TinyTimes {
  /** Microseconds per call: ordinary arrays in; fresh result, or written into an ordinary or resident `out`. */
  readonly fresh: number;
  readonly out: number;
  readonly resident: number;
  readonly awaited: number;
}

const tiny: Case = cases.find(({ network }) => network === "seed")!;

/** The 6×6 image with the 4×4 filter. */
export async function timeTiny(engine: Engine, quick: boolean): Promise<TinyTimes> {
  const { imageShape, filterShape, options } = tiny;
  const { outputShape } = geometry(tiny);
  const plain = (shape: readonly number[]) => {
    const data = new Float32Array(shape.reduce((product, n) => product * n, 1));
    fill(data, 3);
    return { data, shape };
  };
  const x = plain(imageShape);
  const out = plain(outputShape);
  const residentX = engine.tensor(imageShape);
  const residentOut = engine.tensor(outputShape);
  const op = await engine.nnet.conv2d.compile({ imageShape, filterShape, ...options });
  await op.setFilters(plain(filterShape));

  const time = (name: string, call: () => void) => {
    const timed = subject(name, 1, call);
    let microseconds = Number.POSITIVE_INFINITY;
    for (let again = 0; again < (quick ? 4 : 8); again++) {
      warmUp(timed, { sampleMs: 1, warmMs: quick ? 100 : 500 });
      microseconds = Math.min(microseconds, timed.ms * 1000);
    }
    return microseconds;
  };
  const fresh = time("fresh", () => void op.runSync(x));
  const intoPlain = { out };
  const intoResident = { out: residentOut };
  const withOut = time("out", () => void op.runSync(x, intoPlain));
  const resident = time("resident", () => void op.runSync(residentX, intoResident));

  let awaited = Number.POSITIVE_INFINITY;
  for (let round = 0; round < (quick ? 20 : 100); round++) {
    const start = performance.now();
    for (let i = 0; i < 500; i++) await op.run(x, intoPlain);
    awaited = Math.min(awaited, ((performance.now() - start) / 500) * 1000);
  }
  op[Symbol.dispose]();
  residentX.dispose();
  residentOut.dispose();
  return { fresh, out: withOut, resident, awaited };
}

/** Bytes of the engine's memory before and after 1,000 runs of mixed shapes, each shape having run once before. */
export async function memoryOverRuns(engine: Engine): Promise<{ before: number; after: number; runs: number }> {
  const mixed = [
    { image: [1, 1, 6, 6], filter: [1, 1, 4, 4], options: {} },
    { image: [10, 1, 6, 6], filter: [1, 1, 4, 4], options: { borderMode: "full" } },
    { image: [2, 3, 17, 19], filter: [5, 3, 3, 3], options: { borderMode: "half" } },
    { image: [1, 16, 28, 28], filter: [32, 16, 3, 3], options: { subsample: [2, 2] } },
    { image: [1, 24, 14, 14], filter: [24, 1, 3, 3], options: { borderMode: "half", numGroups: 24 } },
    { image: [1, 64, 14, 14], filter: [16, 64, 1, 1], options: {} },
    { image: [4, 2, 9, 33], filter: [3, 2, 5, 2], options: { filterDilation: [1, 3] } },
    { image: [1, 8, 12, 12], filter: [4, 8, 3, 3], options: { bias: true, activation: "relu" } },
  ] as const;
  const runs = 1000;
  const jobs = mixed.map(({ image, filter, options }) => {
    const operand = (shape: readonly number[]) => {
      const data = new Float32Array(shape.reduce((product, n) => product * n, 1));
      fill(data, shape.length);
      return { data, shape };
    };
    const x = operand(image);
    const w = operand(filter);
    const chosen = "bias" in options ? { ...options, bias: operand([filter[0]]) } : options;
    return async () => void (await engine.nnet.conv2d(x, w, chosen));
  });
  for (const job of jobs) await job();
  const before = engine.memoryBytes;
  const next = random(4);
  for (let run = 0; run < runs; run++) await jobs[Math.floor(next() * jobs.length)]();
  return { before, after: engine.memoryBytes, runs };
}
