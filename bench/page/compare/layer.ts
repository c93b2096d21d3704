/** The user's choice of op and shape, and what follows from it: operands in the op's layout, their number of elements, their names. */
import type { Layout, Space, Sum } from "../../op-cases.ts";
import { familyOf, type OpId, passOf } from "./ops.ts";

export type Border = "valid" | "half" | "full" | number;

/**
 * Extents and options as the form has them. What an op lacks is 1: channels where nothing is summed, frames of pictures.
 * Subsample counts for every axis that the op can subsample.
 */
export interface Layer {
  readonly op: OpId;
  readonly batch: number;
  readonly channels: number;
  readonly frames: number;
  readonly height: number;
  readonly width: number;
  readonly filters: number;
  readonly groups: number;
  readonly filterFrames: number;
  readonly filterHeight: number;
  readonly filterWidth: number;
  readonly border: Border;
  readonly subsample: number;
}

/** The three arrays of a convolution; each pass computes one of them from the other two. */
export type Role = "image" | "filter" | "result";

export const PASSES = {
  forward: { given: ["image", "filter"], made: "result", title: "forward" },
  inputs: { given: ["result", "filter"], made: "image", title: "gradient wrt inputs" },
  filters: { given: ["image", "result"], made: "filter", title: "gradient wrt filters" },
} as const satisfies Record<string, { given: readonly [Role, Role]; made: Role; title: string }>;
export type Pass = keyof typeof PASSES;

/** An array as the op wants it, and where element [outer, inner, z, y, x] of it lies. */
export interface Placement {
  readonly shape: readonly number[];
  readonly layout: Layout;
}

/** A layer as one sum (bench/op-cases.ts), whatever the op. */
export interface Task {
  readonly layer: Layer;
  readonly pass: Pass;
  readonly sum: Sum;
  readonly places: Readonly<Record<Role, Placement>>;
}

export const sizeOf = (shape: readonly number[]) => shape.reduce((product, extent) => product * extent, 1);

/** Zeros before and after an axis for a filter of `extent`. */
export function paddingOf(border: Border, extent: number): number {
  if (border === "valid") return 0;
  if (border === "half") return extent >> 1;
  return border === "full" ? extent - 1 : border;
}

function sumOf(layer: Layer): Sum {
  const { inTime, roundsUp } = familyOf(layer.op);
  const { batch, channels, filters, groups, border, subsample } = layer;
  const image: Space = [layer.frames, layer.height, layer.width];
  const taps: Space = [layer.filterFrames, layer.filterHeight, layer.filterWidth];
  const low = taps.map((extent, axis) => (axis === 0 && !inTime ? 0 : paddingOf(border, extent))) as unknown as Space;
  const stride: Space = [inTime ? subsample : 1, subsample, subsample];
  const round = roundsUp ? Math.ceil : Math.floor;
  const result = image.map(
    (extent, axis) => round((extent + 2 * low[axis] - taps[axis]) / stride[axis]) + 1,
  ) as unknown as Space;
  return { batch, channels, filters, groups, image, taps, result, stride, dilation: [1, 1, 1], low };
}

/** `axes`: where outer, inner, z, y and x are among those of the array; −1 for one that it does not have. */
function placed(extents: readonly number[], axes: readonly number[], flipped: boolean): Placement {
  const shape: number[] = [];
  for (const [i, axis] of axes.entries()) if (axis >= 0) shape[axis] = extents[i];
  const step = (axis: number) => (axis < 0 ? 0 : sizeOf(shape.slice(axis + 1)));
  const [outer, inner, ...space] = axes.map(step) as [number, number, number, number, number];
  if (!flipped) return { shape, layout: { offset: 0, outer, inner, space } };
  // A true convolution: the window walks the filter backwards.
  const offset = space.reduce((sum, n, axis) => sum + n * (extents[axis + 2] - 1), 0);
  return { shape, layout: { offset, outer, inner, space: space.map((n) => -n) as unknown as Space } };
}

/** A filter's channels are rounded down where they cannot be shared out evenly: the library then says so. */
export function taskOf(layer: Layer): Task {
  const { axes, flips } = familyOf(layer.op);
  const sum = sumOf(layer);
  const { batch, channels, filters, groups, image, taps, result } = sum;
  return {
    layer,
    pass: passOf(layer.op),
    sum,
    places: {
      image: placed([batch, channels, ...image], axes.image, false),
      filter: placed([filters, Math.floor(channels / groups), ...taps], axes.filter, flips),
      result: placed([batch, filters, ...result], axes.result, false),
    },
  };
}

/** Images, filters and result of one engine. */
export function operandBytes({ places }: Task): number {
  return 4 * Object.values(places).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

/** "64 images of 1 × 28 × 28, 20 filters of 5 × 5". */
export function nameOf(layer: Layer): string {
  const { batch, filters, subsample, groups } = layer;
  const { lacks } = familyOf(layer.op);
  const extents = (names: readonly (keyof Layer)[]) =>
    names
      .filter((name) => !lacks.includes(name))
      .map((name) => layer[name])
      .join(" × ");
  const many = (count: number, one: string) => (count === 1 ? `1 ${one}` : `${count} ${one}s`);
  const images = `${many(batch, "image")} of ${extents(["channels", "frames", "height", "width"])}`;
  const bank = `${many(filters, "filter")} of ${extents(["filterFrames", "filterHeight", "filterWidth"])}`;
  const steps = subsample === 1 ? "" : `, every ${subsample === 2 ? "second" : `${subsample}th`} place`;
  return `${layer.op}: ${images}, ${bank}${steps}${groups === 1 ? "" : `, ${groups} groups`}`;
}
