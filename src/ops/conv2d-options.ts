/** The options of `nnet.conv2d` and what they mean for given shapes (semantics: borders, hints, groups). */
import { OptionError, show } from "../errors.ts";
import type { Unrolling } from "../plan/tuning.ts";
import { numberList, property } from "../problem/operand.ts";
import type { Activation } from "../problem/problem.ts";
import type { Operand } from "../tensor.ts";
import type { ForwardSettings } from "./forward.ts";
import {
  checkInteger,
  type OptionReader,
  RUN_OPTIONS,
  type RunOptions,
  readTuning,
  TUNING_OPTIONS,
  type TuningOptions,
} from "./options.ts";

/** Padding of one axis: the same on both sides, or before and after it. */
export type Pad = number | readonly [number, number];
/** `"half"` pads ⌊kd/2⌋ on both sides (one more output than input for an even filter), `"full"` kd − 1; kd is the dilated filter. */
export type BorderMode = "valid" | "full" | "half" | number | readonly [Pad, Pad];

/** Of a call of `nnet.conv2d`. */
export interface Conv2dOptions extends RunOptions, TuningOptions {
  /** Declared shapes; entries may be null. They never change the result: one that differs from the array is an error. */
  imageShape?: readonly (number | null)[];
  filterShape?: readonly (number | null)[];
  borderMode?: BorderMode;
  /** Strides over rows and columns. */
  subsample?: readonly [number, number];
  /** true (default): a true convolution, filters flipped; false: cross-correlation. */
  filterFlip?: boolean;
  filterDilation?: readonly [number, number];
  /** Filters are [O, C / numGroups, h, w]; output o reads the channels of group ⌊o / (O / numGroups)⌋. */
  numGroups?: number;
  /** Filters of their own for every output position: [O, R, S, C / numGroups, h, w]. */
  unshared?: boolean;
  /** [O], added to every output of a channel before the activation. */
  bias?: Operand;
  activation?: Activation;
  /** Tuning of direct sums, for which they ask: images of a tile, filters of the register tile, two vectors of pixels or one. */
  unrollBatch?: number;
  unrollKern?: number;
  unrollPatch?: boolean;
}

export const CONV2D_OPTIONS: readonly string[] = [
  ...RUN_OPTIONS,
  ...TUNING_OPTIONS,
  "imageShape",
  "filterShape",
  "borderMode",
  "subsample",
  "filterFlip",
  "filterDilation",
  "numGroups",
  "unshared",
  "bias",
  "activation",
  "unrollBatch",
  "unrollKern",
  "unrollPatch",
];

/** Before the shapes are known. Hints keep null where nothing was declared. */
export interface Conv2dSettings extends ForwardSettings {
  readonly imageShape: readonly (number | null)[] | undefined;
  readonly filterShape: readonly (number | null)[] | undefined;
  readonly border: Border;
  readonly subsample: readonly [number, number];
  readonly flip: boolean;
  readonly dilation: readonly [number, number];
  readonly groups: number;
  readonly unshared: boolean;
  readonly bias: unknown;
  readonly activation: Activation;
  readonly unroll: Unrolling;
}

/** Paddings [before, after] of rows and columns, or a rule that depends on the filter. */
type Border = "valid" | "full" | "half" | readonly [readonly [number, number], readonly [number, number]];

export function readConv2dOptions(options: OptionReader): Conv2dSettings {
  const unshared = options.boolean("unshared") ?? false;
  const pair = (name: string) => (options.integers(name, 2, 1) ?? [1, 1]) as [number, number];
  const settings: Conv2dSettings = {
    ...readTuning(options),
    imageShape: options.extents("imageShape", 4),
    filterShape: options.extents("filterShape", unshared ? 6 : 4),
    border: readBorder(options.raw("borderMode")),
    subsample: pair("subsample"),
    flip: options.boolean("filterFlip") ?? true,
    dilation: pair("filterDilation"),
    groups: options.integer("numGroups", 1) ?? 1,
    unshared,
    bias: options.raw("bias"),
    activation: options.oneOf("activation", ["linear", "relu", "tanh", "sigmoid"]) ?? "linear",
    unroll: {
      batch: options.integer("unrollBatch", 1),
      kern: options.integer("unrollKern", 1),
      patch: options.boolean("unrollPatch"),
    },
  };
  checkDeclared(settings);
  return settings;
}

/** Theano unrolls over the batch and the filters only if it was told all shapes beforehand. */
function checkDeclared({ unroll, imageShape, filterShape }: Conv2dSettings): void {
  const declared = (hint: Conv2dSettings["imageShape"]) => hint?.every((entry) => entry !== null) ?? false;
  for (const [name, value] of [
    ["unrollBatch", unroll.batch],
    ["unrollKern", unroll.kern],
  ] as const) {
    if (value !== undefined && !(declared(imageShape) && declared(filterShape))) {
      throw new OptionError(name, "needs every entry of imageShape and filterShape declared");
    }
  }
}

function readBorder(value: unknown): Border {
  const argument = "borderMode";
  if (value === undefined || value === "valid") return "valid";
  if (value === "full" || value === "half") return value;
  if (typeof value === "number") {
    const pad = checkInteger(value, 0, argument);
    return [
      [pad, pad],
      [pad, pad],
    ];
  }
  if (typeof value !== "object" || value === null || property(value, "length", argument) !== 2) {
    throw new OptionError(argument, `expected "valid", "full", "half", a padding or two of them, got ${show(value)}`);
  }
  return [readPad(property(value, "0", argument)), readPad(property(value, "1", argument))];
}

function readPad(value: unknown): [number, number] {
  if (typeof value === "object" && value !== null) {
    const sides = numberList(value, "borderMode");
    if (sides?.length !== 2) throw new OptionError("borderMode", "a padding is one number, or [before, after]");
    return [checkInteger(sides[0], 0, "borderMode"), checkInteger(sides[1], 0, "borderMode")];
  }
  const pad = checkInteger(value, 0, "borderMode");
  return [pad, pad];
}

/** Padding [before, after] of one axis for a dilated filter of `extent`. */
export function padding(border: Border, axis: 0 | 1, extent: number): readonly [number, number] {
  if (border === "valid") return [0, 0];
  if (border === "full") return [extent - 1, extent - 1];
  if (border === "half") return [extent >> 1, extent >> 1];
  return border[axis];
}
