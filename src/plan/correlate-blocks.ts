/** Argument blocks of gradients with respect to filters. `p` is the forward problem: its w is what is written, its y what is read. */
import * as A from "../../assembly/args.ts";
import { type ConvProblem, product, type Space } from "../problem/problem.ts";
import { blocking, type ConvBlocking, problemWords, Words, winogradNumbers, wrap } from "./blocks.ts";
import { STORE_CYCLES } from "./costs.ts";
import type { BlockImage, Pointer, Region, Step } from "./plan.ts";
import { elementBytes } from "./registers.ts";

/** The gradient of the outputs is where filters would be. `to` is what the step writes. */
export function gradientPointers(p: ConvProblem, to: Region): Pointer[] {
  const size = elementBytes(p.dtype);
  return [
    { word: A.CONV_X, region: "x", offset: p.x.offset * size },
    { word: A.CONV_Y, region: "filters", offset: p.y.offset * size },
    { word: A.CONV_W, region: to, offset: p.w.offset * size },
  ];
}

function writtenStrides({ dtype, w }: ConvProblem, position: Space): number[] {
  const size = elementBytes(dtype);
  return [w.group, w.filter, w.channel, ...w.space, position[1], position[2]].map((stride) => wrap(stride * size));
}

export interface CorrelateBlocking extends ConvBlocking {
  /** Lanes over rows. */
  readonly turned: boolean;
  /** Bytes of a packed panel, if all are kept, else 0. */
  readonly panelBytes: number;
  readonly rowRuns: number;
  readonly blocks: number;
  readonly imageStep: number;
  readonly scratchY: number;
  readonly scratchRows: number;
}

/** Rows: each a channel and a tap of `blockChannels`. */
export function correlateBlock(p: ConvProblem, b: CorrelateBlocking): BlockImage {
  const size = elementBytes(p.dtype);
  const places = (stride: number) => Int32Array.from({ length: p.filters }, (_, k) => wrap(k * stride * size));
  const { batch, channel, space } = p.y;
  const filters = {
    places: places(channel),
    inW: places(p.w.filter),
    steps: [batch, space[1], space[2]].map((stride) => wrap(stride * size)),
  };
  const rows = { ...rowsOf(p, b), steps: [wrap(b.imageStep), b.input.rowStep, b.input.columnStep] };
  const [splats, lanes] = b.turned ? [filters, rows] : [rows, filters];
  const tables = [b.panels, splats.places, splats.inW, lanes.places, lanes.inW];
  return blocking(problemWords(new Words(A.CONV_BYTES, tables), p), b)
    .put(A.CONV_W_STRIDES, ...writtenStrides(p, [0, 0, 0]))
    .put(A.CONV_ROW_RUNS, b.rowRuns, b.blocks, wrap(p.w.size * size), wrap(b.imageStep))
    .put(A.CONV_SCRATCH_Y, b.scratchY, b.scratchRows, b.turned ? 1 : 0)
    .put(A.CONV_SPLAT_STEPS, ...splats.steps)
    .put(A.CONV_LANE_STEPS, ...lanes.steps)
    .put(A.CONV_LANE_PANEL, b.panelBytes)
    .table(A.CONV_PANELS, b.panels)
    .table(A.CONV_SPLATS, splats.places)
    .table(A.CONV_SPLATS_W, splats.inW)
    .table(A.CONV_LANES, lanes.places)
    .table(A.CONV_LANES_W, lanes.inW)
    .image();
}

/** What `winograd_gradient` needs besides: `panels` are runs of filters. Bytes of a panel and a point of transformed operands, of the sums. */
export interface GradientPoints extends ConvBlocking {
  readonly blocks: number;
  readonly rowRuns: number;
  /** Tiles of a unit, rounded up. */
  readonly tiles: number;
  readonly wide: number;
  readonly vPoint: number;
  readonly vPanel: number;
  readonly mPoint: number;
  readonly mSlot: number;
  readonly scratchTiles: number;
  readonly scratchRows: number;
  readonly scratchV: number;
  readonly scratchM: number;
  readonly scratchY: number;
}

export function winogradGradientBlock(p: ConvProblem, b: GradientPoints): BlockImage {
  const size = elementBytes(p.dtype);
  const { output, y, w, filters } = p;
  // The tiles of y are those of x without their margins, and what lies beyond them counts as zero.
  const places = b.input.axes.map((axis) => ({ ...axis, runs: 1 }));
  const input = { ...b.input, axes: places };
  const asX = { ...p, x: y, input: output, stride: [1, 1, 1] as const, low: [0, 0, 0] as const };
  const gradient = blocking(problemWords(new Words(A.CONV_BYTES, []), asX), { ...b, input }).image().words;
  const terms = Int32Array.from({ length: b.tiles }, (_, tile) => tile * b.wide * size);
  const splats = Int32Array.from(
    { length: filters },
    (_, k) => Math.floor(k / b.wide) * b.vPanel + (k % b.wide) * size,
  );
  const taps = Int32Array.from({ length: 9 }, (_, i) =>
    wrap((Math.floor(i / 3) * w.space[1] + (i % 3) * w.space[2]) * size),
  );
  const numbers = winogradNumbers();
  const tables = [terms, b.panels, splats, taps, numbers, gradient];
  return blocking(problemWords(new Words(A.CONV_BYTES, tables), p), b)
    .put(A.CONV_W_STRIDES, ...writtenStrides(p, [0, 0, 0]))
    .put(A.CONV_ROW_RUNS, b.rowRuns, b.blocks, wrap(w.size * size))
    .put(A.CONV_SIDE, 4)
    .put(A.CONV_POINTS, 6)
    .put(A.CONV_V_POINT, b.vPoint, b.vPanel)
    .put(A.CONV_M_POINT, b.mPoint, b.mSlot)
    .put(A.CONV_SCRATCH_TILES, b.scratchTiles, b.scratchRows, b.scratchV, b.scratchM)
    .put(A.CONV_SCRATCH_Y, b.scratchY)
    .table(A.CONV_TERMS, terms)
    .table(A.CONV_PANELS, b.panels)
    .table(A.CONV_SPLATS, splats)
    .table(A.CONV_LANES_W, taps)
    .table(A.CONV_NUMBERS, numbers)
    .table(A.CONV_GRADIENT, gradient)
    .image();
}

/** Rows as they follow each other in w, so that lanes over them are stored together; channel by channel where the last block has fewer. */
function rowsOf({ dtype, channels, taps, w }: ConvProblem, { blockChannels, input }: CorrelateBlocking) {
  const size = elementBytes(dtype);
  const each = product(taps);
  const places = Float64Array.from({ length: blockChannels * each }, (_, row) => {
    const [c, tap] = [Math.floor(row / each), row % each];
    const [z, y, x] = [Math.floor(tap / taps[2] / taps[1]), Math.floor(tap / taps[2]) % taps[1], tap % taps[2]];
    return c * w.channel + z * w.space[0] + y * w.space[1] + x * w.space[2];
  });
  const run = channels % blockChannels === 0 ? places.length : each;
  const order = Int32Array.from(places, (_, row) => row).sort(
    (a, b) => Math.floor(a / run) - Math.floor(b / run) || places[a]! - places[b]!,
  );
  const terms = input.terms();
  return { places: order.map((row) => terms[row]!), inW: order.map((row) => wrap(places[row]! * size)) };
}

export function unsharedGradientBlock(p: ConvProblem, position: Space): BlockImage {
  return problemWords(new Words(A.CONV_BYTES, []), p)
    .put(A.CONV_W_STRIDES, ...writtenStrides(p, position))
    .image();
}

/** `blocks` arrays of `count` elements, one after the other, into one. */
function sumBlock(size: number, count: number, tile: number, blocks: number): BlockImage {
  return new Words(A.SUM_BYTES, []).put(A.SUM_COUNT, count, tile, blocks, wrap(count * size)).image();
}

const sumPointers: readonly Pointer[] = [
  { word: A.SUM_SOURCE, region: "work", offset: 0 },
  { word: A.SUM_TARGET, region: "y", offset: 0 },
];

/** Elements of one tile of the sum of the blocks. */
const SUM_ELEMENTS = 1024;

/** The results are zeros if there are no blocks. */
export function sumStep(p: ConvProblem, blocks: number): Step {
  const size = elementBytes(p.dtype);
  const levels = Math.ceil(Math.log2(Math.max(2, blocks))) + 1;
  return {
    kernel: `sum_blocks_${p.dtype === "float32" ? "f32" : "f64"}`,
    tiles: Math.ceil(p.w.size / SUM_ELEMENTS),
    grain: Math.max(1, Math.floor(64 / Math.max(1, blocks))),
    cycles: STORE_CYCLES * p.w.size * (1 + blocks),
    scratchBytes: levels * (SUM_ELEMENTS * size + 32),
    block: sumBlock(size, p.w.size, SUM_ELEMENTS, blocks),
    pointers: sumPointers,
  };
}

/** An axis of w: extent and stride, in elements. */
type Axis = readonly [extent: number, stride: number];

/** Runs of bytes of all elements of a strided box, the axes of which are those of a dense array: start, length, … */
function runsOf(origin: number, axes: readonly Axis[], size: number): number[] {
  let start = origin;
  for (const [extent, stride] of axes) if (stride < 0) start += (extent - 1) * stride;
  const order = axes.map(([extent, stride]) => [extent, Math.abs(stride)] as const).sort((a, b) => a[1] - b[1]);
  let run = 1;
  let starts = [start];
  for (const [extent, stride] of order) {
    if (extent === 1) continue;
    if (stride === run && starts.length === 1) run *= extent;
    else starts = starts.flatMap((at) => Array.from({ length: extent }, (_, i) => at + i * stride));
  }
  return starts.flatMap((at) => [at * size, run * size]);
}

/** What tiles first … last − 1 of `correlate` write, of w or of the blocks: its numbering of tiles read backwards. */
export function correlateSegments(p: ConvProblem, b: ConvBlocking, first: number, last: number): Int32Array {
  const size = elementBytes(p.dtype);
  const { w, taps } = p;
  const list: number[] = [];
  const cuts = Math.ceil(p.channels / b.blockChannels);
  const panelCount = b.panels.length - 1;
  for (let tile = first; tile < last; tile++) {
    let rest = tile;
    const next = (count: number) => {
      const at = rest % count;
      rest = Math.floor(rest / count);
      return at;
    };
    const c = next(cuts) * b.blockChannels;
    // Tiles with runs of rows are not sent: they would come here.
    const run = next(b.panelRuns);
    const g0 = next(Math.ceil(p.groups / b.tileGroups)) * b.tileGroups;
    const panel = (i: number) => b.panels[Math.floor((i * panelCount) / b.panelRuns)]!;
    const [k0, k1] = [panel(run), panel(run + 1)];
    const origin = rest * w.size + w.offset + g0 * w.group + c * w.channel + k0 * w.filter;
    const axes: Axis[] = [
      [Math.min(b.tileGroups, p.groups - g0), w.group],
      [k1 - k0, w.filter],
      [Math.min(b.blockChannels, p.channels - c), w.channel],
      ...taps.map((extent, i): Axis => [extent, w.space[i]!]),
    ];
    for (const value of runsOf(origin, axes, size)) list.push(value);
  }
  return Int32Array.from(list);
}
