/** Filters that are the product of a column and a row: Gaussians, boxes, Sobel's. */
import { copyIn, type FloatArray } from "../strided.ts";
import type { DenseView } from "./operand.ts";
import type { ConvProblem } from "./problem.ts";

/** Factors outside of these, and their products with the image, could overflow or lose digits where the filter's own do not. */
const LARGEST = 2 ** 64;
const SMALLEST = 2 ** -60;
/** Integers up to this and their products are exact in float32. */
const EXACT_INTEGER = 2 ** 24;

/** Whether the test for rank one makes sense: nothing is summed over channels or depth, and both axes have taps to save. */
export function mayHaveRankOne(p: ConvProblem): boolean {
  return p.channels === 1 && !p.w.position && p.taps[0] === 1 && p.taps[1] > 1 && p.taps[2] > 1;
}

/** Whether every filter of the problem is of rank one, within the rounding of its own elements. */
export function hasRankOne(p: ConvProblem, filters: DenseView): boolean {
  return mayHaveRankOne(p) && factorsOf(p, filters) !== null;
}

/**
 * Column and row of every filter, taps in the order in which the problem walks them: [group][filter][ky + kx] elements; null if
 * one of them is not their product.
 */
export function factorsOf(p: ConvProblem, filters: DenseView): FloatArray | null {
  const { w, groups, filters: count } = p;
  const [, ky, kx] = p.taps;
  const dense: FloatArray = new (p.dtype === "float32" ? Float32Array : Float64Array)(filters.size);
  copyIn(filters, dense, 0);
  const factors: FloatArray = new (p.dtype === "float32" ? Float32Array : Float64Array)(groups * count * (ky + kx));
  const rounding = p.dtype === "float32" ? 2 ** -24 : 2 ** -53;
  for (let g = 0, to = 0; g < groups; g++) {
    for (let k = 0; k < count; k++, to += ky + kx) {
      const from = w.offset + g * w.group + k * w.filter;
      const at = (i: number, j: number) => dense[from + i * w.space[1] + j * w.space[2]]!;
      if (!factor(at, ky, kx, rounding, factors.subarray(to, to + ky + kx))) return null;
    }
  }
  return factors;
}

type Element = (i: number, j: number) => number;

/** Write column and row of one filter to `to`; false if its rank is not one. */
function factor(at: Element, ky: number, kx: number, rounding: number, to: FloatArray): boolean {
  let [pi, pj] = [0, 0];
  for (let i = 0; i < ky; i++) {
    for (let j = 0; j < kx; j++) {
      if (!Number.isFinite(at(i, j))) return false;
      if (Math.abs(at(i, j)) > Math.abs(at(pi, pj))) [pi, pj] = [i, j];
    }
  }
  const pivot = at(pi, pj);
  if (pivot === 0) return true; // all zeros, and so is `to`
  // w[i,j] = w[i,pj]·w[pi,j] / pivot; each of the four carries the rounding of one element.
  for (let i = 0; i < ky; i++) {
    for (let j = 0; j < kx; j++) {
      const product = (at(i, pj) * at(pi, j)) / pivot;
      if (Math.abs(at(i, j) - product) > 4 * rounding * Math.abs(product)) return false;
    }
  }
  const row = Array.from({ length: kx }, (_, j) => at(pi, j));
  const unit = commonUnit(row) ?? pivot;
  for (let j = 0; j < kx; j++) to[ky + j] = row[j]! / unit;
  const scale = to[ky + pj]!;
  for (let i = 0; i < ky; i++) to[i] = at(i, pj) / scale;
  return to.every((value) => value === 0 || (Math.abs(value) >= SMALLEST && Math.abs(value) <= LARGEST));
}

/**
 * The greatest common divisor of integers, so that a filter of integers has factors of integers and its results stay exact:
 * every row is a multiple of the primitive one. Null where they are no integers.
 */
function commonUnit(values: readonly number[]): number | null {
  let unit = 0;
  for (const value of values) {
    if (!Number.isInteger(value) || Math.abs(value) > EXACT_INTEGER) return null;
    for (let rest = Math.abs(value); rest !== 0; ) [unit, rest] = [rest, unit % rest];
  }
  return unit;
}
