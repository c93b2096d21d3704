// Layouts with the channels last, as TensorFlow's family has them, for tensors and for filters.
import { type Layout, type Space, type Sum, stackOf } from "../op-cases.ts";

/** [outer, z, y, x, inner] */
export function channelsLast(inners: number, [depth, rows, columns]: Space): Layout {
  const row = columns * inners;
  return { offset: 0, outer: depth * rows * row, inner: 1, space: [rows * row, row, inners] };
}

/** [z, y, x, channel, filter]; with one channel to a group also [z, y, x, filter], that is TensorFlow's [y, x, channel, multiplier]. */
export function filtersLast(sum: Sum): Layout {
  const { space } = channelsLast(stackOf(sum) * sum.filters, sum.taps);
  return { offset: 0, outer: 1, inner: sum.filters, space };
}

export const isFlat = ({ taps, image }: Sum): boolean => taps[0] === 1 && image[0] === 1;

/** One channel to a group. */
export const isDepthwise = (sum: Sum): boolean => sum.groups > 1 && stackOf(sum) === 1;
