// A small good call with a known answer: run after anything hostile, to see that the engine is as it was.
import { conv2d } from "../oracle/conv2d.ts";
import { firstDifference } from "./compare.ts";
import type { OpName } from "./ops.ts";
import { fill, random, type Values } from "./random.ts";
import { compute, type Engine, expected, numbers, operandsOf, type Problem, type Spec } from "./spec.ts";

export const goodShapes = { input: [2, 3, 7, 6], filters: [4, 3, 3, 2] } as const;

const next = random(42);
const input = fill("integers", 2 * 3 * 7 * 6, next, "float32");
const filters = fill("integers", 4 * 3 * 3 * 2, next, "float32");
export const goodAnswer = conv2d({ input, inputShape: goodShapes.input, filters, filterShape: goodShapes.filters });

/** Fresh operands of the good call. */
export function good() {
  return {
    input: { data: Float32Array.from(input), shape: [...goodShapes.input] },
    filters: { data: Float32Array.from(filters), shape: [...goodShapes.filters] },
  };
}

/** A small good problem of every op, of integers. */
export const goodSpecs: Readonly<Record<OpName, Spec>> = {
  "nnet.conv2d": { ...goodShapes, seed: 42 },
  "signal.conv2d": { op: "signal.conv2d", input: [2, 7, 6], filters: [3, 3, 2], seed: 43 },
  conv3D: { op: "conv3D", input: [2, 4, 5, 6, 3], filters: [4, 2, 3, 2, 3], seed: 44, d: [1, 2, 1] },
  "conv3d2d.conv3d": { op: "conv3d2d.conv3d", input: [2, 4, 3, 6, 5], filters: [4, 2, 3, 3, 2], seed: 45 },
  "c01b.filterActs": { op: "c01b.filterActs", input: [3, 6, 5, 4], filters: [3, 3, 2, 5], seed: 46, pad: 1, stride: 2 },
  "nnet.conv2dGradWrtInputs": { op: "nnet.conv2dGradWrtInputs", ...goodShapes, seed: 47, subsample: [2, 1] },
  "nnet.conv2dTranspose": { op: "nnet.conv2dTranspose", ...goodShapes, seed: 48 },
  "signal.conv2dGradWrtInputs": { op: "signal.conv2dGradWrtInputs", input: [2, 7, 6], filters: [3, 3, 2], seed: 49 },
  convTransp3D: { op: "convTransp3D", input: [2, 4, 5, 6, 3], filters: [4, 2, 3, 2, 3], seed: 50, d: [1, 2, 1] },
  "conv3d2d.conv3dGradWrtSignals": {
    op: "conv3d2d.conv3dGradWrtSignals",
    input: [2, 4, 3, 6, 5],
    filters: [4, 2, 3, 3, 2],
    seed: 51,
  },
  "c01b.imageActs": { op: "c01b.imageActs", input: [3, 6, 5, 4], filters: [3, 3, 2, 5], seed: 52, pad: 1, stride: 2 },
};

const known = new Map<OpName, Problem>();

/** Undefined if the good call is exact. */
export async function stillGood(engine: Engine, op: OpName = "nnet.conv2d"): Promise<string | undefined> {
  const problem = known.get(op) ?? numbers(goodSpecs[op]);
  known.set(op, problem);
  const { y } = expected(problem);
  const got = await compute(engine, problem.spec, operandsOf(problem), { binary: "", form: "auto" });
  const wrong = firstDifference(got, y);
  return wrong < 0 ? undefined : `the good call of ${op} gave ${got[wrong]} for ${y[wrong]} at ${wrong}`;
}

export function ramp(count: number, from = 1): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: count }, (_, i) => from + i);
}

/** Reals of a shape, the same for a seed. */
export function reals(shape: readonly number[], seed: number, values: Values = "zero-mean") {
  const total = shape.reduce((a, b) => a * b, 1);
  return { data: Float32Array.from(fill(values, total, random(seed), "float32")), shape };
}
