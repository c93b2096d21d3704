/**
 * Where a tile finds its input: in x itself, or in a padded copy in scratch. Either way the outcome is a table of term
 * offsets and two steps, and the kernel does not know the difference.
 */
import { MASKS_AFTER } from "../../assembly/args.ts";
import type { ConvProblem } from "../problem/problem.ts";
import { dilatedExtent, product, staysInside, termCount } from "../problem/problem.ts";
import { elementBytes } from "./registers.ts";

const CACHE_LINE = 64;
const VECTOR = 16;
/** L1 has 64 sets of lines: planes a multiple of this apart all fall into the same few sets. */
const SET_SPAN = 2048;
const PAGE = 4096;
const MOST_PAGES = 64;

/** One axis of the copy: place p of run i is input `start of the tile + i·runStart + p·runStep` (args.ts, CONV_PACKED). */
interface Axis {
  /** Run i is that of tap i. */
  readonly perTap: boolean;
  readonly runs: number;
  readonly runStart: number;
  readonly runStep: number;
  readonly places: number;
  /** Places from one output to the next. */
  readonly outputStep: number;
}

export interface InputTile {
  readonly packed: boolean;
  readonly axes: readonly Axis[];
  /** Bytes: channel, run of z, run of y, row, run of x. */
  readonly pitches: readonly [number, number, number, number, number];
  readonly rowStep: number;
  readonly columnStep: number;
  /** Byte offsets of the terms of one tile's channels, in the order of the problem. Made when asked: it may be long. */
  readonly terms: () => Int32Array;
  readonly bytes: number;
  /** What is copied for one tile of all channels: rows, elements, and how many elements apart these stand in x. */
  readonly copiedRows: number;
  readonly copied: number;
  readonly step: number;
}

export interface TileShape {
  readonly rows: number;
  readonly columns: number;
  /** Channels of one block. */
  readonly channels: number;
  /** Lanes run over columns: they must be contiguous, and a tile reads to the end of its last vectors. */
  readonly overColumns: boolean;
  /** Columns of one register tile, if so. */
  readonly vectorColumns: number;
  /** So many planes are read in place although they stand on pages of their own, and infinitely many wherever they stand; unset, as many as there is room for. */
  readonly mostPages?: number | undefined;
  /** The tile is read in other than its own order, so that memory should be read once, along rows. */
  readonly copied?: boolean;
  /** Strided columns are read where they are, not cut into phases. */
  readonly unphased?: boolean;
  /** Read in place, whatever lies outside; a mask for every column that is read stands in scratch (CONV_PLACES, x) instead of a copy. */
  readonly bordered?: boolean;
}

export function layOutInputTile(p: ConvProblem, shape: TileShape): InputTile {
  return readableInPlace(p, shape) ? inPlace(p, shape) : packed(p, shape);
}

function readableInPlace(p: ConvProblem, shape: TileShape): boolean {
  if (shape.bordered) return true;
  if (shape.copied || !staysInside(p)) return false;
  if (shape.overColumns && (p.x.space[2] !== 1 || p.stride[2] !== 1)) return false;
  return !tooManyPlaces(Math.abs(p.x.channel) * elementBytes(p.dtype), shape.channels, shape.mostPages ?? MOST_PAGES);
}

/**
 * A pixel tile reads a few lines from each plane of its block. Planes in the same cache sets evict each other; planes on
 * pages of their own are more than the first level of address translation holds (1×1 256→64 @56: some 10 % slower in
 * place). A copy puts them side by side.
 */
function tooManyPlaces(planeBytes: number, channels: number, mostPages: number): boolean {
  if (mostPages === Number.POSITIVE_INFINITY) return false;
  return (planeBytes % SET_SPAN === 0 && channels > 8) || (planeBytes >= PAGE && channels > mostPages);
}

function inPlace(p: ConvProblem, shape: TileShape): InputTile {
  const size = elementBytes(p.dtype);
  const [z, y, x] = p.x.space;
  const masks = shape.bordered
    ? shape.columns * p.stride[2] + dilatedExtent(p.taps[2], p.dilation[2]) + MASKS_AFTER
    : 0;
  const none: Axis = { perTap: false, runs: 0, runStart: 0, runStep: 0, places: 0, outputStep: 0 };
  return {
    packed: false,
    axes: masks > 0 ? [none, none, { ...none, places: masks }] : [],
    pitches: [0, 0, 0, 0, 0],
    rowStep: p.stride[1] * y * size,
    columnStep: p.stride[2] * x * size,
    terms: () =>
      termOffsets(p, shape.channels, p.x.channel * size, (kz, ky, kx) => {
        return (kz * p.dilation[0] * z + ky * p.dilation[1] * y + kx * p.dilation[2] * x) * size;
      }),
    bytes: masks * size,
    copiedRows: 0,
    copied: 0,
    step: 1,
  };
}

/** One run per tap, holding just what that tap reads. */
function perTap(outputs: number, taps: number, stride: number, dilation: number): Axis {
  return { perTap: true, runs: taps, runStart: dilation, runStep: stride, places: outputs, outputStep: 1 };
}

/**
 * One run of every position between the first tap and the last, or one run per tap where that copies less. For lanes,
 * neighbouring outputs must read neighbours: a strided axis is then cut into its phases, `stride` runs of that step.
 */
function axisOf(outputs: number, taps: number, stride: number, dilation: number, forLanes: boolean): Axis {
  const dense = (outputs - 1) * stride + dilatedExtent(taps, dilation);
  if (dense > taps * outputs) return perTap(outputs, taps, stride, dilation);
  if (!forLanes) return { perTap: false, runs: 1, runStart: 1, runStep: 1, places: dense, outputStep: stride };
  const places = outputs + Math.floor(((taps - 1) * dilation) / stride);
  return { perTap: false, runs: stride, runStart: 1, runStep: stride, places, outputStep: 1 };
}

/** The bytes from an output's first operand to that of tap i, given the pitches of a run and of a place. */
function tapOffset(axis: Axis, tap: number, dilation: number, runPitch: number, placePitch: number): number {
  if (axis.perTap) return tap * runPitch;
  const distance = tap * dilation;
  return (distance % axis.runStep) * runPitch + Math.floor(distance / axis.runStep) * placePitch;
}

function packed(p: ConvProblem, shape: TileShape): InputTile {
  const size = elementBytes(p.dtype);
  const columns = shape.overColumns ? roundUp(shape.columns, shape.vectorColumns) : shape.columns;
  const z = perTap(1, p.taps[0], 1, p.dilation[0]);
  const y = axisOf(shape.rows, p.taps[1], p.stride[1], p.dilation[1], false);
  const x = axisOf(columns, p.taps[2], p.stride[2], p.dilation[2], shape.overColumns && !shape.unphased);
  const runX = roundUp(x.places * size, 16);
  const row = x.runs * runX;
  const runY = y.places * row;
  const runZ = y.runs * runY;
  const channel = oddLines(z.runs * runZ);
  const rows = p.channels * z.runs * y.runs * y.places * x.runs;
  return {
    packed: true,
    axes: [z, y, x],
    pitches: [channel, runZ, runY, row, runX],
    rowStep: y.outputStep * row,
    columnStep: x.outputStep * size,
    terms: () =>
      termOffsets(p, shape.channels, channel, (kz, ky, kx) => {
        return kz * runZ + tapOffset(y, ky, p.dilation[1], runY, row) + tapOffset(x, kx, p.dilation[2], runX, size);
      }),
    bytes: shape.channels * channel + CACHE_LINE,
    copiedRows: rows,
    copied: rows * x.places,
    step: Math.abs(p.x.space[2]) * x.runStep,
  };
}

/**
 * The terms of a whole frame: for each channel and tap the operands of all outputs of one depth, rows without a gap. Null where these rows
 * are so long that a tile would have to copy its part of them once more.
 */
export function layOutTerms(p: ConvProblem): InputTile | null {
  const size = elementBytes(p.dtype);
  const [, rows, columns] = p.output;
  const term = apart(rows * columns * size);
  if (term >= PAGE) return null;
  const axes = p.output.map((outputs, axis) =>
    perTap(axis === 0 ? 1 : outputs, p.taps[axis]!, p.stride[axis]!, p.dilation[axis]!),
  );
  // The order of the sum is that of the rows.
  const [channel, tap] = p.channelsLast ? [term, p.channels * term] : [product(p.taps) * term, term];
  const runY = p.taps[2] * tap;
  const count = termCount(p);
  return {
    packed: true,
    axes,
    pitches: [channel, p.taps[1] * runY, runY, columns * size, tap],
    rowStep: columns * size,
    columnStep: size,
    terms: () => Int32Array.from({ length: count }, (_, i) => i * term),
    bytes: count * term,
    copiedRows: count * rows,
    copied: count * rows * columns,
    step: Math.abs(p.x.space[2]) * p.stride[2],
  };
}

/** Whole vectors, for they are read so, but no multiple of lines that would bring them into a few sets of L1. */
function apart(bytes: number): number {
  const vectors = roundUp(bytes, VECTOR);
  return vectors % (4 * CACHE_LINE) === 0 ? vectors + VECTOR : vectors;
}

/** An odd number of cache lines, so that channels spread over the sets of L1. */
export function oddLines(bytes: number): number {
  return (Math.ceil(bytes / CACHE_LINE) | 1) * CACHE_LINE;
}

export function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

function termOffsets(
  p: ConvProblem,
  channels: number,
  channel: number,
  at: (kz: number, ky: number, kx: number) => number,
): Int32Array {
  const taps = product(p.taps);
  const terms = new Int32Array(channels * taps);
  const [tapStep, channelStep] = p.channelsLast ? [channels, 1] : [1, taps];
  let tap = 0;
  for (let kz = 0; kz < p.taps[0]; kz++) {
    for (let ky = 0; ky < p.taps[1]; ky++) {
      for (let kx = 0; kx < p.taps[2]; kx++, tap++) {
        const offset = at(kz, ky, kx);
        for (let c = 0; c < channels; c++) terms[tap * tapStep + c * channelStep] = c * channel + offset;
      }
    }
  }
  return terms;
}
