/**
 * One canonical convolution, to which every op is lowered:
 *
 *   y[n,g,k,p] = act( bias[g,k] + Σ_c Σ_r  w[g,k,c,r] · x[n,g,c, s·p + d·r − lo] )
 *
 * with three space axes (a 2-D op has depth 1). x, w and y are strided views of dense arrays, so layout and flipping
 * are strides, and `lo` may be negative (a crop).
 */
import type { DType } from "../tensor.ts";

/** Space, in the order z (depth), y (rows), x (columns). */
export type Space = readonly [number, number, number];

/** Strides in elements; `offset` is the element at the origin of every axis, `size` the length of the dense array. */
export interface View {
  readonly offset: number;
  readonly size: number;
  readonly batch: number;
  readonly group: number;
  readonly channel: number;
  readonly space: Space;
  /** Of a gradient with respect to unshared filters: the stride over the taps, each of which has results of its own. */
  readonly position?: Space;
}

/** Filters: `filter` is the stride over k, `channel` over c, `space` over the taps; `position` over outputs, if unshared. */
export interface FilterView {
  readonly offset: number;
  readonly size: number;
  readonly group: number;
  readonly filter: number;
  readonly channel: number;
  readonly space: Space;
  readonly position?: Space;
}

export type Activation = "linear" | "relu" | "tanh" | "sigmoid";

export interface ConvProblem {
  readonly dtype: DType;
  readonly batch: number;
  readonly groups: number;
  /** Filters and channels of one group. */
  readonly filters: number;
  readonly channels: number;
  readonly input: Space;
  readonly taps: Space;
  readonly output: Space;
  readonly stride: Space;
  readonly dilation: Space;
  /** Padding before each axis; what lies outside the input counts as zero. */
  readonly low: Space;
  readonly x: View;
  readonly w: FilterView;
  /** `channel` is the stride over k. */
  readonly y: View;
  readonly bias: boolean;
  readonly activation: Activation;
  /** Terms are summed in the order z, y, x, c, as they stand in memory; otherwise c, z, y, x. */
  readonly channelsLast?: boolean;
  /**
   * The sum runs the other way, from every x to all that it is a term of: y[n,g,k, s·p + d·r − lo] = act( bias[g,k] + Σ_c Σ_(p,r)
   * w[g,k,c,r] · x[n,g,c,p] ). transposed.ts makes sums of the first kind of it, which is all that planners other than
   * plan/transposed.ts know.
   */
  readonly transposed?: true;
  /** It is the gradient of another problem (filter-gradient.ts): its sums are long, and plan/correlate.ts plans it. */
  readonly filterGradient?: true;
}

/** Input positions, paddings included, must be exact in 32 bits with room for the arithmetic on them. */
export const LARGEST_EXTENT: number = 2 ** 30;

/** Extent of a filter of `taps` taps, `dilation` apart. */
export function dilatedExtent(taps: number, dilation: number): number {
  return (taps - 1) * dilation + 1;
}

/** Number of windows on one axis (rounded down), below 1 if none fits. */
export function outputExtent(
  input: number,
  taps: number,
  stride: number,
  dilation: number,
  low: number,
  high: number,
): number {
  return Math.floor((input + low + high - dilatedExtent(taps, dilation)) / stride) + 1;
}

/** Products in one output element. */
export function termCount(p: ConvProblem): number {
  return p.channels * product(p.taps);
}

export function multiplyAdds(p: ConvProblem): number {
  return p.batch * p.groups * p.filters * product(p.transposed ? p.input : p.output) * termCount(p);
}

export function product(space: readonly number[]): number {
  return space.reduce((a, b) => a * b, 1);
}

/** Whether no tap of any output falls outside the input. */
export function staysInside(p: ConvProblem): boolean {
  return p.output.every((out, axis) => {
    const last = (out - 1) * p.stride[axis]! + (p.taps[axis]! - 1) * p.dilation[axis]! - p.low[axis]!;
    return p.low[axis]! <= 0 && last < p.input[axis]!;
  });
}
