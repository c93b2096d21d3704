/** `conv3D` (semantics §4): channels last, never flipped, always a bias; the third axis is time. */
import { OptionError, show } from "../errors.ts";
import { numberList } from "../problem/operand.ts";
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
  checkInteger,
  OptionReader,
  RUN_OPTIONS,
  type RunOptions,
  readTuning,
  TUNING_OPTIONS,
  type TuningOptions,
} from "./options.ts";

/** Of a call of `conv3D`. */
export interface Conv3DOptions extends RunOptions, TuningOptions {}

/** Of `conv3D.compile`: the shapes of its operands, and its options. */
export interface Conv3DSpec extends SpecOptions<Conv3DOptions> {
  VShape: readonly number[];
  WShape: readonly number[];
  /** Strides over row, column and time. */
  d: readonly [number, number, number];
  /** Default: `config.floatX`. */
  dtype?: DType;
}

/** A run takes V, and b (null for none) where it is not that of `setBias` (none at first). */
export interface CompiledConv3D extends CompiledOp {
  run(V: Operand, options?: RunOptions): Promise<Tensor>;
  run(V: Operand, b: Operand | null | undefined, options?: RunOptions): Promise<Tensor>;
  runSync(V: Operand, options?: RunOptions): Tensor;
  runSync(V: Operand, b: Operand | null | undefined, options?: RunOptions): Tensor;
}

/** `conv3D`: called, or compiled for a shape. */
export interface Conv3D {
  /**
   * H[n,r,c,t,o] = b[o] + Σ W[o,k,l,m,z] · V[n, d0·r + k, d1·c + l, d2·t + m, z]: V [N, row, column, time, C], W [O, row, column, time, C],
   * b [O], d the strides over row, column and time; filters are not flipped and nothing is padded. H is [N, row, column, time, O].
   *
   * @example const H = await conv3D(V, W, b, [1, 1, 1]);
   */
  (V: Operand, W: Operand, b: Operand, d: readonly [number, number, number], options?: Conv3DOptions): Promise<Tensor>;
  /** Plan once for a shape, run many times. */
  compile(spec: Conv3DSpec): Promise<CompiledConv3D>;
}

const NAMES = { input: "V", filters: "W", bias: "b" } as const;
export const OPTIONS: readonly string[] = [...RUN_OPTIONS, ...TUNING_OPTIONS];
export const AXES = ["rows", "columns", "times"] as const;

export interface Conv3DSettings extends ForwardSettings {
  readonly strides: readonly number[];
}

/** The strides of row, column and time. */
export function readStrides(value: unknown): readonly number[] {
  const list = numberList(value, "d");
  if (list?.length !== 3)
    throw new OptionError("d", `expected the strides of row, column and time, got ${show(value)}`);
  return list.map((stride) => checkInteger(stride, 1, "d"));
}

export function lower(
  input: readonly number[],
  filters: readonly number[],
  dtype: DType,
  { strides }: Conv3DSettings,
  bias: boolean,
  names: Names,
): Lowered {
  checkRank(input, 5, "[N, row, column, time, C]", names.input);
  checkRank(filters, 5, "[O, row, column, time, C]", names.filters);
  checkSameChannels(input[4]!, filters[4]!, names.filters);
  const space = AXES.map((name, i) => {
    const [extent, taps, stride] = [input[i + 1]!, filters[i + 1]!, strides[i]!];
    return outputOf({ name, input: extent, taps, stride, dilation: 1, low: 0, high: 0 }, names);
  });
  const outputShape = [input[0]!, ...space, filters[0]!];
  checkSizes([outputShape, input, filters], names);
  return { outputShape, problem: conv3DProblem(input, filters, outputShape, dtype, strides, bias) };
}

/** The problem of shapes that were checked. */
export function conv3DProblem(
  input: readonly number[],
  filters: readonly number[],
  output: readonly number[],
  dtype: DType,
  strides: readonly number[],
  bias: boolean,
): ConvProblem {
  const w = cOrder(filters);
  return {
    dtype,
    batch: input[0]!,
    groups: 1,
    filters: filters[0]!,
    channels: input[4]!,
    input: spaceOf(input),
    taps: spaceOf(filters),
    output: spaceOf(output),
    stride: strides as unknown as Space,
    dilation: [1, 1, 1],
    low: [0, 0, 0],
    x: channelsLast(input),
    w: { offset: 0, size: elementCount(filters), group: 0, filter: w[0]!, channel: 1, space: spaceOf(w) },
    y: channelsLast(output),
    bias,
    activation: "linear",
    channelsLast: true,
  };
}

/** The entries of row, column and time. */
function spaceOf(list: readonly number[]): Space {
  return [list[1]!, list[2]!, list[3]!];
}

function channelsLast(shape: readonly number[]): View {
  const stride = cOrder(shape);
  return { offset: 0, size: elementCount(shape), batch: stride[0]!, group: 0, channel: 1, space: spaceOf(stride) };
}

const op: ForwardOp<Conv3DSettings> = {
  names: NAMES,
  shapes: { input: "VShape", filters: "WShape" },
  options: OPTIONS,
  forSpec: ["d"],
  biasIsOperand: true,
  read: (options) => ({ ...readTuning(options), strides: readStrides(options.raw("d")) }),
  lower,
};

export function makeConv3D(source: RuntimeSource): Conv3D {
  const call = async (
    V: Operand,
    W: Operand,
    b: Operand,
    d: readonly [number, number, number],
    options?: Conv3DOptions,
  ) => {
    const settings = { ...readTuning(new OptionReader(options, OPTIONS)), strides: readStrides(d) };
    return callForward(source, op, { input: V, filters: W, bias: b }, settings);
  };
  return Object.assign(call, { compile: (spec: Conv3DSpec) => compileForward(source, op, spec) });
}
