/** Pylearn2's `WeightActs` (semantics §6): the gradient of `filterActs` with respect to the filters, batch last. */
import { OptionError, ShapeError } from "../../errors.ts";
import type { Operand, Tensor } from "../../tensor.ts";
import { type FilterActsOptions, type FilterActsSettings, type FilterActsSpec, lower, OPTIONS, read } from "../c01b.ts";
import type { RuntimeSource } from "../forward.ts";
import { OptionReader } from "../options.ts";
import {
  type CompiledFilterGradient,
  callFilterGradient,
  compileFilterGradient,
  type FilterGradientOp,
  type FilterGradientSettings,
} from "./weights.ts";

/** Of a call of `c01b.weightActs`. */
export interface WeightActsOptions extends Omit<FilterActsOptions, "partialSum"> {
  /** Rows and columns of the filters. */
  outputShape: readonly [number, number];
  /**
   * Output positions that the original adds up before it adds those sums: must divide R·S. Of no consequence here: the order of additions
   * is the plan's own.
   */
  partialSum?: number;
}

/** `c01b.weightActs`: called, or compiled for a shape. */
export interface WeightActs {
  /**
   * The gradient of a loss with respect to the filters of `c01b.filterActs`, from its images, [C, H, W, N], and the gradient with respect
   * to its result, [O, R, S, N]: [C, h, w, O] with h and w as `outputShape` says.
   *
   * @example const dw = await c01b.weightActs(images, dy, { pad: 2, outputShape: [5, 5] });
   */
  (images: Operand, hidGrads: Operand, options: WeightActsOptions): Promise<Tensor>;
  /** Plan once for a shape, run many times. `filtersShape` is that of the result. */
  compile(spec: FilterActsSpec): Promise<CompiledFilterGradient>;
}

interface Settings extends FilterActsSettings, FilterGradientSettings {
  readonly partialSum: number | undefined;
}

const op: FilterGradientOp<Settings> = {
  names: { input: "images", outputGrad: "hidGrads", result: "outputShape" },
  shapes: { input: "imagesShape", filters: "filtersShape" },
  options: [...OPTIONS, "outputShape"],
  read: (options) => {
    const [space, whole] = [options.integers("outputShape", 2, 1), options.extents("filtersShape")];
    if (whole && space?.some((extent, i) => extent !== whole[i + 1]))
      throw new ShapeError("outputShape", `[${space}] is not that of filtersShape, [${whole}]`);
    return {
      ...read(options),
      partialSum: options.integer("partialSum", 1),
      result: space && [null, ...space, null],
    };
  },
  known: (images, hidGrads) => [images[0] ?? null, null, null, hidGrads[0] ?? null],
  lower: (images, filters, dtype, settings, names) => lower(images, filters, dtype, settings, false, names),
  check: ([, rows, columns], { partialSum }) => {
    if (partialSum !== undefined && (rows! * columns!) % partialSum !== 0)
      throw new OptionError("partialSum", `${partialSum} does not divide the ${rows! * columns!} output positions`);
  },
};

export function makeWeightActs(source: RuntimeSource): WeightActs {
  const call = async (images: Operand, hidGrads: Operand, options: WeightActsOptions) =>
    callFilterGradient(
      source,
      op,
      { input: images, outputGrad: hidGrads },
      op.read(new OptionReader(options, op.options)),
    );
  return Object.assign(call, { compile: (spec: FilterActsSpec) => compileFilterGradient(source, op, spec) });
}
