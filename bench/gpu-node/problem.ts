// A case as the backend takes it: what the op would lower it to.
import { type Layout, type OpCase, product } from "../op-cases.ts";
import type { ConvProblem } from "./library.ts";

export function problemOf({ imageShape, filterShape, outputShape, sum, layouts }: OpCase): ConvProblem {
  const view = ({ offset, outer, inner, space }: Layout, shape: readonly number[]) => ({
    offset,
    size: product(shape),
    batch: outer,
    group: 0,
    channel: inner,
    space,
  });
  const { offset, outer, inner, space } = layouts.filter;
  return {
    dtype: "float32",
    batch: sum.batch,
    groups: 1,
    filters: sum.filters,
    channels: sum.channels,
    input: sum.image,
    taps: sum.taps,
    output: sum.result,
    stride: sum.stride,
    dilation: [1, 1, 1],
    low: sum.low,
    x: view(layouts.image, imageShape),
    w: { offset, size: product(filterShape), group: 0, filter: outer, channel: inner, space },
    y: view(layouts.result, outputShape),
    bias: false,
    activation: "linear",
  };
}
