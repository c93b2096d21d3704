// Options of nnet.conv2d with values that mean nothing, one after the other.

import type { ErrorName } from "../support/errors.ts";
import { conv2dOf, type Hostile, notCounts, show } from "./table.ts";

function option(
  key: string,
  value: unknown,
  error: ErrorName = "OptionError",
  more: readonly string[] = [],
  rest: object = {},
): Hostile {
  return {
    name: `${key} ${show(value)}`,
    error,
    names: [key, ...more],
    prepare: ({ input, filters }) => {
      const options = { ...rest, [key]: value };
      return (engine) => conv2dOf(engine)(input, filters, options);
    },
  };
}

// As an option null is "not given" (conv2d.options.test.ts); inside a list it is a mistake like any other.
const given = notCounts.filter((value) => value !== null);

function* borderModes(): Generator<Hostile> {
  const negative = [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, -(2 ** 31), true, 1n, Symbol("pad"), {}, () => 1];
  const words = ["same", "VALID", "", "0", "valid "];
  for (const bad of [...negative, ...words]) yield option("borderMode", bad);
  for (const bad of [...negative, "half", "1", [1], [1, 2, 3], [1, -1], ["1", 1]]) {
    yield option("borderMode", [bad, 1]);
    yield option("borderMode", [1, bad]);
  }
  for (const bad of [
    [],
    [1],
    [1, 1, 1],
    [[1, 1]],
    [
      [1, 1],
      [1, 1],
      [1, 1],
    ],
    new Array(2),
  ])
    yield option("borderMode", bad);
  // Pads this large are whole numbers, but no image of that size can be.
  for (const big of [2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 1e300])
    yield option("borderMode", big, "ConvError", ["input", "filters", "out", "memory"]);
}

function* pairs(key: string): Generator<Hostile> {
  for (const bad of [...notCounts, 2 ** 53]) {
    yield option(key, [bad, 1]);
    yield option(key, [1, bad]);
  }
  for (const bad of [1, 2, "1,1", [], [1], [1, 1, 1], {}, new Array(2), () => [1, 1], true]) yield option(key, bad);
}

function* shapeHints(key: string, length: number): Generator<Hostile> {
  for (const bad of [4, "2,3,7,6", {}, true, [], [null], new Array(length + 1).fill(null)])
    yield option(key, bad, "ConvError");
  for (const bad of notCounts) {
    if (bad === null) continue; // null says "not declared"
    yield option(key, [...new Array(length - 1).fill(null), bad], "ConvError");
  }
}

/** Every option, for what any of them must withstand. */
export const optionKeys = [
  "out", "openmp", "device", "algorithm", "lanes", "signal", "onProgress", "imageShape", "filterShape", "borderMode",
  "subsample", "filterFlip", "filterDilation", "numGroups", "unshared", "bias", "activation", "unrollBatch", "unrollKern",
  "unrollPatch",
] as const; // biome-ignore format: a list

function* anyOption(): Generator<Hostile> {
  for (const key of optionKeys) {
    yield {
      name: `a getter of ${key} throws`,
      error: "ConvError",
      names: [key],
      prepare: ({ input, filters }) => {
        const options = Object.defineProperty({}, key, {
          enumerable: true,
          get: () => {
            throw new Error("boom");
          },
        });
        return (engine) => conv2dOf(engine)(input, filters, options);
      },
    };
  }
  for (const value of [null, 1, "full", true, Symbol("options"), 1n]) {
    yield {
      name: `options are ${show(value)}`,
      error: "ConvError",
      names: ["options"],
      prepare:
        ({ input, filters }) =>
        (engine) =>
          conv2dOf(engine)(input, filters, value),
    };
  }
}

export function* hostileOptions(): Generator<Hostile> {
  yield* borderModes();
  yield* pairs("subsample");
  yield* pairs("filterDilation");
  for (const big of [2 ** 31, 2 ** 40, 2 ** 53 - 1])
    yield option("filterDilation", [big, 1], "ConvError", ["filters", "input"]);
  for (const bad of [...given, 2, 4, 2 ** 31, 2 ** 53]) yield option("numGroups", bad);
  for (const key of ["filterFlip", "unshared", "unrollPatch", "openmp"]) {
    for (const bad of ["true", 1, 0, {}, [], Symbol("b")]) yield option(key, bad);
  }
  for (const bad of ["Relu", "", "softmax", 1, {}, ["relu"], Symbol("a"), () => 0]) yield option("activation", bad);
  for (const bad of ["winograd", "separable", "Direct", "", 0, {}, true, "depthwise"]) yield option("algorithm", bad);
  for (const bad of ["rows", "", 4, {}, true]) yield option("lanes", bad);
  for (const bad of ["gpu", "", 1, {}, true]) yield option("device", bad);
  for (const bad of [{}, true, "abort", 1, { aborted: false }, () => 0, new EventTarget()]) yield option("signal", bad);
  for (const bad of [{}, true, "log", 1, []]) yield option("onProgress", bad);
  yield* shapeHints("imageShape", 4);
  yield* shapeHints("filterShape", 4);
  yield option("imageShape", [2, 3, 8, 6], "ShapeError");
  yield option("imageShape", [2, 4, null, null], "ShapeError");
  yield option("filterShape", [4, 3, 3, 3], "ShapeError");
  const rest = { imageShape: [2, 3, 7, 6], filterShape: [4, 3, 3, 2] };
  for (const key of ["unrollBatch", "unrollKern"]) {
    yield option(key, 2);
    for (const bad of given) yield option(key, bad, "OptionError", [], rest);
  }
  for (const key of [
    "border_mode",
    "stride",
    "padding",
    "Subsample",
    "toString",
    "constructor",
    "imshpLogical",
    "kshpLogical",
    "kshpLogicalTopAligned",
    "imshp_logical",
    "version",
    "verbose",
    "directionHint",
    "inputShape",
    "0",
  ]) {
    yield option(key, 1);
    yield { ...option(key, undefined), name: `${key} undefined, an unknown key all the same` };
  }
  yield* anyOption();
}
