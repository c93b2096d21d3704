/** What Winograd's transforms and products cost. */

import type { ConvProblem } from "../problem/problem.ts";
import { TILE_CYCLES, termCycles } from "./costs.ts";
import { type BinaryName, evenly, laneCount, registerTiles } from "./registers.ts";
import { countsOf, depthOf, type Form, type Unit } from "./winograd-forms.ts";

const SIZE = 4;
/** Terms of one block: a panel of filters and one of tiles, (6 + 8) × 4 bytes each, stay in L1. */
export const BLOCK_TERMS = 512;
/** Filters whose products wait for the output transform: these stay in L2, beside transformed input in scratch; or twice as many. */
export const PASS_FILTERS = 48;
/** A byte read or written that stays in L2, because what is used again is no more than so much; and of what does not. */
const NEAR_CYCLES = 0.06;
const FAR_CYCLES = 0.2;
/** One of filters that are asked for while others are multiplied. */
const ASKED_CYCLES = 0.1;
const NEAR_BYTES = 1280 * 1024;
/** An element of transformed filters; they are computed once, and most calls are repeated. */
export const FILTER_CYCLES = 2;
const FILTER_SHARE = 0.25;
/** Of a filter of one term, six rows of points from three taps each. */
const ROW_CYCLES = 9;
/**
 * From so many bytes on filters are kept as rows (256→256 @14: 1.22 times as fast where they come from afar, 0.90 when nothing else has been in the caches;
 * 512→512 @14 1.13); or from so many, where more tiles than one unit has read them again (128→128 @56 1.06, 128→256 @56 1.08; 64→128 @112 0.99,
 * and one unit of 128→128 @28 0.97).
 */
const ROWS_BYTES = 9e6;
const ROWS_BYTES_AGAIN = 2e6;
/** Tiles of the largest units: so many read the transformed filters once. */
export const MOST_TILES = 112;

export function estimate(p: ConvProblem, binary: BinaryName, form: Form, unit: Unit, fused: boolean): number {
  const { side, deep } = form;
  const { steps, held, met } = depthOf(p, form);
  const { units, batches } = countsOf(p, side, unit);
  const all = p.groups * batches * units;
  const { multiply, stream, input } = unitCycles(p, binary, form, unit);
  const points = form.points ** 2;
  // The last units of a row, a column and the batch have fewer tiles.
  const full =
    (p.groups * p.batch * Math.ceil(p.output[1] / side) * Math.ceil(p.output[2] / side)) /
    (unit.images * unit.rows * unit.columns);
  const elements = form.kept ** 2 * p.groups * p.filters * p.channels * p.taps[0];
  const tiles = points * unit.images * unit.rows * unit.columns * SIZE;
  // Counted alike whether fused or not: bytes from afar cost more than larger passes save.
  const passes = Math.ceil(p.filters / PASS_FILTERS);
  const perByte = (kept: number) => (kept > NEAR_BYTES ? FAR_CYCLES : NEAR_CYCLES);
  // What a pass works on: its transformed input, read again by the next one, and its products, written and read; of one row of points after the other.
  const pass =
    (tiles * (p.channels + Math.min(p.filters, PASS_FILTERS) * deep)) / (keepsRows(p, binary, form) ? form.points : 1);
  const passing = perByte(pass) * tiles * ((passes * p.channels * met) / Math.max(1, steps) + 2 * p.filters * deep);
  const first = perByte(fused ? pass : all * held * tiles * p.channels) * tiles * p.channels;
  const each = steps * (multiply - stream + passing) + (fused ? steps : held) * (input + 2 * first);
  return full * each + all * steps * stream + elements * FILTER_CYCLES * FILTER_SHARE;
}

/** Whether filters are kept as rows of points: where so many are read for a unit that it takes longer than to make points of rows. */
export function keepsRows(p: ConvProblem, binary: BinaryName, form: Form): boolean {
  const read = form.points ** 2 * p.filters * p.channels * p.taps[0] * SIZE;
  const tiles = p.batch * p.output[0] * Math.ceil(p.output[1] / form.side) * Math.ceil(p.output[2] / form.side);
  // One lane takes longer to make them than to read them.
  if (laneCount(binary, p.dtype) === 1 || form.deep > 1 || form.kept !== 6) return false;
  return read > (tiles > MOST_TILES ? ROWS_BYTES_AGAIN : ROWS_BYTES);
}

/** Whether the last of a unit's tiles meets three panels of filters at a time, with lanes over these: multiplyLone of assembly/winograd.ts. */
export function hasLoneTile(p: ConvProblem, binary: BinaryName, form: Form, { images, rows, columns }: Unit): boolean {
  const lanes = laneCount(binary, p.dtype);
  const least = evenly(p.filters, registerTiles[binary].rows).at(-1)?.height ?? 0;
  const lone = (images * rows * columns) % (registerTiles[binary].vectors * lanes) === 1;
  return lanes === 4 && lone && p.taps[0] === 1 && form.deep === 1 && least >= 4;
}

/**
 * Of a full unit, in one thread: the products and outputs of all filters of a tile in z, and of that what it takes to read the filters;
 * the transforms of a frame of all channels.
 */
export function unitCycles(
  p: ConvProblem,
  binary: BinaryName,
  form: Form,
  unit: Unit,
): { readonly multiply: number; readonly stream: number; readonly input: number } {
  const lanes = laneCount(binary, p.dtype);
  const { rows: most, vectors } = registerTiles[binary];
  const { steps, met } = depthOf(p, form);
  const points = form.points ** 2;
  const tiles = unit.images * unit.rows * unit.columns;
  const terms = (p.channels * met) / Math.max(1, steps);
  const groups = Math.ceil(tiles / lanes);
  const blocks = form.deep > 1 ? form.frames * Math.ceil(p.channels / BLOCK_TERMS) : Math.ceil(terms / BLOCK_TERMS);
  const tile = (height: number, v: number) => terms * termCycles(binary, height, v, v + height) + blocks * TILE_CYCLES;
  const panels = Math.floor(groups / vectors);
  const heights = evenly(p.filters, most);
  const across = (height: number) => panels * tile(height, vectors) + (groups % vectors) * tile(height, 1);
  let products = heights.reduce((sum, { height, tiles: count }) => sum + count * across(height), 0);
  if (hasLoneTile(p, binary, form, unit)) {
    const threes = Math.floor(heights.reduce((sum, { tiles: count }) => sum + count, 0) / 3);
    // Its six sums wait for each other.
    products += threes * (4 * terms + TILE_CYCLES - 3 * tile(heights[0]!.height, 1));
  }
  // Of six points in z, or of a row, three frames or taps are read, and become six.
  const asRows = keepsRows(p, binary, form);
  const bytes = (form.kept ** 2 * p.filters * terms * SIZE) / (form.deep > 1 || asRows ? 2 : 1);
  const deepened = form.deep > 1 ? points * p.filters * p.channels : asRows ? ROW_CYCLES * p.filters * terms : 0;
  const stream = bytes * (bytes > NEAR_BYTES ? (asRows ? ASKED_CYCLES : FAR_CYCLES) : NEAR_CYCLES);
  return {
    multiply: points * products + deepened + stream + p.filters * groups * form.outputCycles * form.deep,
    stream,
    input: p.channels * groups * form.inputCycles,
  };
}
