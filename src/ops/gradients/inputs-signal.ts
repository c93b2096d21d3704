/** `signal.conv2dGradWrtInputs` (semantics §2, §3.5): the sum runs over the filters, which the forward op keeps apart. */
import { ShapeError } from "../../errors.ts";
import type { DType, Operand, Tensor } from "../../tensor.ts";
import { type CompiledOp, compileForward } from "../compiled.ts";
import { callForward, type RuntimeSource, type SpecOptions } from "../forward.ts";
import { OptionReader } from "../options.ts";
import { type SignalConv2dOptions, type SignalSettings, signalConv2d } from "../signal.ts";
import { gradientOf } from "./inputs.ts";

/** Of a call of `signal.conv2dGradWrtInputs`. */
export interface SignalConv2dGradWrtInputsOptions extends SignalConv2dOptions {
  /** The shape of the forward op's input, [H, W] or [N, H, W], and of the result. Rows and columns are required. */
  imageShape: readonly (number | null)[];
}

/** Of `signal.conv2dGradWrtInputs.compile`: the shapes of its operands, and its options. */
export interface SignalConv2dGradWrtInputsSpec extends SpecOptions<SignalConv2dGradWrtInputsOptions> {
  imageShape: readonly number[];
  filterShape: readonly number[];
  /** Default: `config.floatX`. */
  dtype?: DType;
}

/** `signal.conv2dGradWrtInputs`: called, or compiled for a shape. */
export interface SignalConv2dGradWrtInputs {
  /**
   * The gradient of a loss with respect to the input of `signal.conv2d`, from that with respect to its output, [R, S] with N and F in
   * front where the forward op has them, and its filters: [H, W] or [N, H, W], as `imageShape` says.
   *
   * @example const dx = await signal.conv2dGradWrtInputs(dy, filters, { imageShape: [480, 640] });
   */
  (outputGrad: Operand, filters: Operand, options: SignalConv2dGradWrtInputsOptions): Promise<Tensor>;
  /** Plan once for a shape, run many times. */
  compile(spec: SignalConv2dGradWrtInputsSpec): Promise<CompiledOp>;
}

const op = gradientOf<SignalSettings>({
  forward: signalConv2d,
  input: "outputGrad",
  result: "imageShape",
  options: signalConv2d.options,
  read: (options) => ({ ...signalConv2d.read(options), result: options.extents("imageShape") }),
  known: (outputGrad, _filters, { result }, { input }) => {
    if (outputGrad.length < 2 || outputGrad.length > 4)
      throw new ShapeError(input, `expected [R, S], [N, R, S], [F, R, S] or [N, F, R, S], got [${outputGrad}]`);
    return result?.length === 3 ? [outputGrad[0]!, null, null] : [null, null];
  },
});

export function makeSignalConv2dGradWrtInputs(source: RuntimeSource): SignalConv2dGradWrtInputs {
  const call = async (outputGrad: Operand, filters: Operand, options: unknown) =>
    callForward(source, op, { input: outputGrad, filters }, op.read(new OptionReader(options, op.options)));
  return Object.assign(call, { compile: (spec: unknown) => compileForward(source, op, spec) });
}
