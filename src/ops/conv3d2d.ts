/** `conv3d2d.conv3d` (semantics §5): time is axis 1 and channels axis 2. As a ConvProblem time is the first space axis: a stride. */
import { OptionError, show } from "../errors.ts";
import { property } from "../problem/operand.ts";
import type { Space, View } from "../problem/problem.ts";
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
  checkHint,
  OptionReader,
  RUN_OPTIONS,
  type RunOptions,
  readTuning,
  TUNING_OPTIONS,
  type TuningOptions,
} from "./options.ts";

/** Of an axis of n and a filter of k: `"valid"` gives n − k + 1, `"half"` n (n + 1 for even k), `"full"` n + k − 1. */
export type Mode3d = "valid" | "half" | "full";

/** Of a call of `conv3d2d.conv3d`. */
export interface Conv3dOptions extends RunOptions, TuningOptions {
  /** Declared shapes; entries may be null. They never change the result: one that differs from the array is an error. */
  signalsShape?: readonly (number | null)[];
  filtersShape?: readonly (number | null)[];
  /** One mode for all axes, or those of time, rows and columns, the last two alike. */
  borderMode?: Mode3d | readonly [Mode3d, Mode3d, Mode3d];
}

/** Of `conv3d2d.conv3d.compile`: the shapes of its operands, and its options. */
export interface Conv3dSpec extends SpecOptions<Conv3dOptions> {
  signalsShape: readonly number[];
  filtersShape: readonly number[];
  /** Default: `config.floatX`. */
  dtype?: DType;
}

/** `conv3d2d.conv3d`: called, or compiled for a shape. */
export interface Conv3d {
  /**
   * Convolve signals [Ns, Ts, C, Hs, Ws] with filters [Nf, Tf, C, Hf, Wf], flipped in time, rows and columns, summing over channels:
   * [Ns, To, Nf, Ho, Wo]. An axis of n and a filter of k give n − k + 1 (`"valid"`, default), n (`"half"`; n + 1 for even k) or
   * n + k − 1 (`"full"`).
   *
   * @example const responses = await conv3d2d.conv3d(movie, filters, { borderMode: "half" });
   */
  (signals: Operand, filters: Operand, options?: Conv3dOptions): Promise<Tensor>;
  /** Plan once for a shape, run many times. */
  compile(spec: Conv3dSpec): Promise<CompiledOp>;
}

const NAMES = { input: "signals", filters: "filters", bias: "bias" } as const;
const OPTIONS = [...RUN_OPTIONS, ...TUNING_OPTIONS, "signalsShape", "filtersShape", "borderMode"] as const;
const MODES: readonly unknown[] = ["valid", "half", "full"];
const AXES = ["frames", "rows", "columns"] as const;

export interface Conv3dSettings extends ForwardSettings {
  readonly signalsShape: readonly (number | null)[] | undefined;
  readonly filtersShape: readonly (number | null)[] | undefined;
  readonly modes: readonly Mode3d[];
}

function read(options: OptionReader): Conv3dSettings {
  return {
    ...readTuning(options),
    signalsShape: options.extents("signalsShape", 5),
    filtersShape: options.extents("filtersShape", 5),
    modes: readModes(options.raw("borderMode") ?? "valid"),
  };
}

function readModes(value: unknown): Mode3d[] {
  const argument = "borderMode";
  const known = (mode: unknown): Mode3d => {
    if (!MODES.includes(mode)) throw new OptionError(argument, `expected "valid", "half" or "full", got ${show(mode)}`);
    return mode as Mode3d;
  };
  if (typeof value !== "object" || value === null) return [known(value), known(value), known(value)];
  if (property(value, "length", argument) !== 3)
    throw new OptionError(argument, "expected one mode, or those of time, rows and columns");
  const modes = AXES.map((_, axis) => known(property(value, String(axis), argument)));
  if (modes[1] !== modes[2]) throw new OptionError(argument, "rows and columns must have the same mode");
  return modes;
}

function padding(mode: Mode3d, taps: number): number {
  return mode === "valid" ? 0 : mode === "full" ? taps - 1 : taps >> 1;
}

function lower(
  input: readonly number[],
  filters: readonly number[],
  dtype: DType,
  settings: Conv3dSettings,
  bias: boolean,
  names: Names,
): Lowered {
  checkRank(input, 5, "[Ns, Ts, C, Hs, Ws]", names.input);
  checkRank(filters, 5, "[Nf, Tf, C, Hf, Wf]", names.filters);
  checkHint(settings.signalsShape, input, "signalsShape");
  checkHint(settings.filtersShape, filters, "filtersShape");
  checkSameChannels(input[2]!, filters[2]!, names.filters);
  const [extents, taps] = [spaceOf(input), spaceOf(filters)];
  const low = taps.map((count, i) => padding(settings.modes[i]!, count));
  const output = AXES.map((name, i) =>
    outputOf({ name, input: extents[i]!, taps: taps[i]!, stride: 1, dilation: 1, low: low[i]!, high: low[i]! }, names),
  );
  const outputShape = [input[0]!, output[0]!, filters[0]!, output[1]!, output[2]!];
  checkSizes([outputShape, input, filters], names);
  const w = cOrder(filters);
  const steps = spaceOf(w);
  return {
    outputShape,
    problem: {
      dtype,
      batch: input[0]!,
      groups: 1,
      filters: filters[0]!,
      channels: input[2]!,
      input: extents,
      taps,
      output: spaceOf(outputShape),
      stride: [1, 1, 1],
      dilation: [1, 1, 1],
      low: low as unknown as Space,
      x: frames(input),
      // A true convolution: the filter runs backwards, in time too.
      w: {
        offset: taps.reduce((sum, count, i) => sum + (count - 1) * steps[i]!, 0),
        size: elementCount(filters),
        group: 0,
        filter: w[0]!,
        channel: w[2]!,
        space: [-steps[0], -steps[1], -steps[2]],
      },
      y: frames(outputShape),
      bias,
      activation: "linear",
    },
  };
}

/** The entries of time, rows and columns. */
function spaceOf(list: readonly number[]): Space {
  return [list[1]!, list[3]!, list[4]!];
}

function frames(shape: readonly number[]): View {
  const stride = cOrder(shape);
  return {
    offset: 0,
    size: elementCount(shape),
    batch: stride[0]!,
    group: 0,
    channel: stride[2]!,
    space: spaceOf(stride),
  };
}

export const conv3d: ForwardOp<Conv3dSettings> = {
  names: NAMES,
  shapes: { input: "signalsShape", filters: "filtersShape" },
  options: OPTIONS,
  prefersGpu: true,
  read,
  lower,
};

export function makeConv3d(source: RuntimeSource): Conv3d {
  const call = async (signals: Operand, filters: Operand, options?: Conv3dOptions) =>
    callForward(source, conv3d, { input: signals, filters }, read(new OptionReader(options, OPTIONS)));
  const compile = (spec: Conv3dSpec) => compileForward(source, conv3d, spec);
  return Object.assign(call, { compile });
}
