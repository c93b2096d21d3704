/** `nnet.conv2dGradWrtWeights` (semantics §3.5). */
import { OptionError } from "../../errors.ts";
import type { DType, Operand, Tensor } from "../../tensor.ts";
import { lowerConv2d } from "../conv2d-lower.ts";
import { CONV2D_OPTIONS, type Conv2dOptions, type Conv2dSettings, readConv2dOptions } from "../conv2d-options.ts";
import type { RuntimeSource, SpecOptions } from "../forward.ts";
import { OptionReader } from "../options.ts";
import {
  type CompiledFilterGradient,
  callFilterGradient,
  compileFilterGradient,
  type FilterGradientOp,
  type FilterGradientSettings,
} from "./weights.ts";

/** Of a call of `nnet.conv2dGradWrtWeights`. */
export interface Conv2dGradWrtWeightsOptions extends Conv2dOptions {
  /** The shape of the forward op's filters, and of the result. Rows and columns are required. */
  filterShape: readonly (number | null)[];
}

/** Of `nnet.conv2dGradWrtWeights.compile`: the shapes of its operands, and its options. */
export interface Conv2dGradWrtWeightsSpec extends SpecOptions<Conv2dGradWrtWeightsOptions> {
  imageShape: readonly number[];
  filterShape: readonly number[];
  /** Default: `config.floatX`. */
  dtype?: DType;
}

/** `nnet.conv2dGradWrtWeights`: called, or compiled for a shape. */
export interface Conv2dGradWrtWeights {
  /**
   * The gradient of a loss with respect to the filters of `nnet.conv2d`, from its input, [N, C, H, W], and the gradient with respect to
   * its output, [N, O, R, S]: [O, C / numGroups, h, w] (or [O, R, S, C / numGroups, h, w], if unshared), as `filterShape` says. The
   * options are those of the forward op, but for a bias, whose gradient is the sum of `outputGrad` over all but its second axis, and an
   * activation, whose own gradient belongs to `outputGrad`.
   *
   * @example const dw = await nnet.conv2dGradWrtWeights(images, dy, { filterShape: [null, null, 3, 3], borderMode: "half" });
   */
  (input: Operand, outputGrad: Operand, options: Conv2dGradWrtWeightsOptions): Promise<Tensor>;
  /** Plan once for a shape, run many times. */
  compile(spec: Conv2dGradWrtWeightsSpec): Promise<CompiledFilterGradient>;
}

type Settings = Conv2dSettings & FilterGradientSettings;

function read(options: OptionReader): Settings {
  const settings = readConv2dOptions(options);
  if (settings.bias !== undefined) throw new OptionError("bias", "a gradient with respect to filters has none");
  if (settings.activation !== "linear")
    throw new OptionError("activation", "its gradient belongs to outputGrad: only linear is known here");
  return { ...settings, filterShape: undefined, result: settings.filterShape, unroll: {} };
}

const op: FilterGradientOp<Settings> = {
  names: { input: "input", outputGrad: "outputGrad", result: "filterShape" },
  shapes: { input: "imageShape", filters: "filterShape" },
  options: CONV2D_OPTIONS,
  read,
  known: (input, outputGrad, { groups, unshared }) => {
    const positions = unshared ? [outputGrad[2] ?? null, outputGrad[3] ?? null] : [];
    return [outputGrad[1] ?? null, ...positions, (input[1] ?? 0) / groups, null, null];
  },
  lower: (input, filters, dtype, settings, names) => lowerConv2d(input, filters, dtype, settings, false, names),
};

export function makeConv2dGradWrtWeights(source: RuntimeSource): Conv2dGradWrtWeights {
  const call = async (input: Operand, outputGrad: Operand, options: Conv2dGradWrtWeightsOptions) =>
    callFilterGradient(source, op, { input, outputGrad }, read(new OptionReader(options, CONV2D_OPTIONS)));
  return Object.assign(call, {
    compile: (spec: Conv2dGradWrtWeightsSpec) => compileFilterGradient(source, op, spec),
  });
}
