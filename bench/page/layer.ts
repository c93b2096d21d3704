/** The user's shape, and what follows from it: what the library is told, what comes out, how much memory it takes. */
import type { Conv2dSpec } from "simdconv";
import { type Case, cases, type Quad } from "../cases.ts";

export type Border = "valid" | "half" | "full" | number;

/** Extents and options as the form has them. Subsample counts for rows and columns alike. */
export interface Layer {
  readonly batch: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly filters: number;
  readonly filterHeight: number;
  readonly filterWidth: number;
  readonly border: Border;
  readonly subsample: number;
  readonly groups: number;
}

export function imageShapeOf({ batch, channels, height, width }: Layer): Quad {
  return [batch, channels, height, width];
}

/** Rounded down where the channels cannot be shared out evenly: the library then says so. */
export function filterShapeOf({ filters, channels, groups, filterHeight, filterWidth }: Layer): Quad {
  return [filters, Math.floor(channels / groups), filterHeight, filterWidth];
}

export function specOf(layer: Layer): Conv2dSpec {
  return {
    imageShape: imageShapeOf(layer),
    filterShape: filterShapeOf(layer),
    borderMode: layer.border,
    subsample: [layer.subsample, layer.subsample],
    numGroups: layer.groups,
    dtype: "float32",
  };
}

/** Zeros before and after an axis for a filter of `extent`. */
export function paddingOf(border: Border, extent: number): number {
  if (border === "valid") return 0;
  if (border === "half") return extent >> 1;
  return border === "full" ? extent - 1 : border;
}

export function outputShapeOf(layer: Layer): Quad {
  const { batch, filters, height, width, filterHeight, filterWidth, border, subsample } = layer;
  const extent = (n: number, k: number) => Math.floor((n + 2 * paddingOf(border, k) - k) / subsample) + 1;
  return [batch, filters, extent(height, filterHeight), extent(width, filterWidth)];
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** Images, filters and result of one engine. */
export function operandBytes(layer: Layer): number {
  return (
    4 * [imageShapeOf(layer), filterShapeOf(layer), outputShapeOf(layer)].reduce((sum, shape) => sum + sizeOf(shape), 0)
  );
}

/** "64 images of 1 × 28 × 28, 20 filters of 5 × 5". */
export function nameOf(layer: Layer): string {
  const { batch, channels, height, width, filters, filterHeight, filterWidth, subsample, groups } = layer;
  const images = `${batch === 1 ? "1 image" : `${batch} images`} of ${channels} × ${height} × ${width}`;
  const bank = `${filters === 1 ? "1 filter" : `${filters} filters`} of ${filterHeight} × ${filterWidth}`;
  const steps = subsample === 1 ? "" : `, every ${subsample === 2 ? "second" : `${subsample}th`} place`;
  return `${images}, ${bank}${steps}${groups === 1 ? "" : `, ${groups} groups`}`;
}

export function layerOf({ imageShape, filterShape, options }: Case): Layer {
  const [batch, channels, height, width] = imageShape;
  const [filters, , filterHeight, filterWidth] = filterShape;
  const { borderMode: border, subsample, numGroups: groups } = options;
  return {
    batch,
    channels,
    height,
    width,
    filters,
    filterHeight,
    filterWidth,
    border,
    subsample: subsample[0],
    groups,
  };
}

export interface Preset {
  readonly label: string;
  readonly title: string;
  readonly layer: Layer;
}

function preset(label: string, network: Case["network"], name: string, what: string): Preset {
  const found = cases.find((entry) => entry.network === network && entry.name === name);
  if (!found) throw new Error(`bench/cases.ts has no ${network} ${name}`);
  return { label, title: `${what} (${network} ${name})`, layer: layerOf(found) };
}

/** A few that differ in what limits them. */
export const presets: readonly Preset[] = [
  preset("ResNet 3×3", "ResNet-50", "3×3 64→64 @56", "The work-horse of image networks"),
  preset("7×7/2", "ResNet-50", "7×7/2 3→64 @224", "A photograph's colours into 64 maps"),
  preset("1×1", "ResNet-50", "1×1 64→256 @56", "A matrix product in disguise"),
  preset("depthwise", "MobileNetV2", "dw3×3 144 @56", "One filter per channel: limited by memory"),
  preset("seed 6×6", "seed", "4×4 1→1 @6, batch 1", "So small that workers cannot help"),
];
