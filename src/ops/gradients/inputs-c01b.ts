/** Pylearn2's `ImageActs` (semantics §6): the gradient of `filterActs` with respect to the images, batch last. */
import { ShapeError } from "../../errors.ts";
import { planTransposed } from "../../plan/transposed.ts";
import { LARGEST_EXTENT } from "../../problem/problem.ts";
import { transposedOf } from "../../problem/transposed.ts";
import type { DType, Operand, Tensor } from "../../tensor.ts";
import { checkRank, checkSizes, type Names } from "../axes.ts";
import {
  checkStride,
  type FilterActsOptions,
  type FilterActsSettings,
  type FilterActsSpec,
  filterActsProblem,
  lower as lowerFilterActs,
  OPTIONS,
  read,
} from "../c01b.ts";
import { type CompiledOp, compileForward } from "../compiled.ts";
import { callForward, type ForwardOp, type Lowered, type RuntimeSource } from "../forward.ts";
import { OptionReader } from "../options.ts";

/** Of a call of `c01b.imageActs`. */
export interface ImageActsOptions extends FilterActsOptions {
  /** Rows and columns of the images. May be left out for stride 1, where it is R + h − 1 − 2·pad. */
  outputShape?: readonly [number, number];
}

/** `c01b.imageActs`: called, or compiled for a shape. */
export interface ImageActs {
  /**
   * The gradient of a loss with respect to the images of `c01b.filterActs`, from that with respect to its result, [O, R, S, N], and its
   * filters [C, h, w, O]: [C, H, W, N] with H and W as `outputShape` says, at most (R − 1)·stride + h − pad.
   *
   * @example const dx = await c01b.imageActs(dy, filters, { pad: 2, stride: 2, outputShape: [32, 32] });
   */
  (hidActs: Operand, filters: Operand, options?: ImageActsOptions): Promise<Tensor>;
  /** Plan once for a shape, run many times. `imagesShape` is that of the result. */
  compile(spec: FilterActsSpec): Promise<CompiledOp>;
}

interface Settings extends FilterActsSettings {
  readonly outputShape: readonly number[] | undefined;
}

function lower(
  input: readonly number[],
  filters: readonly number[],
  dtype: DType,
  settings: Settings,
  bias: boolean,
  names: Names,
): Lowered {
  checkRank(input, 4, "[O, R, S, N]", names.input);
  checkRank(filters, 4, "[C, h, w, O]", names.filters);
  if (input[0] !== filters[3])
    throw new ShapeError(names.filters, `there are ${filters[3]} filters, ${names.input} has ${input[0]} channels`);
  const { pad, stride, outputShape } = settings;
  const argument = outputShape || stride > 1 ? "outputShape" : names.input;
  const extents = ["rows", "columns"].map((name, i) => {
    const [outputs, taps] = [input[i + 1]!, filters[i + 1]!];
    if (outputs < 1) throw new ShapeError(names.input, `it has no ${name}`);
    if (taps < 1) throw new ShapeError(names.filters, `they have no ${name}`);
    checkStride(stride, taps, name);
    if (!outputShape && stride > 1) throw new ShapeError(argument, "is required where the stride is not 1");
    const extent = outputShape?.[i] ?? outputs + taps - 1 - 2 * pad;
    const most = (outputs - 1) * stride + taps - pad;
    if (extent < 1 || extent > most || extent > LARGEST_EXTENT)
      throw new ShapeError(argument, `${name}: ${extent}, from 1 to ${most} can be told`);
    if (taps > extent + 2 * pad)
      throw new ShapeError(
        argument,
        `${name}: a filter of ${taps} does not fit into ${extent} with paddings of ${pad}`,
      );
    return extent;
  });
  const shape = [filters[0]!, ...extents, input[3]!];
  checkSizes([shape, input, filters], names);
  return { outputShape: shape, problem: transposedOf(filterActsProblem(shape, filters, input, dtype, settings, bias)) };
}

const op: ForwardOp<Settings> = {
  names: { input: "hidActs", filters: "filters", bias: "bias" },
  shapes: { input: "imagesShape", filters: "filtersShape" },
  options: [...OPTIONS, "outputShape"],
  read: (options) => {
    // A spec says it all in `imagesShape`.
    const images = options.extents("imagesShape")?.slice(1, 3) as readonly number[] | undefined;
    return { ...read(options), outputShape: images ?? options.integers("outputShape", 2, 1) };
  },
  lower,
  plan: planTransposed,
  operandShape: (shape, filters, settings, names) =>
    lowerFilterActs(shape, filters, "float32", settings, false, names).outputShape,
};

export function makeImageActs(source: RuntimeSource): ImageActs {
  const call = async (hidActs: Operand, filters: Operand, options?: unknown) =>
    callForward(source, op, { input: hidActs, filters }, op.read(new OptionReader(options, op.options)));
  return Object.assign(call, { compile: (spec: unknown) => compileForward(source, op, spec) });
}
