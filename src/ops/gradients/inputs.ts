/** Gradients with respect to inputs: a forward op read backwards. Its lowering checks and describes, `transposedOf` turns it around. */
import { planTransposed } from "../../plan/transposed.ts";
import { transposedOf } from "../../problem/transposed.ts";
import type { DType } from "../../tensor.ts";
import type { Names } from "../axes.ts";
import type { ForwardOp, ForwardSettings, Lowered } from "../forward.ts";
import type { OptionReader } from "../options.ts";
import { checkGradient, type Declared, wholeShape } from "./shapes.ts";

/** The settings of the forward op, and the shape of its input: that of the result, as it is declared. */
export type GradientSettings<S> = S & { readonly result: Declared | undefined };

interface Gradient<S extends ForwardSettings> {
  readonly forward: Pick<ForwardOp<S>, "shapes" | "prefersGpu" | "lower">;
  /** What errors call the operand and the shape of the result. */
  readonly input: string;
  readonly result: string;
  readonly options: readonly string[];
  read(options: OptionReader): GradientSettings<S>;
  /** Checks the rank of the operand; what it and the filters tell of the shape of the result, null for the rest. */
  known(
    outputGrad: readonly number[],
    filters: readonly number[],
    settings: GradientSettings<S>,
    names: Names,
  ): Declared;
}

export function gradientOf<S extends ForwardSettings>(gradient: Gradient<S>): ForwardOp<GradientSettings<S>> {
  const { forward, input, result, options, read, known } = gradient;
  const lower = (
    outputGrad: readonly number[],
    filters: readonly number[],
    dtype: DType,
    settings: GradientSettings<S>,
    bias: boolean,
    names: Names,
  ): Lowered => {
    const shape = wholeShape(settings.result, known(outputGrad, filters, settings, names), result);
    const ofForward = { input: result, filters: names.filters };
    const { problem, outputShape } = forward.lower(shape, filters, dtype, settings, bias, ofForward);
    checkGradient(outputGrad, outputShape, names.input);
    return { problem: transposedOf(problem), outputShape: shape };
  };
  return {
    names: { input, filters: "filters", bias: "bias" },
    shapes: { input: result, filters: forward.shapes.filters },
    options,
    prefersGpu: forward.prefersGpu === true,
    read,
    lower,
    plan: planTransposed,
    operandShape: (shape, filters, settings, names) =>
      forward.lower(shape, filters, "float32", settings, false, names).outputShape,
  };
}
