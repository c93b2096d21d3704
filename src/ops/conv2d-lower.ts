/** `nnet.conv2d` as a ConvProblem: depth 1, and a filter view that runs backwards over rows and columns. */
import { OptionError, ShapeError } from "../errors.ts";
import type { ConvProblem, FilterView, View } from "../problem/problem.ts";
import { dilatedExtent } from "../problem/problem.ts";
import { cOrder, type DType, elementCount } from "../tensor.ts";
import { checkSizes, type Names, outputOf } from "./axes.ts";
import { type Conv2dSettings, padding } from "./conv2d-options.ts";
import type { Lowered } from "./forward.ts";
import { checkHint } from "./options.ts";

type Shape4 = readonly [number, number, number, number];

export const NAMES = { input: "input", filters: "filters", bias: "bias" } as const;

/** The problem and the shape [N, O, R, S] of its result; errors name `input`, `filters`, a hint or an option. */
export function lowerConv2d(
  imageShape: readonly number[],
  filterShape: readonly number[],
  dtype: DType,
  settings: Conv2dSettings,
  bias: boolean,
  names: Names,
): Lowered {
  checkRanks(imageShape, filterShape, settings, names);
  const [batch, inChannels, height, width] = imageShape as Shape4;
  const filters = filterShape[0]!;
  const [groupChannels, kh, kw] = filterShape.slice(-3) as [number, number, number];
  const { groups, subsample, dilation, unshared } = settings;
  checkChannels(inChannels, filters, groupChannels, groups, names);
  const axis = (name: string, input: number, taps: number, i: 0 | 1) => {
    const [low, high] = padding(settings.border, i, dilatedExtent(taps, dilation[i]));
    const output = outputOf({ name, input, taps, stride: subsample[i], dilation: dilation[i], low, high }, names);
    return { output, low };
  };
  const rows = axis("rows", height, kh, 0);
  const columns = axis("columns", width, kw, 1);
  const outputShape: Shape4 = [batch, filters, rows.output, columns.output];
  if (unshared && (filterShape[1] !== rows.output || filterShape[2] !== columns.output)) {
    throw new ShapeError(
      names.filters,
      `unshared filters cover ${filterShape[1]}×${filterShape[2]} positions, the output has ${rows.output}×${columns.output}`,
    );
  }
  checkSizes([outputShape, imageShape, filterShape], names);
  const problem: ConvProblem = {
    dtype,
    batch,
    groups,
    filters: filters / groups,
    channels: groupChannels,
    input: [1, height, width],
    taps: [1, kh, kw],
    output: [1, rows.output, columns.output],
    stride: [1, ...subsample],
    dilation: [1, ...dilation],
    low: [0, rows.low, columns.low],
    x: planes(imageShape as Shape4, groups),
    w: filterView(filterShape, groups, settings),
    y: planes(outputShape, groups),
    bias,
    activation: settings.activation,
  };
  return { problem, outputShape };
}

function checkRanks(
  imageShape: readonly number[],
  filterShape: readonly number[],
  settings: Conv2dSettings,
  names: Names,
): void {
  if (imageShape.length !== 4) throw new ShapeError(names.input, `expected [N, C, H, W], got [${imageShape}]`);
  const rank = settings.unshared ? 6 : 4;
  if (filterShape.length !== rank) {
    const wanted = settings.unshared ? "[O, R, S, C / groups, h, w]" : "[O, C / groups, h, w]";
    throw new ShapeError(names.filters, `expected ${wanted}, got [${filterShape}]`);
  }
  checkHint(settings.imageShape, imageShape, "imageShape");
  checkHint(settings.filterShape, filterShape, "filterShape");
}

function checkChannels(inChannels: number, filters: number, groupChannels: number, groups: number, names: Names): void {
  if (inChannels % groups !== 0)
    throw new OptionError("numGroups", `${inChannels} channels cannot be cut into ${groups} groups`);
  if (filters % groups !== 0)
    throw new OptionError("numGroups", `${filters} filters cannot be cut into ${groups} groups`);
  if (groupChannels !== inChannels / groups) {
    throw new ShapeError(
      names.filters,
      `they have ${groupChannels} channels, the input has ${inChannels / groups} in each group`,
    );
  }
}

/** [N, C, H, W] in C order, channels cut into groups. */
function planes(shape: Shape4, groups: number): View {
  const [batch, channel, row, column] = cOrder(shape) as [number, number, number, number];
  return {
    offset: 0,
    size: elementCount(shape),
    batch,
    group: (shape[1] / groups) * channel,
    channel,
    space: [shape[2] * row, row, column],
  };
}

function filterView(shape: readonly number[], groups: number, { flip, unshared }: Conv2dSettings): FilterView {
  const stride = cOrder(shape);
  const [channel, row, column] = stride.slice(-3) as [number, number, number];
  const [kh, kw] = shape.slice(-2) as [number, number];
  const direction = flip ? -1 : 1;
  const view: FilterView = {
    offset: flip ? (kh - 1) * row + (kw - 1) * column : 0,
    size: elementCount(shape),
    group: (shape[0]! / groups) * stride[0]!,
    filter: stride[0]!,
    channel,
    space: [0, direction * row, direction * column],
  };
  return unshared ? { ...view, position: [0, stride[1]!, stride[2]!] } : view;
}
