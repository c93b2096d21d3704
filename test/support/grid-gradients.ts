// Named edge cases of the gradients with respect to inputs: every meeting of subsample and dilation, axes that no window reaches,
// padding beyond the filter (which the transposed sum crops), and the grids of the forward ops, read backwards.
import { edgeGrid, type NamedSpec } from "./grid.ts";
import { opGrid } from "./grid-ops.ts";
import { forwardOf, type GradientOp, gradientOps } from "./ops.ts";
import type { Spec } from "./spec.ts";

type Row = readonly [string, Omit<Spec, "seed" | "op">];

function* ofConv2d(): Generator<Row> {
  for (let stride = 1; stride <= 6; stride++) {
    for (let dilation = 1; dilation <= 4; dilation++) {
      const subsample = [stride, 1 + (stride % 3)] as const;
      yield [
        `stride ${subsample}, dilation ${dilation}`,
        { input: [2, 3, 14, 17], filters: [4, 3, 3, 2], subsample, filterDilation: [dilation, 5 - dilation], borderMode: "half" },
      ];
      yield [
        `stride ${stride}, dilation ${dilation}, one tap`,
        { input: [1, 2, 9, 12], filters: [3, 2, 1, 1], subsample: [stride, stride], filterDilation: [dilation, dilation] },
      ];
    }
  }
  for (const borderMode of ["valid", "full", "half", 1, 3, [[0, 4], [5, 1]]] as const) {
    for (const subsample of [[1, 1], [2, 2], [3, 2]] as const) {
      yield [`border ${JSON.stringify(borderMode)}, stride ${subsample}`, { input: [2, 4, 9, 11], filters: [6, 2, 3, 4], numGroups: 2, borderMode, subsample }];
      yield [`border ${JSON.stringify(borderMode)}, stride ${subsample}, unshared`, { input: [2, 4, 7, 6], filters: [4, 2, 3, 2], numGroups: 2, borderMode, subsample, unshared: true }];
      yield [`border ${JSON.stringify(borderMode)}, stride ${subsample}, depthwise`, { input: [2, 5, 9, 11], filters: [5, 1, 3, 3], numGroups: 5, borderMode, subsample }];
    }
  }
  yield ["padding beyond the filter", { input: [1, 3, 5, 6], filters: [4, 3, 2, 3], borderMode: 7 }];
  yield ["padding beyond the filter, strided", { input: [1, 3, 5, 6], filters: [4, 3, 2, 3], borderMode: 7, subsample: [2, 3] }];
  yield ["stride larger than the filter", { input: [2, 3, 13, 15], filters: [4, 3, 2, 3], subsample: [5, 7] }];
  yield ["stride larger than the image", { input: [2, 3, 6, 7], filters: [4, 3, 2, 3], subsample: [9, 9] }];
  yield ["121 phases", { input: [1, 2, 30, 31], filters: [3, 2, 11, 11], subsample: [11, 11] }];
  yield ["a patch for each output", { input: [2, 3, 16, 24], filters: [5, 3, 8, 8], subsample: [8, 8] }];
  yield ["more phases than a plan has", { input: [1, 2, 40, 41], filters: [3, 2, 3, 4], subsample: [33, 34] }];
  yield ["more phases than a plan has, grouped, dilated, padded", { input: [2, 4, 40, 41], filters: [6, 2, 3, 4], subsample: [33, 34], numGroups: 2, filterDilation: [3, 2], borderMode: 2 }];
  yield ["unshared, dilated and strided", { input: [2, 6, 11, 12], filters: [9, 2, 2, 3], numGroups: 3, filterDilation: [3, 2], subsample: [2, 4], unshared: true }];
  yield ["unshared, an empty batch", { input: [0, 3, 5, 6], filters: [4, 3, 2, 2], unshared: true }];
  yield ["unshared, no filters", { input: [2, 3, 5, 6], filters: [0, 3, 2, 2], unshared: true }];
  yield ["an empty batch, strided", { input: [0, 3, 5, 6], filters: [4, 3, 2, 2], subsample: [2, 2] }];
  yield ["no filters: zeros", { input: [2, 3, 5, 6], filters: [0, 3, 2, 2], subsample: [2, 2] }];
  yield ["no channels", { input: [2, 0, 5, 6], filters: [4, 0, 2, 2], subsample: [2, 2] }];
} // biome-ignore format: a table

function* ofVideo(): Generator<Row> {
  for (const d of [[2, 2, 2], [3, 1, 2], [1, 4, 3], [5, 5, 5]] as const) {
    yield [`strides ${d}`, { input: [2, 8, 7, 9, 3], filters: [4, 3, 2, 4, 3], d }];
    yield [`strides ${d}, one tap`, { input: [1, 8, 7, 9, 2], filters: [5, 1, 1, 1, 2], d }];
  }
  yield ["1331 phases", { input: [1, 12, 13, 14, 2], filters: [3, 2, 1, 3, 2], d: [11, 11, 11] }];
} // biome-ignore format: a table

/** Of the forward grids, every so manieth: the same shapes, so that the tiles meet the same edges. */
function* borrowed(op: GradientOp): Generator<NamedSpec> {
  const forward = forwardOf(op);
  const grid = forward === "nnet.conv2d" ? edgeGrid : opGrid.filter(({ spec }) => spec.op === forward);
  const step = forward === "nnet.conv2d" ? 9 : 3;
  for (const { name, spec } of grid.filter((_, i) => i % step === 0)) yield { name: `${op}: ${name}`, spec: { ...spec, op } };
} // biome-ignore format: one line

function* all(): Generator<NamedSpec> {
  let seed = 9000;
  for (const op of gradientOps) {
    const own = forwardOf(op) === "nnet.conv2d" ? ofConv2d() : op === "convTransp3D" ? ofVideo() : [];
    for (const [name, spec] of own) yield { name: `${op}: ${name}`, spec: { ...spec, op, seed: seed++ } };
    yield* borrowed(op);
  }
}

export const gradientGrid: readonly NamedSpec[] = [...all()];
