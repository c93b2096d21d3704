// A layer of a network as the backend takes it, for tests that ask it for its plan or its estimate.
import type { ConvProblem } from "../../src/problem/problem.ts";

export interface Layer {
  readonly channels: number;
  readonly filters: number;
  /** Of each axis z, y, x; the result is as large. */
  readonly input: readonly [number, number, number];
  readonly taps: readonly [number, number, number];
}

export function layerOf({ channels, filters, input, taps }: Layer): ConvProblem {
  const count = (extents: readonly number[]) => extents.reduce((a, b) => a * b);
  const steps = ([, y, x]: Layer["input"]) => [y * x, x, 1] as const;
  const view = (planes: number) => {
    const size = planes * count(input);
    return { offset: 0, size, batch: size, group: 0, channel: count(input), space: steps(input) };
  };
  const filter = channels * count(taps);
  return {
    dtype: "float32",
    batch: 1,
    groups: 1,
    filters,
    channels,
    input,
    taps,
    output: input,
    stride: [1, 1, 1],
    dilation: [1, 1, 1],
    low: [taps[0] >> 1, taps[1] >> 1, taps[2] >> 1],
    x: view(channels),
    w: { offset: 0, size: filters * filter, group: 0, filter, channel: count(taps), space: steps(taps) },
    y: view(filters),
    bias: false,
    activation: "linear",
  };
}
