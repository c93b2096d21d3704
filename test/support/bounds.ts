// What each algorithm may be off by, per output: reliability.md R2, in units of u (half an epsilon of the element type).
import type { Terms } from "../oracle/terms.ts";
import { smallest, unitRoundoff } from "./compare.ts";
import { channelsOf, forwardOf, planeTaps } from "./ops.ts";
import type { Problem, Spec } from "./spec.ts";

export interface Exact {
  readonly y: ArrayLike<number>;
  readonly low?: ArrayLike<number>;
  readonly s: Float64Array;
  readonly k: Int32Array;
}

export interface Bound {
  /** Never more: a theorem about the algorithm. */
  readonly theorem: number;
  /** What happens with a good kernel, on the fixed seeds of the accuracy test. */
  readonly practice: number;
  readonly formula: string;
}
export type Bounds = (problem: Problem, exact: Exact) => (output: number) => Bound;

/** What underflow may cost: every product may lose a smallest number. */
const floorOf = ({ dtype }: Problem, k: number) => k * smallest[dtype];

/** A running sum, or partial sums: K·u·S, in practice its root. */
export const sumBounds: Bounds = (problem, { s, k }) => {
  const u = unitRoundoff[problem.dtype];
  return (i) => {
    const floor = floorOf(problem, k[i]!);
    return {
      theorem: k[i]! * u * s[i]! + floor,
      practice: (k[i]! >= 64 ? 1.5 * Math.sqrt(k[i]!) : 8) * u * s[i]! + floor,
      formula: "K·u·S",
    };
  };
};

/** Two sums, of kw and of kh terms, over factors that are rounded: (kh + kw + 6)·u·S. */
export const separableBounds: Bounds = (problem, { s, k }) => {
  const u = unitRoundoff[problem.dtype];
  const taps = problem.spec.filters.at(-2)! + problem.spec.filters.at(-1)!;
  return (i) => {
    const bound = (taps + 6) * u * s[i]! + floorOf(problem, k[i]!);
    return { theorem: bound, practice: bound, formula: "(kh + kw + 6)·u·S" };
  };
};

const LOG2 = 18; // of the points of the largest plane

/** A transform mixes all points of a plane: log2(n)·u·‖w‖·‖x‖ whatever the sum; a bias is one rounding more. */
export const transformBounds: Bounds = (problem, { s, k }) => {
  const u = unitRoundoff[problem.dtype];
  const norms = normsOf(problem);
  return (i) => {
    const bound = LOG2 * u * norms[i]! + 2 * u * s[i]! + floorOf(problem, k[i]!);
    return { theorem: bound, practice: bound, formula: "log2(n)·u·‖w‖·‖x‖" };
  };
};

function largest(values: Terms["input"]): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]!));
  return most;
}

/** Whether tiles of three frames' taps may be transformed in depth too. */
function mayBeDeep(spec: Spec): boolean {
  const inDepth = ["conv3D", "conv3d2d.conv3d"].includes(forwardOf(spec.op ?? "nnet.conv2d"));
  return inDepth && spec.filters[1] === 3 && channelsOf(spec) >= 32;
}

/** The most that |Aᵀ|·(|G|·1 ⊙ |Bᵀ|·1) makes of ones, in one direction. */
const WINOGRAD_GROWTH = 25;

/**
 * The products of a tile are of all its 6 × 6 inputs, so an output is off by what its neighbours are large: by K·‖w‖∞·‖x‖∞ instead of
 * S. In practice 6·√K·u of that, which on evenly distributed numbers, where it is about 4 S, is 16 times what a sum may be off by; and twice
 * as much where tiles may be transformed in depth too: there outputs of a corner, whose K is a ninth, are off by what their neighbours are.
 */
export const winogradBounds: Bounds = (problem, { s, k }) => {
  const u = unitRoundoff[problem.dtype];
  const product = largest(problem.terms.input) * largest(problem.terms.filters);
  const [axes, constant] = mayBeDeep(problem.spec) ? [3, 12] : [2, 6];
  const { op = "nnet.conv2d", filters } = problem.spec;
  const isNine = planeTaps(op, filters).every((taps) => taps === 3);
  const most = k.reduce((a, b) => Math.max(a, b), 0);
  return (i) => {
    // In a corner an output of larger filters has few products, and neighbours in its tile have all; so have those of one tap in padding.
    const terms = isNine ? k[i]! : most;
    const floor = 2 * u * s[i]! + floorOf(problem, 36 * terms);
    // At the edge an output has fewer products than the tile: those of padding count too.
    const whole = Math.max(9, terms) * product;
    return {
      theorem: (terms + 12 * axes) * WINOGRAD_GROWTH ** axes * u * whole + floor,
      practice: constant * Math.sqrt(Math.max(16, terms)) * u * whole + floor,
      formula: `${constant}·√K·u·K·‖w‖∞·‖x‖∞`,
    };
  };
};

/**
 * Of gradients with respect to filters by Winograd: as winogradBounds, with K the outputs of all images, those of whole tiles, and the
 * gradient of the outputs in place of the filters.
 */
export const winogradGradientBound = (
  { terms }: { readonly terms: Terms },
  { k }: Pick<Exact, "k">,
): ((weight: number) => number) => {
  const product = largest(terms.input) * largest(terms.filters);
  const most = Math.max(
    16,
    k.reduce((a, b) => Math.max(a, b), 0),
  );
  return () => 3 * Math.sqrt(most) * unitRoundoff.float32 * most * product + 36 * most * smallest.float32;
};

/** ‖w‖₂·‖x‖₂ of the filter plane and the image plane that each output comes from. */
function normsOf({ problem, terms }: Problem): Float64Array {
  const plane = (shape: readonly number[]) => shape.at(-2)! * shape.at(-1)!;
  const [x, w] = [plane(problem.inputShape), plane(problem.filterShape)];
  const [images, filters] = [planeNorms(terms.input, x), planeNorms(terms.filters, w)];
  // An output without a product has noise of its neighbourhood too, and none says which image and filter are its own.
  const largest = Math.max(0, ...images) * Math.max(0, ...filters);
  const norms = new Float64Array(terms.shape.reduce((product, extent) => product * extent, 1)).fill(largest);
  // All products of an output are of one image and one filter, and a line of them is of one output.
  terms.forEachLine((output, inputAt, filterAt, count) => {
    if (count > 0) norms[output] = images[Math.floor(inputAt / x)]! * filters[Math.floor(filterAt / w)]!;
  });
  return norms;
}

function planeNorms(values: Terms["input"], size: number): Float64Array {
  const norms = new Float64Array(values.length / size);
  for (let i = 0; i < values.length; i++) norms[Math.floor(i / size)]! += values[i]! ** 2;
  return norms.map(Math.sqrt);
}
