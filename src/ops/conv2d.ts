/** `nnet.conv2d` (semantics §3). */
import type { DType, Operand, Tensor } from "../tensor.ts";
import { type CompiledOp, compileForward } from "./compiled.ts";
import { lowerConv2d, NAMES } from "./conv2d-lower.ts";
import { CONV2D_OPTIONS, type Conv2dOptions, type Conv2dSettings, readConv2dOptions } from "./conv2d-options.ts";
import { callForward, type ForwardOp, type RuntimeSource, type SpecOptions } from "./forward.ts";
import { OptionReader } from "./options.ts";

/** The options of the op, and the shapes of its operands. */
export interface Conv2dSpec extends SpecOptions<Conv2dOptions> {
  imageShape: readonly number[];
  filterShape: readonly number[];
  /** Default: `config.floatX`. */
  dtype?: DType;
}

/** `nnet.conv2d`: called, or compiled for a shape. */
export interface Conv2d {
  /**
   * Convolve images [N, C, H, W] with filters [O, C / numGroups, h, w], summing over channels: [N, O, R, S] with
   * R = ⌊(H + padding − ((h − 1)·dilation + 1)) / subsample⌋ + 1, likewise S. The result has the dtype of the operands.
   *
   * With one channel per group, large filters may be computed by a transform, and those of rank one in two passes, where that is
   * estimated to be faster: `plan.algorithm` says so, `algorithm: "direct"` asks for plain sums.
   *
   * Rejects with a ShapeError, DTypeError or OptionError that names the argument, before any memory is touched.
   *
   * @example const maps = await nnet.conv2d(images, filters, { borderMode: "half" });
   */
  (input: Operand, filters: Operand, options?: Conv2dOptions): Promise<Tensor>;
  /** Plan once for a shape, run many times. */
  compile(spec: Conv2dSpec): Promise<CompiledOp>;
}

const op: ForwardOp<Conv2dSettings> = {
  names: NAMES,
  shapes: { input: "imageShape", filters: "filterShape" },
  options: CONV2D_OPTIONS,
  read: readConv2dOptions,
  lower: lowerConv2d,
};

export function makeConv2d(source: RuntimeSource): Conv2d {
  const call = async (input: Operand, filters: Operand, options?: Conv2dOptions) => {
    const settings = readConv2dOptions(new OptionReader(options, CONV2D_OPTIONS));
    return callForward(source, op, { input, filters, bias: settings.bias }, settings);
  };
  return Object.assign(call, {
    compile: (spec: Conv2dSpec) => compileForward(source, op, spec, ({ bias }) => bias),
  });
}
