/** `nnet.conv2dGradWrtInputs` and `nnet.conv2dTranspose` (semantics §3.5): one sum under two names. */
import type { DType, Operand, Tensor } from "../../tensor.ts";
import { checkRank, type Names } from "../axes.ts";
import { type CompiledOp, compileForward } from "../compiled.ts";
import { lowerConv2d } from "../conv2d-lower.ts";
import { CONV2D_OPTIONS, type Conv2dOptions, type Conv2dSettings, readConv2dOptions } from "../conv2d-options.ts";
import { callForward, type ForwardOp, type RuntimeSource, type SpecOptions } from "../forward.ts";
import { checkHint, OptionReader } from "../options.ts";
import { type GradientSettings, gradientOf } from "./inputs.ts";
import type { Declared } from "./shapes.ts";

/** Of a call of `nnet.conv2dGradWrtInputs`. */
export interface Conv2dGradWrtInputsOptions extends Conv2dOptions {
  /** The shape of the forward op's input, and of the result. Rows and columns are required. */
  imageShape: readonly (number | null)[];
}

/** Of `nnet.conv2dGradWrtInputs.compile`: the shapes of its operands, and its options. */
export interface Conv2dGradWrtInputsSpec extends SpecOptions<Conv2dGradWrtInputsOptions> {
  imageShape: readonly number[];
  filterShape: readonly number[];
  /** Default: `config.floatX`. */
  dtype?: DType;
}

/** `nnet.conv2dGradWrtInputs`: called, or compiled for a shape. */
export interface Conv2dGradWrtInputs {
  /**
   * The gradient of a loss with respect to the input of `nnet.conv2d`, from that with respect to its output, [N, O, R, S], and its
   * filters: [N, C, H, W], as `imageShape` says. The options are those of the forward op; a bias [C] and an activation are this
   * result's own. What no window reaches has the gradient 0.
   *
   * @example const dx = await nnet.conv2dGradWrtInputs(dy, filters, { imageShape: [null, null, 56, 56], borderMode: "half" });
   */
  (outputGrad: Operand, filters: Operand, options: Conv2dGradWrtInputsOptions): Promise<Tensor>;
  /** Plan once for a shape, run many times. */
  compile(spec: Conv2dGradWrtInputsSpec): Promise<CompiledOp>;
}

/** Of a call of `nnet.conv2dTranspose`. */
export interface Conv2dTransposeOptions extends Omit<Conv2dOptions, "subsample"> {
  /** The shape of the result. Rows and columns are required. */
  outputShape: readonly (number | null)[];
  /** The subsample of the convolution that this is the transpose of. */
  inputDilation?: readonly [number, number];
}

/** Of `nnet.conv2dTranspose.compile`: the shapes of its operands, and its options. */
export interface Conv2dTransposeSpec extends SpecOptions<Conv2dTransposeOptions> {
  outputShape: readonly number[];
  filterShape: readonly number[];
  /** Default: `config.floatX`. */
  dtype?: DType;
}

/** `nnet.conv2dTranspose`: called, or compiled for a shape. */
export interface Conv2dTranspose {
  /**
   * The transpose of `nnet.conv2d`, "deconvolution": input [N, O, R, S] and filters [O, C / numGroups, h, w], as the forward op has them,
   * give [N, C, H, W], as `outputShape` says. A bias is [C]. `imageShape` is a hint of the input's shape.
   *
   * @example const up = await nnet.conv2dTranspose(maps, filters, { outputShape: [null, null, 112, 112], inputDilation: [2, 2] });
   */
  (input: Operand, filters: Operand, options: Conv2dTransposeOptions): Promise<Tensor>;
  /** Plan once for a shape, run many times. */
  compile(spec: Conv2dTransposeSpec): Promise<CompiledOp>;
}

type Settings = GradientSettings<Conv2dSettings>;

const forward = { shapes: { input: "imageShape", filters: "filterShape" }, lower: lowerConv2d };

function known(
  outputGrad: readonly number[],
  filters: readonly number[],
  { groups }: Settings,
  names: Names,
): Declared {
  checkRank(outputGrad, 4, "[N, O, R, S]", names.input);
  return [outputGrad[0]!, filters.length < 3 ? null : filters.at(-3)! * groups, null, null];
}

const gradient = gradientOf<Conv2dSettings>({
  forward,
  input: "outputGrad",
  result: "imageShape",
  options: CONV2D_OPTIONS,
  read: (options) => {
    const settings = readConv2dOptions(options);
    return { ...settings, imageShape: undefined, result: settings.imageShape };
  },
  known,
});

const transpose = gradientOf<TransposeSettings>({
  forward,
  input: "input",
  result: "outputShape",
  options: [...CONV2D_OPTIONS.filter((name) => name !== "subsample"), "outputShape", "inputDilation"],
  read: (options) => {
    const settings = readConv2dOptions(options);
    return {
      ...settings,
      imageShape: undefined,
      hint: settings.imageShape,
      subsample: (options.integers("inputDilation", 2, 1) ?? [1, 1]) as [number, number],
      result: options.extents("outputShape", 4),
    };
  },
  known: (input, filters, settings, names) => {
    checkHint(settings.hint, input, "imageShape");
    return known(input, filters, settings, names);
  },
});

/** `imageShape` is a hint of the operand's shape, not of the result's. */
interface TransposeSettings extends Conv2dSettings {
  readonly hint: Declared | undefined;
}

function make<S extends Settings>(source: RuntimeSource, op: ForwardOp<S>) {
  const call = async (input: Operand, filters: Operand, options: unknown) => {
    const settings = op.read(new OptionReader(options, op.options));
    return callForward(source, op, { input, filters, bias: settings.bias }, settings);
  };
  return Object.assign(call, { compile: (spec: unknown) => compileForward(source, op, spec, ({ bias }) => bias) });
}

export const makeConv2dGradWrtInputs = (source: RuntimeSource): Conv2dGradWrtInputs => make(source, gradient);
export const makeConv2dTranspose = (source: RuntimeSource): Conv2dTranspose => make(source, transpose);
