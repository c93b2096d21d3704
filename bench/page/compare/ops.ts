/** The ops that the page compares: a row for each family, and of its three passes what the library calls them and how they are planned. */
import type { Engine, Operand, PlanView, RunOptions, Tensor } from "simdconv";
import type { Border, Layer, Pass, Task } from "./layer.ts";

/** What the compiled ops have in common; those with filters have `setFilters`. */
export interface Compiled {
  readonly plan: PlanView;
  setFilters?(filters: Operand): Promise<void>;
  run(...operandsAndOptions: [Operand, RunOptions] | [Operand, Operand, RunOptions]): Promise<Tensor>;
  dispose(): void;
}

type Compile = (engine: Engine) => Promise<Compiled>;
type Axes = readonly [outer: number, inner: number, z: number, y: number, x: number];
export type BorderKind = "valid" | "half" | "full" | "padding";

interface Family {
  /** Fields that the op does not have; they are 1. */
  readonly lacks: readonly (keyof Layer)[];
  readonly borders: readonly BorderKind[];
  /** Border and subsample count for time too. */
  readonly inTime: boolean;
  /** The last window may hang over the edge. */
  readonly roundsUp: boolean;
  /** Filters are flipped. */
  readonly flips: boolean;
  /** Where outer (images, filters), inner (channels), z, y and x are among the axes of each array; −1: nowhere. */
  readonly axes: Readonly<Record<"image" | "filter" | "result", Axes>>;
  readonly names: Readonly<Record<Pass, string>>;
  readonly compile: (task: Task) => Readonly<Record<Pass, Compile>>;
}

const FLAT = ["frames", "filterFrames"] as const;
const CHANNELS_LAST: Axes = [0, 4, 3, 1, 2];
const TIME_FIRST: Axes = [0, 2, 1, 3, 4];
const BATCH_LAST: Axes = [3, 0, -1, 1, 2];

/** The compilers differ in the operands of `run`, which `Compiled` leaves open. */
const compiled = (op: Promise<unknown>) => op as Promise<Compiled>;

const FAMILIES = {
  nnet: {
    lacks: FLAT,
    borders: ["valid", "half", "full", "padding"],
    inTime: false,
    roundsUp: false,
    flips: true,
    axes: { image: [0, 1, -1, 2, 3], filter: [0, 1, -1, 2, 3], result: [0, 1, -1, 2, 3] },
    names: { forward: "nnet.conv2d", inputs: "nnet.conv2dGradWrtInputs", filters: "nnet.conv2dGradWrtWeights" },
    compile: ({ layer, sum, places }) => {
      const spec = {
        imageShape: places.image.shape,
        filterShape: places.filter.shape,
        borderMode: layer.border,
        subsample: [layer.subsample, layer.subsample] as const,
        numGroups: sum.groups,
        dtype: "float32" as const,
      };
      return {
        forward: ({ nnet }) => compiled(nnet.conv2d.compile(spec)),
        inputs: ({ nnet }) => compiled(nnet.conv2dGradWrtInputs.compile(spec)),
        filters: ({ nnet }) => compiled(nnet.conv2dGradWrtWeights.compile(spec)),
      };
    },
  },
  signal: {
    lacks: [...FLAT, "channels", "groups"],
    borders: ["valid", "full"],
    inTime: false,
    roundsUp: false,
    flips: true,
    axes: { image: [0, -1, -1, 1, 2], filter: [0, -1, -1, 1, 2], result: [0, 1, -1, 2, 3] },
    names: {
      forward: "signal.conv2d",
      inputs: "signal.conv2dGradWrtInputs",
      filters: "signal.conv2dGradWrtFilters",
    },
    compile: ({ layer, places }) => {
      const spec = {
        imageShape: places.image.shape,
        filterShape: places.filter.shape,
        borderMode: layer.border as "valid" | "full",
        subsample: [layer.subsample, layer.subsample] as const,
        dtype: "float32" as const,
      };
      return {
        forward: ({ signal }) => compiled(signal.conv2d.compile(spec)),
        inputs: ({ signal }) => compiled(signal.conv2dGradWrtInputs.compile(spec)),
        filters: ({ signal }) => compiled(signal.conv2dGradWrtFilters.compile(spec)),
      };
    },
  },
  conv3D: {
    lacks: ["groups"],
    borders: ["valid"],
    inTime: true,
    roundsUp: false,
    flips: false,
    axes: { image: CHANNELS_LAST, filter: CHANNELS_LAST, result: CHANNELS_LAST },
    names: { forward: "conv3D", inputs: "convTransp3D", filters: "convGrad3D" },
    compile: ({ layer, places }) => {
      const [VShape, WShape, HShape] = [places.image.shape, places.filter.shape, places.result.shape];
      const d = [layer.subsample, layer.subsample, layer.subsample] as const;
      const dtype = "float32" as const;
      const RShape = [layer.height, layer.width, layer.frames];
      return {
        forward: ({ conv3D }) => compiled(conv3D.compile({ VShape, WShape, d, dtype })),
        inputs: ({ convTransp3D }) => compiled(convTransp3D.compile({ WShape, d, HShape, RShape, dtype })),
        filters: ({ convGrad3D }) => compiled(convGrad3D.compile({ VShape, d, WShape, dtype })),
      };
    },
  },
  conv3d2d: {
    lacks: ["groups", "subsample"],
    borders: ["valid", "half", "full"],
    inTime: true,
    roundsUp: false,
    flips: true,
    axes: { image: TIME_FIRST, filter: TIME_FIRST, result: TIME_FIRST },
    names: {
      forward: "conv3d2d.conv3d",
      inputs: "conv3d2d.conv3dGradWrtSignals",
      filters: "conv3d2d.conv3dGradWrtFilters",
    },
    compile: ({ layer, places }) => {
      const spec = {
        signalsShape: places.image.shape,
        filtersShape: places.filter.shape,
        borderMode: layer.border as Exclude<Border, number>,
        dtype: "float32" as const,
      };
      return {
        forward: ({ conv3d2d }) => compiled(conv3d2d.conv3d.compile(spec)),
        inputs: ({ conv3d2d }) => compiled(conv3d2d.conv3dGradWrtSignals.compile(spec)),
        filters: ({ conv3d2d }) => compiled(conv3d2d.conv3dGradWrtFilters.compile(spec)),
      };
    },
  },
  c01b: {
    lacks: [...FLAT, "groups"],
    borders: ["valid", "padding"],
    inTime: false,
    roundsUp: true,
    flips: false,
    axes: { image: BATCH_LAST, filter: BATCH_LAST, result: BATCH_LAST },
    names: { forward: "c01b.filterActs", inputs: "c01b.imageActs", filters: "c01b.weightActs" },
    compile: ({ layer, sum, places }) => {
      const spec = {
        imagesShape: places.image.shape,
        filtersShape: places.filter.shape,
        pad: sum.low[1],
        stride: layer.subsample,
        dtype: "float32" as const,
      };
      return {
        forward: ({ c01b }) => compiled(c01b.filterActs.compile(spec)),
        inputs: ({ c01b }) => compiled(c01b.imageActs.compile(spec)),
        filters: ({ c01b }) => compiled(c01b.weightActs.compile(spec)),
      };
    },
  },
} as const satisfies Record<string, Family>;

type Families = typeof FAMILIES;
export type OpId = { [F in keyof Families]: Families[F]["names"][Pass] }[keyof Families];

const families: readonly Family[] = Object.values(FAMILIES);

/** Every op, forward ones first. */
export const OPS = (["forward", "inputs", "filters"] as const).flatMap((pass) =>
  families.map(({ names }) => ({ op: names[pass] as OpId, pass })),
);

export function familyOf(op: OpId): Family {
  return families.find(({ names }) => Object.values(names).includes(op))!;
}

export function passOf(op: OpId): Pass {
  return OPS.find((entry) => entry.op === op)!.pass;
}

/** Rejects with the library's error where the shape cannot be computed; gradients are refused as their forward op is. */
export async function compile(engine: Engine, task: Task): Promise<Compiled> {
  const ways = familyOf(task.layer.op).compile(task);
  if (task.pass === "forward") return ways.forward(engine);
  (await ways.forward(engine)).dispose();
  return ways[task.pass](engine);
}
