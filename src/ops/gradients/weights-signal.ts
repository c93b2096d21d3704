/** `signal.conv2dGradWrtFilters` (semantics §2, §3.5): one channel, every filter on every image. */
import type { DType, Operand, Tensor } from "../../tensor.ts";
import type { RuntimeSource, SpecOptions } from "../forward.ts";
import { OptionReader } from "../options.ts";
import { type SignalConv2dOptions, type SignalSettings, signalConv2d } from "../signal.ts";
import {
  type CompiledFilterGradient,
  callFilterGradient,
  compileFilterGradient,
  type FilterGradientOp,
  type FilterGradientSettings,
} from "./weights.ts";

/** Of a call of `signal.conv2dGradWrtFilters`. */
export interface SignalConv2dGradWrtFiltersOptions extends SignalConv2dOptions {
  /** The shape of the forward op's filters, [h, w] or [F, h, w], and of the result. Rows and columns are required. */
  filterShape: readonly (number | null)[];
}

/** Of `signal.conv2dGradWrtFilters.compile`: the shapes of its operands, and its options. */
export interface SignalConv2dGradWrtFiltersSpec extends SpecOptions<SignalConv2dGradWrtFiltersOptions> {
  imageShape: readonly number[];
  filterShape: readonly number[];
  /** Default: `config.floatX`. */
  dtype?: DType;
}

/** `signal.conv2dGradWrtFilters`: called, or compiled for a shape. */
export interface SignalConv2dGradWrtFilters {
  /**
   * The gradient of a loss with respect to the filters of `signal.conv2d`, from its input, [H, W] or [N, H, W], and the gradient with
   * respect to its output, [R, S] with N and F in front where the forward op has them: [h, w] or [F, h, w], as `filterShape` says. Of one
   * image and a large filter it may be computed by a transform: `plan.algorithm` says so, `algorithm: "direct"` asks for plain sums.
   *
   * @example const dw = await signal.conv2dGradWrtFilters(picture, dy, { filterShape: [5, 5] });
   */
  (input: Operand, outputGrad: Operand, options: SignalConv2dGradWrtFiltersOptions): Promise<Tensor>;
  /** Plan once for a shape, run many times. */
  compile(spec: SignalConv2dGradWrtFiltersSpec): Promise<CompiledFilterGradient>;
}

const op: FilterGradientOp<SignalSettings & FilterGradientSettings> = {
  names: { input: "input", outputGrad: "outputGrad", result: "filterShape" },
  shapes: signalConv2d.shapes,
  options: signalConv2d.options,
  read: (options) => {
    const result = options.extents("filterShape");
    return { ...signalConv2d.read(options), result };
  },
  known: (input, outputGrad, { result }) => {
    const filters = outputGrad[input.length === 3 ? 1 : 0] ?? null;
    return result?.length === 3 ? [filters, null, null] : [null, null];
  },
  lower: (input, filters, dtype, settings, names) => signalConv2d.lower(input, filters, dtype, settings, false, names),
};

export function makeSignalConv2dGradWrtFilters(source: RuntimeSource): SignalConv2dGradWrtFilters {
  const call = async (input: Operand, outputGrad: Operand, options: SignalConv2dGradWrtFiltersOptions) =>
    callFilterGradient(source, op, { input, outputGrad }, op.read(new OptionReader(options, op.options)));
  return Object.assign(call, {
    compile: (spec: SignalConv2dGradWrtFiltersSpec) => compileFilterGradient(source, op, spec),
  });
}
