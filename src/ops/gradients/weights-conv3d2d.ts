/** `conv3d2d.conv3dGradWrtFilters` (semantics §5). */
import type { DType, Operand, Tensor } from "../../tensor.ts";
import { type Conv3dOptions, type Conv3dSettings, conv3d } from "../conv3d2d.ts";
import type { RuntimeSource, SpecOptions } from "../forward.ts";
import { OptionReader } from "../options.ts";
import {
  type CompiledFilterGradient,
  callFilterGradient,
  compileFilterGradient,
  type FilterGradientOp,
  type FilterGradientSettings,
} from "./weights.ts";

/** Of a call of `conv3d2d.conv3dGradWrtFilters`. */
export interface Conv3dGradWrtFiltersOptions extends Conv3dOptions {
  /** The shape of the forward op's filters, and of the result. Frames, rows and columns are required. */
  filtersShape: readonly (number | null)[];
}

/** Of `conv3d2d.conv3dGradWrtFilters.compile`: the shapes of its operands, and its options. */
export interface Conv3dGradWrtFiltersSpec extends SpecOptions<Conv3dGradWrtFiltersOptions> {
  signalsShape: readonly number[];
  filtersShape: readonly number[];
  /** Default: `config.floatX`. */
  dtype?: DType;
}

/** `conv3d2d.conv3dGradWrtFilters`: called, or compiled for a shape. */
export interface Conv3dGradWrtFilters {
  /**
   * The gradient of a loss with respect to the filters of `conv3d2d.conv3d`, from its signals, [Ns, Ts, C, Hs, Ws], and the gradient with
   * respect to its output, [Ns, To, Nf, Ho, Wo]: [Nf, Tf, C, Hf, Wf], as `filtersShape` says.
   *
   * @example const dw = await conv3d2d.conv3dGradWrtFilters(movie, dy, { filtersShape: [null, 3, null, 5, 5] });
   */
  (signals: Operand, outputGrad: Operand, options: Conv3dGradWrtFiltersOptions): Promise<Tensor>;
  /** Plan once for a shape, run many times. */
  compile(spec: Conv3dGradWrtFiltersSpec): Promise<CompiledFilterGradient>;
}

const op: FilterGradientOp<Conv3dSettings & FilterGradientSettings> = {
  names: { input: "signals", outputGrad: "outputGrad", result: "filtersShape" },
  shapes: conv3d.shapes,
  options: conv3d.options,
  read: (options) => {
    const settings = conv3d.read(options);
    return { ...settings, filtersShape: undefined, result: settings.filtersShape };
  },
  known: (signals, outputGrad) => [outputGrad[2] ?? null, null, signals[2] ?? null, null, null],
  lower: (signals, filters, dtype, settings, names) => conv3d.lower(signals, filters, dtype, settings, false, names),
};

export function makeConv3dGradWrtFilters(source: RuntimeSource): Conv3dGradWrtFilters {
  const call = async (signals: Operand, outputGrad: Operand, options: Conv3dGradWrtFiltersOptions) =>
    callFilterGradient(source, op, { input: signals, outputGrad }, op.read(new OptionReader(options, op.options)));
  return Object.assign(call, {
    compile: (spec: Conv3dGradWrtFiltersSpec) => compileFilterGradient(source, op, spec),
  });
}
