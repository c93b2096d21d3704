/** `convTransp3D` (semantics §4): the transpose of conv3D's sum, and a bias. */
import { ShapeError, show } from "../../errors.ts";
import { planTransposed } from "../../plan/transposed.ts";
import { numberList } from "../../problem/operand.ts";
import { LARGEST_EXTENT } from "../../problem/problem.ts";
import { transposedOf } from "../../problem/transposed.ts";
import type { DType, Operand, Tensor } from "../../tensor.ts";
import { checkRank, checkSizes, type Names } from "../axes.ts";
import { compileForward } from "../compiled.ts";
import { AXES, type CompiledConv3D, type Conv3DOptions, conv3DProblem, OPTIONS, readStrides } from "../conv3d.ts";
import {
  callForward,
  type ForwardOp,
  type ForwardSettings,
  type Lowered,
  type RuntimeSource,
  type SpecOptions,
} from "../forward.ts";
import { OptionReader, readTuning } from "../options.ts";

type Triple = readonly [number, number, number];

/** Of `convTransp3D.compile`: the shapes of its operands, and its options. */
export interface ConvTransp3DSpec extends SpecOptions<Conv3DOptions> {
  WShape: readonly number[];
  HShape: readonly number[];
  /** Strides over row, column and time. */
  d: Triple;
  RShape?: readonly number[] | null;
  /** Default: `config.floatX`. */
  dtype?: DType;
}

/** `convTransp3D`: called, or compiled for a shape. */
export interface ConvTransp3D {
  /**
   * R[n,y,x,u,z] = b[z] + Σ W[o,k,l,m,z] · H[n,r,c,t,o] over all r, c, t and taps k, l, m with d0·r + k = y, d1·c + l = x, d2·t + m = u:
   * W [O, row, column, time, C], b [C], d the strides over row, column and time, H [N, row, column, time, O]. R is [N, row, column, time, C]
   * with the space of `RShape`; left out, null or beginning with −1 it is (h − 1)·d + w. What no window reaches is b.
   *
   * @example const R = await convTransp3D(W, b, [2, 2, 2], H);
   */
  (
    W: Operand,
    b: Operand,
    d: Triple,
    H: Operand,
    RShape?: readonly number[] | null,
    options?: Conv3DOptions,
  ): Promise<Tensor>;
  /** Plan once for a shape, run many times: a run takes H, and b where it is not that of `setBias`. */
  compile(spec: ConvTransp3DSpec): Promise<CompiledConv3D>;
}

interface Settings extends ForwardSettings {
  readonly strides: readonly number[];
  /** Row, column and time of the result; undefined for the least. */
  readonly space: readonly number[] | undefined;
}

function readSpace(value: unknown): readonly number[] | undefined {
  if (value === undefined || value === null) return undefined;
  const list = numberList(value, "RShape");
  if (list?.length !== 3) throw new ShapeError("RShape", `expected row, column and time, got ${show(value)}`);
  if (list[0] === -1) return undefined;
  if (!list.every(Number.isSafeInteger)) throw new ShapeError("RShape", "its entries are whole numbers");
  return list;
}

function lower(
  input: readonly number[],
  filters: readonly number[],
  dtype: DType,
  { strides, space }: Settings,
  bias: boolean,
  names: Names,
): Lowered {
  checkRank(input, 5, "[N, row, column, time, O]", names.input);
  checkRank(filters, 5, "[O, row, column, time, C]", names.filters);
  if (input[4] !== filters[0])
    throw new ShapeError(names.input, `it has ${input[4]} channels, there are ${filters[0]} filters`);
  const extents = AXES.map((name, i) => {
    const [extent, taps] = [input[i + 1]!, filters[i + 1]!];
    if (extent < 1) throw new ShapeError(names.input, `it has no ${name}`);
    if (taps < 1) throw new ShapeError(names.filters, `they have no ${name}`);
    const least = (extent - 1) * strides[i]! + taps;
    const wanted = space?.[i] ?? least;
    if (wanted < least) throw new ShapeError("RShape", `${name}: ${wanted}, the windows cover ${least}`);
    if (wanted > LARGEST_EXTENT)
      throw new ShapeError(space ? "RShape" : names.input, `${name}: ${wanted} is beyond ${LARGEST_EXTENT}`);
    return wanted;
  });
  const outputShape = [input[0]!, ...extents, filters[4]!];
  checkSizes([outputShape, input, filters], names);
  return {
    outputShape,
    problem: transposedOf(conv3DProblem(outputShape, filters, input, dtype, strides, bias)),
  };
}

const op: ForwardOp<Settings> = {
  names: { input: "H", filters: "W", bias: "b" },
  shapes: { input: "HShape", filters: "WShape" },
  options: OPTIONS,
  forSpec: ["d", "RShape"],
  biasIsOperand: true,
  read: (options) => ({
    ...readTuning(options),
    strides: readStrides(options.raw("d")),
    space: readSpace(options.raw("RShape")),
  }),
  lower,
  plan: planTransposed,
};

export function makeConvTransp3D(source: RuntimeSource): ConvTransp3D {
  const call = async (
    W: Operand,
    b: Operand,
    d: Triple,
    H: Operand,
    RShape?: readonly number[] | null,
    options?: unknown,
  ) => {
    const settings = {
      ...readTuning(new OptionReader(options, OPTIONS)),
      strides: readStrides(d),
      space: readSpace(RShape),
    };
    return callForward(source, op, { input: H, filters: W, bias: b }, settings);
  };
  return Object.assign(call, { compile: (spec: unknown) => compileForward(source, op, spec) });
}
