/** The forms of assembly/winograd.ts, and how a problem is cut into units of tiles. */

import type { ConvProblem } from "../problem/problem.ts";

/** See assembly/winograd.ts. */
export interface Form {
  readonly name: string;
  readonly stride: number;
  /** Outputs of a tile along an axis, its inputs and elements, and how many of their filters differ. */
  readonly side: number;
  readonly points: number;
  readonly kept: number;
  /** Outputs of a tile in z, and its frames. */
  readonly deep: number;
  readonly frames: number;
  /** Cycles of the transforms of L tiles of one channel, of one filter. */
  readonly inputCycles: number;
  readonly outputCycles: number;
}

export const FORMS: readonly Form[] = [
  { name: "F(4×4)", stride: 1, side: 4, points: 6, kept: 6, deep: 1, frames: 1, inputCycles: 150, outputCycles: 110 },
  { name: "F(2×2)", stride: 1, side: 2, points: 4, kept: 4, deep: 1, frames: 1, inputCycles: 75, outputCycles: 70 },
  {
    name: "F(4×4), stride 2",
    stride: 2,
    side: 4,
    points: 9,
    kept: 6,
    deep: 1,
    frames: 1,
    inputCycles: 330,
    outputCycles: 200,
  },
  { name: "F(4×4×4)", stride: 1, side: 4, points: 6, kept: 6, deep: 4, frames: 6, inputCycles: 170, outputCycles: 165 },
];
export function describeForm({ name, side, deep, points, frames }: Form, p: ConvProblem, blocks: number): string {
  const [, high, wide] = p.taps;
  const [taps, outputs] = [high * wide * (deep > 1 ? 3 : 1), side * side * deep];
  const done = points ** 2 * (deep > 1 ? frames : blocks);
  const of = `${deep > 1 ? "3×" : ""}${high}×${wide}${blocks > 1 ? ` in ${blocks} blocks of 3×3` : ""}`;
  return `${name} of ${of}: ${done} multiply-adds instead of ${taps * outputs} for ${outputs} outputs of a channel`;
}

/** Where the blocks of three taps of an axis begin, whose taps are `stride` apart: those of one phase after the other. */
export function blocksOf(taps: number, stride: number): number[] {
  const starts: number[] = [];
  for (let phase = 0; phase < Math.min(stride, taps); phase++) {
    for (let tap = phase; tap < taps; tap += 3 * stride) starts.push(tap);
  }
  return starts;
}

/** The tiles of a unit: rows and columns of them, in so many images. */
export interface Unit {
  readonly images: number;
  readonly rows: number;
  readonly columns: number;
}

/** About `most` tiles: of one row, of several, of several images. */
export function unitOf(p: ConvProblem, side: number, most: number): Unit {
  const [high, wide] = [Math.ceil(p.output[1] / side), Math.ceil(p.output[2] / side)];
  const part = (whole: number, most: number) =>
    Math.max(1, Math.ceil(whole / Math.ceil(whole / Math.max(1, most))) || 1);
  const columns = part(wide, most);
  const rows = columns < wide ? 1 : part(high, Math.floor(most / wide));
  const images = rows < high ? 1 : part(p.batch, Math.floor(most / (wide * high)));
  return { images, rows, columns };
}

/** Units of one frame, and batches of images. */
export function countsOf(
  p: ConvProblem,
  side: number,
  { images, rows, columns }: Unit,
): { readonly units: number; readonly batches: number } {
  const units = Math.ceil(p.output[1] / (rows * side)) * Math.ceil(p.output[2] / (columns * side));
  return { units, batches: Math.ceil(p.batch / images) };
}

/** Of the axis z. */
export interface Depth {
  /** Tiles. */
  readonly steps: number;
  /** Frames that are transformed: each of them, or six for every tile. */
  readonly held: number;
  /** Frames that are multiplied for all tiles: those that taps meet inside of the input, or six for every tile. */
  readonly met: number;
}

export function depthOf(p: ConvProblem, { deep, frames }: Form): Depth {
  const steps = Math.ceil(p.output[0] / deep);
  if (deep > 1) return { steps, held: steps * frames, met: steps * frames };
  let met = 0;
  for (let t = 0; t < p.taps[0]; t++) {
    const tap = t * p.dilation[0] - p.low[0];
    const first = Math.max(0, Math.ceil(-tap / p.stride[0]));
    const last = Math.min(p.output[0] - 1, Math.floor((p.input[0] - 1 - tap) / p.stride[0]));
    met += Math.max(0, last - first + 1);
  }
  return { steps, held: p.input[0], met };
}
