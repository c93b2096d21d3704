/** One filter over the picture, as the library sees fit and directly: both times, and how far the results lie apart. */
import { signal, tensor } from "simdconv";
import { type LargeFilter, SIZE } from "./kernels.ts";
import type { Light } from "./light.ts";

export interface Outcome {
  readonly filter: LargeFilter;
  /** What the library chose once it had seen the filter. */
  readonly algorithm: string;
  /** Three colours, rows, columns. */
  readonly result: Float32Array;
  /** The best of some runs, in milliseconds. */
  readonly chosen: number;
  readonly direct: number;
  readonly difference: number;
}

/** Unit roundoff of float32. */
const U = 2 ** -24;
const ROUNDS = 5;
/** Milliseconds after which no further round is begun. */
const PATIENCE = 1000;

export async function compare({ shape, planes }: Light, filter: LargeFilter): Promise<Outcome> {
  // The plan may change when the filter is known: one of rank one has ways that others have not.
  const spec = { imageShape: shape, filterShape: [SIZE, SIZE], borderMode: "valid" as const };
  using auto = await signal.conv2d.compile(spec);
  using direct = await signal.conv2d.compile({ ...spec, algorithm: "direct" });
  const taps = tensor(filter.taps, [SIZE, SIZE]);
  await Promise.all([auto.setFilters(taps), direct.setFilters(taps)]);

  const input = { data: planes, shape };
  const runs = [auto, direct].map((layer) => {
    const { outputShape } = layer.plan;
    const result = new Float32Array(outputShape.reduce((product, n) => product * n, 1));
    return { layer, result, out: { data: result, shape: outputShape }, best: Number.POSITIVE_INFINITY };
  });
  const begin = performance.now();
  // The best time of several leaves out the first, which warms up.
  for (let round = 0; round === 0 || (round < ROUNDS && performance.now() - begin < PATIENCE); round++) {
    for (const run of runs) {
      const start = performance.now();
      await run.layer.run(input, { out: run.out });
      run.best = Math.min(run.best, performance.now() - start);
    }
  }
  const [chosen, plain] = runs;
  const difference = largestDifference(chosen.result, plain.result);
  return {
    filter,
    algorithm: auto.plan.algorithm,
    result: chosen.result,
    chosen: chosen.best,
    direct: plain.best,
    difference,
  };
}

/** Light is at most 1 and the taps add up to 1, so rounding moves a sum of K products by at most K·u, and two by twice that. */
function largestDifference(a: Float32Array, b: Float32Array): number {
  // Math.max keeps a NaN, which a comparison would let slip through.
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i] - b[i]));
  if (!(most <= 2 * SIZE ** 2 * U)) throw new Error(`the results differ by ${most}, which rounding does not explain`);
  return most;
}
