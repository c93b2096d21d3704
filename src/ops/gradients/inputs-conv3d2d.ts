/** `conv3d2d.conv3dGradWrtSignals` (semantics §5, §3.5). */
import type { DType, Operand, Tensor } from "../../tensor.ts";
import { checkRank } from "../axes.ts";
import { type CompiledOp, compileForward } from "../compiled.ts";
import { type Conv3dOptions, type Conv3dSettings, conv3d } from "../conv3d2d.ts";
import { callForward, type RuntimeSource, type SpecOptions } from "../forward.ts";
import { OptionReader } from "../options.ts";
import { gradientOf } from "./inputs.ts";

/** Of a call of `conv3d2d.conv3dGradWrtSignals`. */
export interface Conv3dGradWrtSignalsOptions extends Conv3dOptions {
  /** The shape of the forward op's signals, and of the result. Frames, rows and columns are required. */
  signalsShape: readonly (number | null)[];
}

/** Of `conv3d2d.conv3dGradWrtSignals.compile`: the shapes of its operands, and its options. */
export interface Conv3dGradWrtSignalsSpec extends SpecOptions<Conv3dGradWrtSignalsOptions> {
  signalsShape: readonly number[];
  filtersShape: readonly number[];
  /** Default: `config.floatX`. */
  dtype?: DType;
}

/** `conv3d2d.conv3dGradWrtSignals`: called, or compiled for a shape. */
export interface Conv3dGradWrtSignals {
  /**
   * The gradient of a loss with respect to the signals of `conv3d2d.conv3d`, from that with respect to its output, [Ns, To, Nf, Ho, Wo],
   * and its filters: [Ns, Ts, C, Hs, Ws], as `signalsShape` says.
   *
   * @example const dx = await conv3d2d.conv3dGradWrtSignals(dy, filters, { signalsShape: movie.shape, borderMode: "half" });
   */
  (outputGrad: Operand, filters: Operand, options: Conv3dGradWrtSignalsOptions): Promise<Tensor>;
  /** Plan once for a shape, run many times. */
  compile(spec: Conv3dGradWrtSignalsSpec): Promise<CompiledOp>;
}

const op = gradientOf<Conv3dSettings>({
  forward: conv3d,
  input: "outputGrad",
  result: "signalsShape",
  options: conv3d.options,
  read: (options) => {
    const settings = conv3d.read(options);
    return { ...settings, signalsShape: undefined, result: settings.signalsShape };
  },
  known: (outputGrad, filters, _settings, { input }) => {
    checkRank(outputGrad, 5, "[Ns, To, Nf, Ho, Wo]", input);
    return [outputGrad[0]!, null, filters[2] ?? null, null, null];
  },
});

export function makeConv3dGradWrtSignals(source: RuntimeSource): Conv3dGradWrtSignals {
  const call = async (outputGrad: Operand, filters: Operand, options: unknown) =>
    callForward(source, op, { input: outputGrad, filters }, op.read(new OptionReader(options, op.options)));
  return Object.assign(call, { compile: (spec: unknown) => compileForward(source, op, spec) });
}
