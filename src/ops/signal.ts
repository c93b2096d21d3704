/** `signal.conv2d` (semantics §2): every image with every filter, nothing summed; one channel, as a ConvProblem. */
import { ShapeError } from "../errors.ts";
import type { Space } from "../problem/problem.ts";
import { type DType, elementCount, type Operand, type Tensor } from "../tensor.ts";
import { checkSizes, type Names, outputOf } from "./axes.ts";
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
  checkHint,
  OptionReader,
  RUN_OPTIONS,
  type RunOptions,
  readTuning,
  TUNING_OPTIONS,
  type TuningOptions,
} from "./options.ts";

/** Of a call of `signal.conv2d`. */
export interface SignalConv2dOptions extends RunOptions, TuningOptions {
  /** Declared shapes, read only if both are given: their last two entries, and entry 0 where the array has three axes. */
  imageShape?: readonly (number | null)[];
  filterShape?: readonly (number | null)[];
  borderMode?: "valid" | "full";
  /** Strides over rows and columns. */
  subsample?: readonly [number, number];
}

/** Of `signal.conv2d.compile`: the shapes of its operands, and its options. */
export interface SignalConv2dSpec extends SpecOptions<SignalConv2dOptions> {
  imageShape: readonly number[];
  filterShape: readonly number[];
  /** Default: `config.floatX`. */
  dtype?: DType;
}

/** `signal.conv2d`: called, or compiled for a shape. */
export interface SignalConv2d {
  /**
   * Convolve each image of [H, W] or [N, H, W] with each filter of [h, w] or [F, h, w], filters flipped: [R, S], with the axes
   * N and F in front where the arguments have them. R = ⌊(H ∓ (h − 1) − 1) / subsample⌋ + 1: `"valid"` (default, −) keeps to the
   * image, `"full"` (+) pads it with h − 1 zeros on both sides.
   *
   * Filters of rank one (Gaussian, box, Sobel) may be computed in two passes, and large ones by a transform: `plan.algorithm` says so.
   *
   * @example const blurred = await signal.conv2d(picture, gaussian, { borderMode: "full" });
   */
  (input: Operand, filters: Operand, options?: SignalConv2dOptions): Promise<Tensor>;
  /** Plan once for a shape, run many times. */
  compile(spec: SignalConv2dSpec): Promise<CompiledOp>;
}

const NAMES = { input: "input", filters: "filters", bias: "bias" } as const;
const OPTIONS = [...RUN_OPTIONS, ...TUNING_OPTIONS, "imageShape", "filterShape", "borderMode", "subsample"] as const;

export interface SignalSettings extends ForwardSettings {
  readonly hints: { readonly image: Hint; readonly filter: Hint } | undefined;
  readonly full: boolean;
  readonly subsample: readonly number[];
}
type Hint = readonly (number | null)[];

function read(options: OptionReader): SignalSettings {
  const both = options.raw("imageShape") !== undefined && options.raw("filterShape") !== undefined;
  return {
    ...readTuning(options),
    hints: both ? { image: options.extents("imageShape")!, filter: options.extents("filterShape")! } : undefined,
    full: options.oneOf("borderMode", ["valid", "full"]) === "full",
    subsample: options.integers("subsample", 2, 1) ?? [1, 1],
  };
}

/** Of a hint only its last two entries count, and the first for an array of three axes. */
function checkSignalHint(hint: Hint, shape: readonly number[], argument: string): void {
  if (hint.length < 2) throw new ShapeError(argument, `expected an entry for each axis of [${shape}]`);
  checkHint(hint.slice(-2), shape.slice(-2), argument);
  if (shape.length === 3) checkHint(hint.slice(0, 1), shape.slice(0, 1), argument);
}

function lower(
  input: readonly number[],
  filters: readonly number[],
  dtype: DType,
  settings: SignalSettings,
  bias: boolean,
  names: Names,
): Lowered {
  if (input.length !== 2 && input.length !== 3)
    throw new ShapeError(names.input, `expected [H, W] or [N, H, W], got [${input}]`);
  if (filters.length !== 2 && filters.length !== 3)
    throw new ShapeError(names.filters, `expected [h, w] or [F, h, w], got [${filters}]`);
  if (settings.hints) {
    checkSignalHint(settings.hints.image, input, "imageShape");
    checkSignalHint(settings.hints.filter, filters, "filterShape");
  }
  const [height, width] = input.slice(-2) as [number, number];
  const [kh, kw] = filters.slice(-2) as [number, number];
  const batch = input.length === 3 ? input[0]! : 1;
  const count = filters.length === 3 ? filters[0]! : 1;
  const [sy, sx] = settings.subsample as [number, number];
  const axis = (name: string, extent: number, taps: number, stride: number) => {
    const pad = settings.full ? taps - 1 : 0;
    return outputOf({ name, input: extent, taps, stride, dilation: 1, low: pad, high: pad }, names);
  };
  const rows = axis("rows", height, kh, sy);
  const columns = axis("columns", width, kw, sx);
  const outputShape = [...(input.length === 3 ? [batch] : []), ...(filters.length === 3 ? [count] : []), rows, columns];
  checkSizes([outputShape, input, filters], names);
  const space = (extent: number): Space => [0, extent, 1];
  return {
    outputShape,
    problem: {
      dtype,
      batch,
      groups: 1,
      filters: count,
      channels: 1,
      input: [1, height, width],
      taps: [1, kh, kw],
      output: [1, rows, columns],
      stride: [1, sy, sx],
      dilation: [1, 1, 1],
      low: settings.full ? [0, kh - 1, kw - 1] : [0, 0, 0],
      x: { offset: 0, size: elementCount(input), batch: height * width, group: 0, channel: 0, space: space(width) },
      // A true convolution: the filter runs backwards.
      w: {
        offset: kh * kw - 1,
        size: elementCount(filters),
        group: 0,
        filter: kh * kw,
        channel: 0,
        space: [0, -kw, -1],
      },
      y: {
        offset: 0,
        size: elementCount(outputShape),
        batch: count * rows * columns,
        group: 0,
        channel: rows * columns,
        space: space(columns),
      },
      bias,
      activation: "linear",
    },
  };
}

export const signalConv2d: ForwardOp<SignalSettings> = {
  names: NAMES,
  shapes: { input: "imageShape", filters: "filterShape" },
  options: OPTIONS,
  read,
  lower,
};

export function makeSignalConv2d(source: RuntimeSource): SignalConv2d {
  const call = async (input: Operand, filters: Operand, options?: SignalConv2dOptions) =>
    callForward(source, signalConv2d, { input, filters }, read(new OptionReader(options, OPTIONS)));
  const compile = (spec: SignalConv2dSpec) => compileForward(source, signalConv2d, spec);
  return Object.assign(call, { compile });
}
