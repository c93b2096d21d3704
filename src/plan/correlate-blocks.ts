/** Argument blocks of gradients with respect to filters. `p` is the forward problem: its w is what is written, its y what is read. */
import * as A from "../../assembly/args.ts";
import { type ConvProblem, product, type Space } from "../problem/problem.ts";
import { blocking, type ConvBlocking, problemWords, Words, wrap } from "./blocks.ts";
import type { BlockImage, Pointer, Region } from "./plan.ts";
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
  readonly rowRuns: number;
  readonly blocks: number;
  readonly imageStep: number;
  readonly scratchY: number;
  readonly scratchRows: number;
}

/** `CONV_TERMS` and `CONV_ROWS_W`: where each row, a channel and a tap of `blockChannels`, begins in the input tile and in w. */
export function correlateBlock(p: ConvProblem, b: CorrelateBlocking): BlockImage {
  const size = elementBytes(p.dtype);
  const { inX, inW } = rowsOf(p, b);
  const filters = (stride: number) => Int32Array.from({ length: p.filters }, (_, k) => wrap(k * stride * size));
  const [inYOfFilters, inWOfFilters] = [filters(p.y.channel), filters(p.w.filter)];
  const tables = [inX, inW, b.panels, inYOfFilters, inWOfFilters];
  return blocking(problemWords(new Words(A.CONV_BYTES, tables), p), b)
    .put(A.CONV_W_STRIDES, ...writtenStrides(p, [0, 0, 0]))
    .put(A.CONV_ROW_RUNS, b.rowRuns)
    .put(A.CONV_BLOCKS, b.blocks)
    .put(A.CONV_BLOCK_STEP, wrap(p.w.size * size))
    .put(A.CONV_IMAGE_STEP, wrap(b.imageStep))
    .put(A.CONV_SCRATCH_Y, b.scratchY, b.scratchRows)
    .table(A.CONV_TERMS, inX)
    .table(A.CONV_ROWS_W, inW)
    .table(A.CONV_PANELS, b.panels)
    .table(A.CONV_FILTERS_Y, inYOfFilters)
    .table(A.CONV_FILTERS_W, inWOfFilters)
    .put(A.CONV_TURNED, b.turned ? 1 : 0)
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
  return { inX: order.map((row) => terms[row]!), inW: order.map((row) => wrap(places[row]! * size)) };
}

export function unsharedGradientBlock(p: ConvProblem, position: Space): BlockImage {
  return problemWords(new Words(A.CONV_BYTES, []), p)
    .put(A.CONV_W_STRIDES, ...writtenStrides(p, position))
    .image();
}

/** `blocks` arrays of `count` elements, one after the other, into one. */
export function sumBlock(size: number, count: number, tile: number, blocks: number): BlockImage {
  return new Words(A.SUM_BYTES, []).put(A.SUM_COUNT, count, tile, blocks, wrap(count * size)).image();
}

export const sumPointers: readonly Pointer[] = [
  { word: A.SUM_SOURCE, region: "work", offset: 0 },
  { word: A.SUM_TARGET, region: "y", offset: 0 },
];

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
export function correlateSegments(p: ConvProblem, b: CorrelateBlocking, first: number, last: number): Int32Array {
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
    next(b.rowRuns); // tiles with runs of rows are not sent
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
