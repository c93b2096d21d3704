// One hash for any number of workers: shapes of every kind, and the comparison, for Node and pages.
import { createEngine } from "simdconv";
import { edgeGrid } from "../support/grid.ts";
import { gradientGrid } from "../support/grid-gradients.ts";
import { opGrid } from "../support/grid-ops.ts";
import { everyCall } from "../support/ops.ts";
import {
  compute,
  type Engine,
  formsOf,
  numbers,
  operandsOf,
  type Problem,
  reproduce,
  type Spec,
} from "../support/spec.ts";
import { middling, startPool } from "./jobs.ts";

/** Of the edge grid what has a name of its own, and every seventh of the tiles and primes; and larger ones, of many chunks. */
const ofConv2d: readonly Spec[] = [
  ...edgeGrid
    .filter(({ name }, i) => i % 7 === 0 || !/pixels|filters|^prime|^stride/.test(name))
    .map(({ spec }) => spec),
  ...middling,
].map((spec, i) => ({
  ...spec,
  bias: i % 2 === 0,
  activation: (["linear", "relu", "tanh", "sigmoid"] as const)[i % 4]!,
}));

/** The other ops: every 37th of their grid, and jobs of many chunks. */
const ofOps: readonly Spec[] = [
  ...opGrid.filter((_, i) => i % 61 === 0).map(({ spec }) => spec),
  { op: "signal.conv2d", input: [2, 110, 120], filters: [4, 7, 9], seed: 1, borderMode: "full" },
  { op: "signal.conv2d", input: [3, 90, 100], filters: [4, 9, 9], seed: 2, rankOne: true },
  { op: "signal.conv2d", input: [120, 130], filters: [31, 33], seed: 3 },
  { op: "conv3D", input: [2, 9, 10, 11, 16], filters: [16, 3, 3, 3, 16], seed: 4 },
  { op: "conv3D", input: [1, 18, 20, 20, 1], filters: [12, 5, 3, 4, 1], seed: 5, d: [1, 2, 1] },
  { op: "conv3d2d.conv3d", input: [1, 6, 16, 11, 12], filters: [16, 3, 16, 3, 3], seed: 6, borderMode: "full" },
  { op: "conv3d2d.conv3d", input: [1, 8, 3, 20, 21], filters: [9, 3, 3, 5, 5], seed: 7, borderMode: "half" },
  { op: "c01b.filterActs", input: [8, 9, 8, 128], filters: [8, 3, 3, 16], seed: 8, pad: 1 },
  { op: "c01b.filterActs", input: [3, 33, 31, 16], filters: [3, 5, 5, 32], seed: 9, pad: 2, stride: 3 },
];

/** The gradients: phases as steps of one job, more of them than a slot of the ring holds, some without taps, and none. */
const ofGradients: readonly Spec[] = [
  ...gradientGrid.filter((_, i) => i % 23 === 0).map(({ spec }) => spec),
  ...(["nnet.conv2dGradWrtInputs", "nnet.conv2dTranspose"] as const).flatMap((op): Spec[] => [
    { op, input: [2, 32, 30, 31], filters: [48, 32, 3, 3], seed: 1, borderMode: "half", subsample: [2, 2], bias: true },
    { op, input: [1, 32, 40, 40], filters: [64, 32, 1, 1], seed: 2, subsample: [2, 2], activation: "relu" },
    { op, input: [2, 6, 44, 45], filters: [32, 6, 11, 11], seed: 3, subsample: [11, 11] },
    { op, input: [2, 3, 32, 48], filters: [40, 3, 8, 8], seed: 4, subsample: [8, 8] },
    { op, input: [4, 96, 33, 35], filters: [96, 1, 5, 5], seed: 5, numGroups: 96, borderMode: "half", subsample: [2, 1] },
    { op, input: [2, 8, 24, 24], filters: [16, 8, 3, 3], seed: 6, unshared: true, borderMode: "half", subsample: [1, 2] },
    { op, input: [2, 8, 50, 50], filters: [16, 8, 3, 3], seed: 7, subsample: [33, 34] },
    { op, input: [1, 64, 30, 30], filters: [64, 64, 3, 3], seed: 8, filterDilation: [2, 3] },
  ]),
  { op: "signal.conv2dGradWrtInputs", input: [2, 110, 120], filters: [4, 7, 9], seed: 9, borderMode: "full" },
  { op: "signal.conv2dGradWrtInputs", input: [120, 130], filters: [31, 33], seed: 10 },
  { op: "signal.conv2dGradWrtInputs", input: [3, 90, 100], filters: [9, 9], seed: 11, rankOne: true },
  { op: "signal.conv2dGradWrtInputs", input: [2, 110, 120], filters: [4, 7, 9], seed: 12, subsample: [3, 2] },
  { op: "convTransp3D", input: [2, 9, 10, 11, 16], filters: [16, 3, 3, 3, 16], seed: 13 },
  { op: "convTransp3D", input: [1, 18, 20, 20, 12], filters: [16, 5, 3, 4, 12], seed: 14, d: [2, 2, 2] },
  { op: "conv3d2d.conv3dGradWrtSignals", input: [1, 6, 16, 11, 12], filters: [16, 3, 16, 3, 3], seed: 15, borderMode: "full" },
  { op: "conv3d2d.conv3dGradWrtSignals", input: [1, 8, 3, 20, 21], filters: [9, 3, 3, 5, 5], seed: 16, borderMode: "half" },
  { op: "c01b.imageActs", input: [8, 9, 8, 128], filters: [8, 3, 3, 16], seed: 17, pad: 1 },
  { op: "c01b.imageActs", input: [3, 33, 31, 16], filters: [3, 5, 5, 32], seed: 18, pad: 2, stride: 3 },
]; // biome-ignore format: a table

export const shapes: readonly Spec[] = [...ofConv2d, ...ofOps, ...ofGradients].map((spec, i) => ({
  ...spec,
  values: i % 3 === 0 && !spec.op ? "mixed" : "zero-mean",
  dtype: i % 4 === 3 ? "float64" : (spec.dtype ?? "float32"),
}));

/** Two words of FNV-1a over the bits. */
export function hashOf(values: Float64Array): string {
  const words = new Uint32Array(values.buffer, values.byteOffset, 2 * values.length);
  let [a, b] = [0x811c9dc5, 0x01000193];
  for (const word of words) {
    a = Math.imul(a ^ word, 0x01000193);
    b = Math.imul(b ^ (word + 0x9e3779b9), 0x85ebca6b);
  }
  return `${values.length}:${(a >>> 0).toString(16)}${(b >>> 0).toString(16)}`;
}

export interface Case {
  readonly problem: Problem;
  readonly form: string;
  readonly hash: string;
}

/** What one thread computes, by `runSync` of an engine without workers. */
export async function reference(binary: "simd" | "scalar"): Promise<Case[]> {
  await using engine = await createEngine({ binary, workers: 0 });
  const cases: Case[] = [];
  for (const [i, spec] of shapes.entries()) {
    const problem = numbers(spec);
    // A third of all pairs, each form among them: the whole would take minutes.
    for (const [j, form] of formsOf(spec).entries()) {
      if ((i + j) % 3 !== 0 && cases.some((one) => one.form === form)) continue;
      const how = { binary, form, via: "runSync" } as const;
      cases.push({ problem, form, hash: hashOf(await compute(engine, spec, operandsOf(problem), how)) });
    }
  }
  return cases;
}

/** Every case `repeats` times on the engine with `openmp: true`; what differs, in words. */
export async function differences(engine: Engine, workers: number, cases: readonly Case[], repeats: number) {
  const pooled = everyCall(engine, { openmp: true });
  const failures: string[] = [];
  for (const { problem, form, hash } of cases) {
    const { spec } = problem;
    for (let repeat = 0; repeat < repeats; repeat++) {
      const how = { binary: "simd", form, via: repeat % 2 ? "run" : "call" } as const;
      const got = hashOf(await compute(pooled, spec, operandsOf(problem), how));
      if (got !== hash) {
        failures.push(`${workers} workers, repeat ${repeat}: hash ${got}, one thread ${hash}\n${reproduce(spec, how)}`);
        break;
      }
    }
  }
  return failures;
}

/** An engine of `workers` workers that all serve, where there can be any. */
export async function engineOf(workers: number, more: object = {}): Promise<Engine> {
  const engine = (await createEngine({ binary: "simd", workers, ...more })) as Engine;
  if (workers > 0 && engine.capabilities().workers > 0) await startPool(engine, workers);
  return engine;
}
