/** Pylearn2's `FilterActs` (semantics §6), the "faster conv2d": batch last, filters not flipped, sizes rounded up. */
import { OptionError } from "../errors.ts";
import type { ConvProblem, Space, View } from "../problem/problem.ts";
import { cOrder, type DType, elementCount, type Operand, type Tensor } from "../tensor.ts";
import { checkRank, checkSameChannels, checkSizes, type Names, outputOf } from "./axes.ts";
import { type CompiledOp, compileForward } from "./compiled.ts";
import {
  callForward,
  type ForwardOp,
  type ForwardSettings,
  type Lowered,
  type RuntimeSource,
  type SpecOptions,
} from "./forward.ts";
import {
  OptionReader,
  RUN_OPTIONS,
  type RunOptions,
  readTuning,
  TUNING_OPTIONS,
  type TuningOptions,
} from "./options.ts";

/** Of a call of `c01b.filterActs`. */
export interface FilterActsOptions extends RunOptions, TuningOptions {
  /** Zeros around the images, on all four sides. */
  pad?: number;
  /** For both axes; not larger than the filter. */
  stride?: number;
  /** Of no consequence here; must be a whole number from 1 on. */
  partialSum?: number;
}

/** Of `c01b.filterActs.compile`: the shapes of its operands, and its options. */
export interface FilterActsSpec extends SpecOptions<FilterActsOptions> {
  imagesShape: readonly number[];
  filtersShape: readonly number[];
  /** Default: `config.floatX`. */
  dtype?: DType;
}

/** `c01b.filterActs`: called, or compiled for a shape. */
export interface FilterActs {
  /**
   * out[o,r,s,n] = Σ filters[c,i,j,o] · images[c, r·stride + i − pad, s·stride + j − pad, n]: images [C, H, W, N], filters [C, h, w, O], the
   * result [O, R, S, N] with R = ⌈(H + 2·pad − h) / stride⌉ + 1. What lies outside an image, also where the last window hangs over
   * its edge, counts as zero. Any channel, filter and batch counts will do.
   *
   * @example const acts = await c01b.filterActs(images, filters, { pad: 2, stride: 1 });
   */
  (images: Operand, filters: Operand, options?: FilterActsOptions): Promise<Tensor>;
  /** Plan once for a shape, run many times. */
  compile(spec: FilterActsSpec): Promise<CompiledOp>;
}

const NAMES = { input: "images", filters: "filters", bias: "bias" } as const;
export const OPTIONS: readonly string[] = [...RUN_OPTIONS, ...TUNING_OPTIONS, "pad", "stride", "partialSum"];

export interface FilterActsSettings extends ForwardSettings {
  readonly pad: number;
  readonly stride: number;
}

export function read(options: OptionReader): FilterActsSettings {
  options.integer("partialSum", 1);
  return { ...readTuning(options), pad: options.integer("pad", 0) ?? 0, stride: options.integer("stride", 1) ?? 1 };
}

export function lower(
  input: readonly number[],
  filters: readonly number[],
  dtype: DType,
  settings: FilterActsSettings,
  bias: boolean,
  names: Names,
): Lowered {
  checkRank(input, 4, "[C, H, W, N]", names.input);
  checkRank(filters, 4, "[C, h, w, O]", names.filters);
  checkSameChannels(input[0]!, filters[0]!, names.filters);
  const { pad, stride } = settings;
  const outputs = ["rows", "columns"].map((name, i) => {
    const [extent, taps] = [input[i + 1]!, filters[i + 1]!];
    const exact = outputOf({ name, input: extent, taps, stride, dilation: 1, low: pad, high: pad }, names);
    checkStride(stride, taps, name);
    // Rounded up: the last window may hang over the edge.
    return exact + ((extent + 2 * pad - taps) % stride === 0 ? 0 : 1);
  });
  const outputShape = [filters[3]!, ...outputs, input[3]!];
  checkSizes([outputShape, input, filters], names);
  return { outputShape, problem: filterActsProblem(input, filters, outputShape, dtype, settings, bias) };
}

/** A window could lie wholly outside. */
export function checkStride(stride: number, taps: number, name: string): void {
  if (stride > taps) throw new OptionError("stride", `${name}: it is larger than the filter of ${taps}`);
}

/** The problem of shapes that were checked. */
export function filterActsProblem(
  input: readonly number[],
  filters: readonly number[],
  output: readonly number[],
  dtype: DType,
  { pad, stride }: FilterActsSettings,
  bias: boolean,
): ConvProblem {
  const w = cOrder(filters);
  return {
    dtype,
    batch: input[3]!,
    groups: 1,
    filters: filters[3]!,
    channels: input[0]!,
    input: planeOf(input),
    taps: planeOf(filters),
    output: planeOf(output),
    stride: [1, stride, stride],
    dilation: [1, 1, 1],
    low: [0, pad, pad],
    x: batchLast(input),
    w: { offset: 0, size: elementCount(filters), group: 0, filter: 1, channel: w[0]!, space: [0, w[1]!, w[2]!] },
    y: batchLast(output),
    bias,
    activation: "linear",
  };
}

/** Rows and columns of a shape; a plane has depth 1. */
function planeOf(shape: readonly number[]): Space {
  return [1, shape[1]!, shape[2]!];
}

function batchLast(shape: readonly number[]): View {
  const [channel, row, column] = cOrder(shape) as [number, number, number];
  return { offset: 0, size: elementCount(shape), batch: 1, group: 0, channel, space: [0, row, column] };
}

const op: ForwardOp<FilterActsSettings> = {
  names: NAMES,
  shapes: { input: "imagesShape", filters: "filtersShape" },
  options: OPTIONS,
  read,
  lower,
};

export function makeFilterActs(source: RuntimeSource): FilterActs {
  const call = async (images: Operand, filters: Operand, options?: FilterActsOptions) =>
    callForward(source, op, { input: images, filters }, read(new OptionReader(options, OPTIONS)));
  const compile = (spec: FilterActsSpec) => compileForward(source, op, spec);
  return Object.assign(call, { compile });
}
