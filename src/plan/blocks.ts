/**
 * Argument blocks as the kernels read them: the only place where the host writes the fields of assembly/args.ts, but for those of
 * gradients with respect to filters, which are loaded on demand (correlate-blocks.ts).
 */
import * as A from "../../assembly/args.ts";
import type { Activation, ConvProblem, Space, View } from "../problem/problem.ts";
import { product } from "../problem/problem.ts";
import type { InputTile } from "./input-tile.ts";
import type { BlockImage, Pointer } from "./plan.ts";
import { elementBytes } from "./registers.ts";

const ACTIVATIONS: Record<Activation, number> = {
  linear: A.ACTIVATION_LINEAR,
  relu: A.ACTIVATION_RELU,
  tanh: A.ACTIVATION_TANH,
  sigmoid: A.ACTIVATION_SIGMOID,
};

export class Words {
  readonly words: Int32Array;
  readonly relative: number[] = [];
  private end: number;

  constructor(bytes: number, tables: readonly ArrayLike<number>[]) {
    this.end = bytes >> 2;
    this.words = new Int32Array(this.end + tables.reduce((sum, table) => sum + table.length, 0));
  }

  put(offset: number, ...values: readonly number[]): this {
    // Strides wrap modulo 2^32, as addresses do.
    for (const [i, value] of values.entries()) this.words[(offset >> 2) + i] = value | 0;
    return this;
  }

  /** Append a table, and let the word at `offset` point to it once the block has an address. */
  table(offset: number, values: ArrayLike<number>): this {
    this.words.set(values, this.end);
    this.put(offset, this.end << 2);
    this.relative.push(offset);
    this.end += values.length;
    return this;
  }

  image(): BlockImage {
    return { words: this.words, relative: this.relative };
  }
}

function bytes(view: View, size: number): number[] {
  return [view.batch, view.group, view.channel, ...view.space].map((stride) => wrap(stride * size));
}

/** A byte count modulo 2^32: `| 0` alone is exact only up to 2^53, which strides never reach. */
export function wrap(value: number): number {
  return value % 2 ** 32;
}

/** The operands of a convolution's block; `filters` bytes into the packed filters are those of this step. */
export function convPointers(p: ConvProblem, filters = 0): Pointer[] {
  const size = elementBytes(p.dtype);
  return [
    { word: A.CONV_X, region: "x", offset: p.x.offset * size },
    { word: A.CONV_W, region: "filters", offset: filters },
    { word: A.CONV_Y, region: "y", offset: p.y.offset * size },
    { word: A.CONV_BIAS, region: "bias", offset: 0 },
  ];
}

/** Those of the block of a step that packs filters. */
export function packPointers(p: ConvProblem, filters = 0): Pointer[] {
  return [
    { word: A.PACK_SOURCE, region: "source", offset: p.w.offset * elementBytes(p.dtype) },
    { word: A.PACK_TARGET, region: "filters", offset: filters },
  ];
}

/** What the kernels need to know about blocking, besides the input tile. */
export interface ConvBlocking {
  readonly input: InputTile;
  readonly panels: Int32Array;
  /** Filters of a group, the padding of the last panel included. */
  readonly width: number;
  readonly blockChannels: number;
  readonly blockTerms: number;
  readonly tileBatch: number;
  readonly tileGroups: number;
  readonly rows: number;
  readonly columns: number;
  readonly panelRuns: number;
  /** See args.ts, CONV_ROW_TILES. */
  readonly rowTiles?: number;
  /** See args.ts, CONV_FETCHES. */
  readonly fetches?: boolean;
  /** See args.ts, CONV_NINE_TAPS. */
  readonly nineTaps?: number;
  readonly registerRows: number;
  readonly registerVectors: number;
  readonly scratchX: number;
  readonly scratchAcc: number;
  readonly scratchPixels: number;
}

export function problemWords(words: Words, p: ConvProblem): Words {
  const size = elementBytes(p.dtype);
  return words
    .put(A.CONV_ACTIVATION, ACTIVATIONS[p.activation])
    .put(A.CONV_BATCH, p.batch, p.groups, p.filters, p.channels)
    .put(A.CONV_IN, ...p.input)
    .put(A.CONV_OUT, ...p.output)
    .put(A.CONV_TAPS, ...p.taps)
    .put(A.CONV_STRIDE, ...p.stride)
    .put(A.CONV_DILATION, ...p.dilation)
    .put(A.CONV_LOW, ...p.low)
    .put(A.CONV_X_STRIDES, ...bytes(p.x, size))
    .put(A.CONV_Y_STRIDES, ...bytes(p.y, size));
}

export function convBlock(p: ConvProblem, b: ConvBlocking): BlockImage {
  const size = elementBytes(p.dtype);
  const terms = b.input.terms();
  return blocking(problemWords(new Words(A.CONV_BYTES, [terms, b.panels]), p), b)
    .put(A.CONV_W_GROUP, wrap(b.width * p.channels * product(p.taps) * size))
    .table(A.CONV_TERMS, terms)
    .table(A.CONV_PANELS, b.panels)
    .image();
}

/** What `gather` needs: where terms come from and, as y, where they go; channels in `runs` runs. */
export function gatherBlock(p: ConvProblem, terms: InputTile, runs: number): BlockImage {
  return inputTile(problemWords(new Words(A.CONV_BYTES, []), p), terms)
    .put(A.CONV_PANEL_RUNS, runs)
    .image();
}

export function blocking(words: Words, b: ConvBlocking): Words {
  return inputTile(words, b.input)
    .put(A.CONV_W_WIDTH, b.width)
    .put(A.CONV_BLOCK_CHANNELS, b.blockChannels)
    .put(A.CONV_BLOCK_TERMS, b.blockTerms)
    .put(A.CONV_TILE_BATCH, b.tileBatch)
    .put(A.CONV_TILE_GROUPS, b.tileGroups)
    .put(A.CONV_TILE_ROWS, b.rows)
    .put(A.CONV_TILE_COLUMNS, b.columns)
    .put(A.CONV_PANEL_COUNT, b.panels.length - 1)
    .put(A.CONV_PANEL_RUNS, b.panelRuns)
    .put(A.CONV_TILE_MR, b.registerRows)
    .put(A.CONV_TILE_NV, b.registerVectors)
    .put(A.CONV_ROW_TILES, b.rowTiles ?? 1)
    .put(A.CONV_FETCHES, b.fetches ? 1 : 0)
    .put(A.CONV_NINE_TAPS, b.nineTaps ?? 0)
    .put(A.CONV_SCRATCH_X, b.scratchX)
    .put(A.CONV_SCRATCH_ACC, b.scratchAcc)
    .put(A.CONV_SCRATCH_PIXELS, b.scratchPixels);
}

function inputTile(words: Words, input: InputTile): Words {
  const axis = (field: "runs" | "runStart" | "runStep" | "places") => input.axes.map((a) => a[field]);
  return words
    .put(A.CONV_ROW_STEP, input.rowStep)
    .put(A.CONV_COLUMN_STEP, input.columnStep)
    .put(A.CONV_PACKED, input.packed ? 1 : 0)
    .put(A.CONV_RUNS, ...axis("runs"))
    .put(A.CONV_RUN_START, ...axis("runStart"))
    .put(A.CONV_RUN_STEP, ...axis("runStep"))
    .put(A.CONV_PLACES, ...axis("places"))
    .put(A.CONV_PITCHES, ...input.pitches);
}

/** What `depthwise_planes` needs. */
export interface PlaneTile {
  readonly terms: Int32Array;
  readonly tileGroups: number;
  readonly rows: number;
  readonly columns: number;
  readonly registerRows: number;
  readonly registerVectors: number;
  readonly scratchX: number;
  readonly scratchAcc: number;
  readonly scratchPixels: number;
}

export function planesBlock(p: ConvProblem, t: PlaneTile): BlockImage {
  return problemWords(new Words(A.CONV_BYTES, [t.terms]), p)
    .put(A.CONV_TILE_GROUPS, t.tileGroups, t.rows, t.columns)
    .put(A.CONV_PANEL_RUNS, 1)
    .put(A.CONV_TILE_MR, t.registerRows, t.registerVectors)
    .put(A.CONV_SCRATCH_X, t.scratchX, t.scratchAcc, t.scratchPixels)
    .table(A.CONV_TERMS, t.terms)
    .image();
}

/** What `separable` needs besides: the intermediate's place, row and columns (args.ts, CONV_BETWEEN), and the terms of both passes. */
export interface Between {
  readonly scratch: number;
  readonly row: number;
  readonly columns: number;
  readonly terms: Int32Array;
  readonly filter: number;
}

export function separableBlock(p: ConvProblem, b: ConvBlocking, between: Between): BlockImage {
  return blocking(problemWords(new Words(A.CONV_BYTES, [between.terms]), p), b)
    .put(A.CONV_W_GROUP, wrap(p.filters * between.filter))
    .put(A.CONV_BETWEEN, between.scratch, between.row, between.columns)
    .table(A.CONV_TERMS, between.terms)
    .image();
}

/** What `fft` needs instead of an input tile: the units, the offsets of taps in a plane, and the transform. */
export interface Units {
  readonly rows: number;
  readonly columns: number;
  readonly runs: number;
  readonly registerRows: number;
  readonly registerVectors: number;
  readonly scratchAcc: number;
  readonly scratchPixels: number;
  readonly terms: Int32Array;
  readonly transform: Int32Array;
  readonly filterRecord: number;
}

export function fftBlock(p: ConvProblem, u: Units): BlockImage {
  return problemWords(new Words(A.CONV_BYTES, [u.terms, u.transform]), p)
    .put(A.CONV_W_GROUP, wrap(p.filters * u.filterRecord))
    .put(A.CONV_TILE_ROWS, u.rows)
    .put(A.CONV_TILE_COLUMNS, u.columns)
    .put(A.CONV_PANEL_RUNS, u.runs)
    .put(A.CONV_TILE_MR, u.registerRows)
    .put(A.CONV_TILE_NV, u.registerVectors)
    .put(A.CONV_SCRATCH_ACC, u.scratchAcc)
    .put(A.CONV_SCRATCH_PIXELS, u.scratchPixels)
    .table(A.CONV_TERMS, u.terms)
    .table(A.CONV_TRANSFORM, u.transform)
    .image();
}

/** What `winograd` needs besides: see args.ts, CONV_SIDE and what follows it. */
export interface Points {
  readonly side: number;
  readonly sideZ: number;
  readonly points: number;
  readonly vPoint: number;
  readonly vPanel: number;
  readonly vUnit: number;
  readonly frames: number;
  readonly mPoint: number;
  readonly mSlot: number;
  readonly wPoint: number;
  readonly wGroup: number;
  readonly passPanels: number;
  /** See args.ts, CONV_TAP_BLOCKS and PACK_TAP_BLOCKS: of y and x, in bytes of a tile of the input, and in taps. */
  readonly tapStarts: readonly [readonly number[], readonly number[]];
  readonly tapBlocks: TapBlocks;
  /** See args.ts, CONV_W_ROWS. */
  readonly rowPanels: number;
  readonly fetches: boolean;
  readonly scratchTiles: number;
  readonly scratchRows: number;
  readonly scratchV: number;
  readonly scratchM: number;
}

/** Filters in blocks of three taps, on axes y and x: the first tap of each, and how many taps the three are apart. */
export interface TapBlocks {
  readonly starts: readonly [readonly number[], readonly number[]];
  readonly steps: readonly [number, number];
}

export function winogradBlock(p: ConvProblem, b: ConvBlocking, t: Points): BlockImage {
  const numbers = winogradNumbers();
  const [high, broad] = t.tapStarts;
  const starts = Int32Array.of(...high, ...broad);
  return blocking(problemWords(new Words(A.CONV_BYTES, [b.panels, numbers, starts]), p), b)
    .put(A.CONV_TAP_BLOCKS, high.length, broad.length)
    .table(A.CONV_TAP_STARTS, starts)
    .put(A.CONV_FRAME_TERMS, p.channels * high.length * broad.length, t.rowPanels)
    .put(A.CONV_W_GROUP, wrap(t.wGroup))
    .put(A.CONV_SIDE, t.side)
    .put(A.CONV_POINTS, t.points)
    .put(A.CONV_V_POINT, t.vPoint, t.vPanel, t.vUnit, t.frames)
    .put(A.CONV_M_POINT, t.mPoint, t.mSlot, t.wPoint, t.passPanels)
    .put(A.CONV_FETCHES, t.fetches ? 1 : 0, t.sideZ)
    .put(A.CONV_SCRATCH_TILES, t.scratchTiles, t.scratchRows, t.scratchV, t.scratchM)
    .table(A.CONV_PANELS, b.panels)
    .table(A.CONV_NUMBERS, numbers)
    .image();
}

export function winogradNumbers(): Int32Array {
  const [near, far] = [Math.SQRT1_2, Math.SQRT2];
  return new Int32Array(Float32Array.of(2, 0.5, 2.5, near, far, near / 3, far / 3, 1 / 3).buffer);
}

export function winogradFiltersBlock(p: ConvProblem, panels: Int32Array, t: Points): BlockImage {
  const size = elementBytes(p.dtype);
  const { group, filter, channel, space } = p.w;
  const [high, broad] = t.tapBlocks.starts;
  const starts = Int32Array.of(...high, ...broad);
  return new Words(A.PACK_BYTES, [panels, starts])
    .put(A.PACK_TAP_BLOCKS, high.length, broad.length)
    .table(A.PACK_TAP_STARTS, starts)
    .put(A.PACK_TAP_STEPS, ...t.tapBlocks.steps, t.rowPanels)
    .put(A.PACK_PANEL_COUNT, panels.length - 1)
    .put(A.PACK_GROUP, wrap(t.wGroup))
    .put(A.PACK_CHANNELS, p.channels)
    .put(A.PACK_TAPS, ...p.taps)
    .put(A.PACK_STRIDES, ...[group, filter, channel, ...space].map((stride) => wrap(stride * size)))
    .put(A.PACK_POINTS, t.points, t.wPoint)
    .table(A.PACK_PANELS, panels)
    .image();
}

/** What `strassen` needs: bytes of a product's panel, of all its panels, of a register tile, of all of them, of the filters of a product and of all seven. */
export interface Halves {
  readonly input: InputTile;
  readonly columns: number;
  readonly runs: number;
  /** Of half the filters. */
  readonly panels: Int32Array;
  readonly vectors: number;
  readonly blockTerms: number;
  readonly vPanel: number;
  readonly vPoint: number;
  readonly mSlot: number;
  readonly mPoint: number;
  readonly passPanels: number;
  readonly wPoint: number;
  readonly wGroup: number;
  readonly scratchRows: number;
  readonly scratchM: number;
  readonly scratchV: number;
  readonly scratchX: number;
}

export function strassenBlock(p: ConvProblem, h: Halves): BlockImage {
  const terms = h.input.terms();
  return inputTile(problemWords(new Words(A.CONV_BYTES, [h.panels, terms]), p), h.input)
    .put(A.CONV_SCRATCH_X, h.scratchX)
    .table(A.CONV_TERMS, terms)
    .put(A.CONV_TILE_ROWS, 1, h.columns, h.panels.length - 1, h.runs)
    .put(A.CONV_TILE_NV, h.vectors)
    .put(A.CONV_TILE_BATCH, 1)
    .put(A.CONV_BLOCK_TERMS, h.blockTerms)
    .put(A.CONV_W_GROUP, wrap(h.wGroup))
    .put(A.CONV_V_POINT, h.vPoint, h.vPanel)
    .put(A.CONV_M_POINT, h.mPoint, h.mSlot, h.wPoint, h.passPanels)
    .put(A.CONV_SCRATCH_ROWS, h.scratchRows, h.scratchV, h.scratchM)
    .table(A.CONV_PANELS, h.panels)
    .image();
}

export function strassenFiltersBlock(p: ConvProblem, h: Halves): BlockImage {
  return filterWords(p, h.panels).put(A.PACK_WIDTH, p.filters, wrap(h.wGroup)).put(A.PACK_POINT, h.wPoint).image();
}

/** Filters into spectra: `PACK_PANEL_COUNT` is the filters of a group. */
export function spectraBlock(p: ConvProblem, transform: Int32Array, filterRecord: number): BlockImage {
  const size = elementBytes(p.dtype);
  const { group, filter, channel, space } = p.w;
  return new Words(A.PACK_BYTES, [transform])
    .put(A.PACK_PANEL_COUNT, p.filters)
    .put(A.PACK_GROUP, wrap(p.filters * filterRecord))
    .put(A.PACK_TAPS, ...p.taps)
    .put(A.PACK_STRIDES, ...[group, filter, channel, ...space].map((stride) => wrap(stride * size)))
    .table(A.PACK_TRANSFORM, transform)
    .image();
}

export function unsharedBlock(p: ConvProblem, position: Space): BlockImage {
  const size = elementBytes(p.dtype);
  const { group, filter, channel, space } = p.w;
  const strides = [group, filter, channel, ...space, position[1], position[2]].map((stride) => wrap(stride * size));
  return problemWords(new Words(A.CONV_BYTES, []), p)
    .put(A.CONV_W_STRIDES, ...strides)
    .image();
}

/** Panels of filters for `direct` and `depthwise`; `align` is the multiple to which a panel is widened. */
export function packBlock(
  p: ConvProblem,
  panels: Int32Array,
  width: number,
  align: number,
  blockTerms: number,
): BlockImage {
  return filterWords(p, panels)
    .put(A.PACK_ALIGN, align, width, wrap(width * p.channels * product(p.taps) * elementBytes(p.dtype)))
    .put(A.PACK_BLOCK_TERMS, blockTerms)
    .image();
}

/** Filters as they are given, term by term. */
function filterWords({ w, dtype, channels, channelsLast, taps }: ConvProblem, panels: Int32Array): Words {
  const strides = [w.group, w.filter, w.channel, ...w.space].map((stride) => wrap(stride * elementBytes(dtype)));
  return new Words(A.PACK_BYTES, [panels])
    .put(A.PACK_PANEL_COUNT, panels.length - 1)
    .put(A.PACK_CHANNELS, channels)
    .put(A.PACK_TAPS, ...taps)
    .put(A.PACK_STRIDES, ...strides)
    .put(A.PACK_CHANNELS_LAST, channelsLast ? 1 : 0)
    .table(A.PACK_PANELS, panels);
}
