/** `convGrad3D` (semantics §4): the gradient of conv3D with respect to W. */
import { ShapeError, show } from "../../errors.ts";
import { numberList } from "../../problem/operand.ts";
import type { DType, Operand, Tensor } from "../../tensor.ts";
import { type Conv3DOptions, type Conv3DSettings, lower, OPTIONS, readStrides } from "../conv3d.ts";
import type { RuntimeSource, SpecOptions } from "../forward.ts";
import { OptionReader, readTuning } from "../options.ts";
import {
  type CompiledFilterGradient,
  callFilterGradient,
  compileFilterGradient,
  type FilterGradientOp,
  type FilterGradientSettings,
} from "./weights.ts";

type Triple = readonly [number, number, number];

/** Of `convGrad3D.compile`: the shapes of its operands, and its options. */
export interface ConvGrad3DSpec extends SpecOptions<Conv3DOptions> {
  VShape: readonly number[];
  /** Strides over row, column and time. */
  d: Triple;
  WShape: readonly number[];
  /** Default: `config.floatX`. */
  dtype?: DType;
}

/** `convGrad3D`: called, or compiled for a shape. */
export interface ConvGrad3D {
  /**
   * dW[o,k,l,m,z] = Σ dCdH[n,r,c,t,o] · V[n, d0·r + k, d1·c + l, d2·t + m, z]: V [N, row, column, time, C], d the strides over row, column and
   * time, dCdH [N, row, column, time, O] the gradient with respect to conv3D's result. The result is [O, row, column, time, C], as `WShape`
   * says. That with respect to conv3D's b is the sum of dCdH over all axes but the last.
   *
   * @example const dW = await convGrad3D(V, [1, 1, 1], [16, 3, 3, 3, 8], dH);
   */
  (V: Operand, d: Triple, WShape: readonly number[], dCdH: Operand, options?: Conv3DOptions): Promise<Tensor>;
  /** Plan once for a shape, run many times: a run takes V and dCdH. */
  compile(spec: ConvGrad3DSpec): Promise<CompiledFilterGradient>;
}

type Settings = Conv3DSettings & FilterGradientSettings;

const op: FilterGradientOp<Settings> = {
  names: { input: "V", outputGrad: "dCdH", result: "WShape" },
  shapes: { input: "VShape", filters: "WShape" },
  options: OPTIONS,
  forSpec: ["d"],
  read: (options) => ({
    ...readTuning(options),
    strides: readStrides(options.raw("d")),
    result: options.extents("WShape"),
  }),
  known: () => [],
  lower: (V, W, dtype, settings, names) => lower(V, W, dtype, settings, false, names),
};

function readShape(value: unknown): readonly number[] {
  const list = numberList(value, "WShape");
  if (!list?.every((extent) => Number.isSafeInteger(extent) && extent >= 0))
    throw new ShapeError("WShape", `expected [O, row, column, time, C], got ${show(value)}`);
  return list;
}

export function makeConvGrad3D(source: RuntimeSource): ConvGrad3D {
  const call = async (V: Operand, d: Triple, WShape: readonly number[], dCdH: Operand, options?: Conv3DOptions) => {
    const tuning = readTuning(new OptionReader(options, OPTIONS));
    const settings = { ...tuning, strides: readStrides(d), result: readShape(WShape) };
    return callFilterGradient(source, op, { input: V, outputGrad: dCdH }, settings);
  };
  return Object.assign(call, { compile: (spec: ConvGrad3DSpec) => compileFilterGradient(source, op, spec) });
}
