/** Plans of the direct algorithm in its two forms. */
import { AHEAD_LINE, ZERO_BYTES } from "../../assembly/args.ts";
import type { ConvProblem } from "../problem/problem.ts";
import { product, termCount } from "../problem/problem.ts";
import { convBlock, convPointers, packBlock, packPointers } from "./blocks.ts";
import { copyCycles, PACK_CYCLES, storeCycles, streamCycles, TILE_CYCLES, termCycles } from "./costs.ts";
import { type InputTile, layOutInputTile, roundUp } from "./input-tile.ts";
import { type Lanes, type Layout, type Plan, planFrom } from "./plan.ts";
import type { BinaryName, RegisterTile } from "./registers.ts";
import { elementBytes, evenly, laneCount } from "./registers.ts";
import type { Tuning } from "./tuning.ts";

/**
 * Terms of one block: a panel of filters (6 × 144 × 4 bytes) and the pixels' operands then stay in L1 together. Measured
 * by the layers 3×3 64→64 @56 and 1×1 256→64 @56 of `npm run bench`.
 */
const BLOCK_TERMS = 144;
const BLOCK_TERMS_1X1 = 256;
/** Multiply-adds of one tile, about 100 µs at the relaxed peak: long enough to hide a call, short enough to stop. */
const TILE_MULTIPLY_ADDS = 2.5e6;
/** Above this a tile is cut into runs of panels, although each run then packs the same input. */
const LARGEST_TILE_MULTIPLY_ADDS = 1e7;
/** Threads share a problem evenly if it has so many tiles; none need be shorter than some microseconds. */
const SHARED_TILES = 12;
const LEAST_SHARED_MULTIPLY_ADDS = 3e5;
/** Rows that share a padded input tile, so that the rows above and below it are not the most of what is copied. */
const ROWS_PER_PACKED_TILE = 4;
const LONGEST_ROW = 256;
/** Input tile and accumulators should stay in L2. */
const SCRATCH_TARGET = 384 * 1024;
/** A copy of the planes of so few filters of one tap serves too few panels: 96→24 @56 is 1.1 times as fast in place, 128→128 0.98. */
const FEW_FILTERS = 64;
const MOST_PAGES_FOR_FEW = 160;
/** What is copied for one tile of c01b, measured on 3×3 64→64 @16, batch 128 (of nnet.conv2d's speed: 0.95 at 40 KiB, 0.98 at 80, 0.97 uncut). */
const COPY_TARGET = 80 * 1024;
/** A call from JavaScript costs some 50 ns, and the engine promotes functions by their calls: at least this much in each. */
const GRAIN_MULTIPLY_ADDS = 4e5;

/** Places of pixels are added to offsets of terms; measured where both forms fill their tiles (1×1 2048→512 @7). */
const FILTERS_SLOWER = 1.04;

/** Filters of more come from beyond L2 in any call: asked for line by line 3×3/2 512→512 @14 is 1.07 times as fast as by bursts, 1×1/2 1024→2048 @14 1.05. */
const FETCHED_BYTES = 3e6;

/** A sum of nothing is stored all the same: so many multiply-adds take as long. */
const TERMS_OF_NOTHING = 16;

export interface Tiling {
  readonly blockChannels: number;
  readonly blockTerms: number;
  readonly rowTiles: number;
  readonly rows: number;
  readonly columns: number;
  readonly panelRuns: number;
  readonly panels: Int32Array;
  readonly width: number;
  readonly register: RegisterTile;
  readonly input: InputTile;
  readonly accumulatorBytes: number;
}

export interface Candidate {
  /** Tells the candidates of one problem apart. */
  readonly name: string;
  /** Estimated cycles of the main step on one thread. */
  readonly cycles: number;
  readonly build: () => Plan;
}

/** What computes the long rows of gathered.ts: a plan of the problem as it is given, whose main step reads them; it reads all of them so many times. */
export interface OfLongRows {
  readonly name: string;
  readonly cycles: number;
  readonly reads: number;
  readonly layout: () => Layout;
}

/** Pixels of a row of register tiles, for all terms of a block: half of L1. */
const ROW_BYTES = 24 << 10;

/** First filters of panels of at most `most`: even ones, or full ones whose last is widened to whole vectors. */
export function panelsOf(filters: number, most: number, even: boolean): Int32Array {
  const count = Math.ceil(filters / most);
  return Int32Array.from({ length: count + 1 }, (_, i) =>
    even ? Math.floor((i * filters) / count) || 0 : Math.min(i * most, filters),
  );
}

/** Channels of an input tile, and terms of a block. With channels innermost a tile has all of them, and its terms are cut anywhere. */
function blocksOf(p: ConvProblem): { blockChannels: number; blockTerms: number } {
  const taps = product(p.taps);
  const most = taps === 1 ? BLOCK_TERMS_1X1 : BLOCK_TERMS;
  if (p.channelsLast) return { blockChannels: Math.max(1, p.channels), blockTerms: evenPart(termCount(p) || 1, most) };
  const channels = Math.max(1, Math.floor(most / taps));
  const blockChannels = Math.max(1, Math.ceil(p.channels / Math.ceil(p.channels / channels)) || 1);
  return { blockChannels, blockTerms: blockChannels * taps };
}

/** Tiles of at most `mostRows` rows. */
function tilingOf(p: ConvProblem, binary: BinaryName, form: Lanes, register: RegisterTile, mostRows: number): Tiling {
  const lanes = laneCount(binary, p.dtype);
  const vectorColumns = register.vectors * lanes;
  const overColumns = form === "pixels";
  const panels = overColumns ? panelsOf(p.filters, register.rows, true) : panelsOf(p.filters, vectorColumns, false);
  const width = overColumns ? p.filters : roundUp(p.filters, lanes);
  const { blockChannels, blockTerms } = blocksOf(p);
  const perPixel = p.filters * (termCount(p) || TERMS_OF_NOTHING) || 1;
  const rowTiles = Math.max(1, Math.floor(ROW_BYTES / (blockTerms * vectorColumns * elementBytes(p.dtype))));

  const [, outRows, outColumns] = p.output;
  // An even number of parts: of 13 one of two threads computes 7.
  const longest = outColumns > LONGEST_ROW ? outColumns / (2 * Math.ceil(outColumns / LONGEST_ROW / 2)) : LONGEST_ROW;
  let columns = evenPart(outColumns, longest, overColumns ? vectorColumns : register.rows);
  const leastRows = p.taps[1] > 1 ? Math.min(ROWS_PER_PACKED_TILE, outRows) : 1;
  const enough = Math.floor(TILE_MULTIPLY_ADDS / (columns * perPixel));
  let rows = evenPart(outRows, Math.max(leastRows, Math.min(enough, mostRows)));
  const measure = () => {
    const few = product(p.taps) === 1 && p.filters <= FEW_FILTERS;
    const mostPages = few ? MOST_PAGES_FOR_FEW : undefined;
    const input = layOutInputTile(p, { rows, columns, channels: blockChannels, overColumns, vectorColumns, mostPages });
    const strips = rows * Math.ceil(columns / vectorColumns);
    const perTile = rows * columns * perPixel;
    const others = p.batch * p.groups * p.output[0] * Math.ceil(outRows / rows) * Math.ceil(outColumns / columns);
    // Each run packs the same input, if there is any to be packed.
    const shared = Math.min(
      Math.ceil(SHARED_TILES / Math.max(1, others)),
      Math.floor(perTile / LEAST_SHARED_MULTIPLY_ADDS),
    );
    const panelRuns = Math.max(
      1,
      Math.min(panels.length - 1, Math.max(shared, Math.ceil(perTile / LARGEST_TILE_MULTIPLY_ADDS))),
    );
    const slots =
      (overColumns ? strips : Math.ceil((rows * columns) / register.rows)) * Math.ceil((panels.length - 1) / panelRuns);
    const slot = register.rows * register.vectors * lanes * elementBytes(p.dtype);
    // Sums that rest between blocks, and a row of tiles on its way to y.
    const held = (termCount(p) > blockTerms ? Math.max(1, slots) : 0) + (overColumns ? rowTiles : 1);
    return { input, panelRuns, accumulatorBytes: held * slot };
  };
  let { input, panelRuns, accumulatorBytes } = measure();
  // Columns that share no input (the batch of c01b) cost nothing to be cut, and a copy that fits into L1 is read faster.
  if (overColumns && input.packed && p.taps[2] === 1 && p.taps[1] > 1) {
    while (input.bytes > COPY_TARGET && columns > 2 * vectorColumns) {
      columns = roundUp(Math.ceil(columns / 2), vectorColumns);
      ({ input, panelRuns, accumulatorBytes } = measure());
    }
  }
  const tooLarge = () =>
    input.bytes + accumulatorBytes > SCRATCH_TARGET ||
    (rows * columns * perPixel) / Math.max(1, panels.length - 1) > LARGEST_TILE_MULTIPLY_ADDS;
  while (tooLarge() && (rows > 1 || columns > 2 * vectorColumns)) {
    if (rows > 1) rows = Math.ceil(rows / 2);
    else columns = roundUp(Math.ceil(columns / 2), vectorColumns);
    ({ input, panelRuns, accumulatorBytes } = measure());
  }
  return {
    blockChannels,
    blockTerms,
    rowTiles,
    rows,
    columns,
    panelRuns,
    panels,
    width,
    register,
    input,
    accumulatorBytes,
  };
}

/** A part of `whole` of about `most` such that the parts are even, in whole multiples of `multiple`. */
export function evenPart(whole: number, most: number, multiple = 1): number {
  if (whole <= most) return whole;
  return Math.min(whole, roundUp(Math.ceil(whole / Math.ceil(whole / most)), multiple));
}

function estimate(p: ConvProblem, binary: BinaryName, form: Lanes, t: Tiling): number {
  const lanes = laneCount(binary, p.dtype);
  const { rows: most, vectors } = t.register;
  const [depth, outRows, outColumns] = p.output;
  const bands = Math.ceil(outRows / t.rows) * Math.ceil(outColumns / t.columns);
  const images = p.batch * p.groups * depth;
  const over = (count: number) => {
    // Whole tiles of `vectors` vectors and the narrower last one.
    const whole = Math.floor(count / (vectors * lanes));
    const rest = count - whole * vectors * lanes;
    return { whole, rest, last: rest === 0 ? 0 : rest > lanes ? vectors : 1 };
  };
  const along = form === "pixels" ? over(outColumns) : over(p.filters);
  const heights = form === "pixels" ? evenly(p.filters, most) : evenly(t.rows * t.columns, most);
  const extra = (height: number, v: number) => v + height * (form === "pixels" ? 1 : 2);
  const blocks = Math.max(1, Math.ceil(termCount(p) / t.blockTerms));
  const slower = form === "filters" ? FILTERS_SLOWER : 1;
  const tile = (height: number, v: number) =>
    slower * termCount(p) * termCycles(binary, height, v, extra(height, v)) + blocks * TILE_CYCLES;
  const column = (v: number) => heights.reduce((sum, h) => sum + h.tiles * tile(h.height, v), 0);
  // contractPixel has three panels of one pixel at a time, whose six sums wait for each other.
  const alone = form === "pixels" && lanes === 4 && product(p.taps) === 1 && heights.every(({ height }) => height >= 4);
  const threes = heights.reduce((sum, { tiles }) => sum + tiles, 0) / 3;
  const last =
    along.rest === 1 && alone
      ? Math.ceil(threes) * (4 * termCount(p) + blocks * TILE_CYCLES)
      : along.last && column(along.last);
  const strip = along.whole * column(vectors) + last;
  const outputs = images * p.filters * outRows * outColumns;
  return (
    strip * images * (form === "filters" ? bands : outRows) +
    images * bands * t.panelRuns * copyCycles(t.input, binary) +
    images * streamCycles(t.width * termCount(p) * elementBytes(p.dtype), bands) +
    outputs * storeCycles(p, form)
  );
}

/** The direct algorithm with lanes over `form`. It serves every problem whose filters are shared. */
export function directCandidate(p: ConvProblem, binary: BinaryName, form: Lanes, tuning: Tuning): Candidate {
  const { cycles, layout } = directOf(p, p, binary, form, tuning);
  return { name: `direct ${form}`, cycles, build: () => planFrom(layout()) };
}

/** The same over long rows of terms, of the problem `given`. */
export function directOfLongRows(
  given: ConvProblem,
  long: ConvProblem,
  binary: BinaryName,
  tuning: Tuning,
): OfLongRows {
  return { name: "direct", ...directOf(given, long, binary, "pixels", tuning) };
}

function directOf(given: ConvProblem, p: ConvProblem, binary: BinaryName, form: Lanes, tuning: Tuning) {
  const register = tuning.register(binary, laneCount(binary, p.dtype), form);
  const tilingWith = (mostRows: number) => {
    const tiling = tilingOf(p, binary, form, register, mostRows);
    return { tiling, cycles: estimate(p, binary, form, tiling) };
  };
  let best = tilingWith(Number.POSITIVE_INFINITY);
  // Every run of panels copies the input for itself; fewer rows with all panels make as many tiles, but read all filters in each.
  const { rows, panelRuns, input } = best.tiling;
  if (input.packed && panelRuns > 1 && rows > 1) {
    const shorter = tilingWith(Math.ceil(rows / panelRuns));
    if (shorter.cycles < best.cycles) best = shorter;
  }
  const { tiling, cycles } = best;
  const layout = () => layoutOf(given, p, { binary, form, tuning, tiling, cycles });
  return { cycles, reads: tiling.panelRuns, layout };
}

interface Chosen {
  readonly binary: BinaryName;
  readonly form: Lanes;
  readonly tuning: Tuning;
  readonly tiling: Tiling;
  readonly cycles: number;
}

/** Of the problem as its filters are given, and as the main step reads its input. */
function layoutOf(given: ConvProblem, p: ConvProblem, { binary, form, tuning, tiling: t, cycles }: Chosen): Layout {
  const size = elementBytes(p.dtype);
  const lanes = laneCount(binary, p.dtype);
  const type = p.dtype === "float32" ? "f32" : "f64";
  const pixels = t.rows * t.columns;
  const scratchAcc = ZERO_BYTES + AHEAD_LINE;
  const scratchPixels = roundUp(scratchAcc + t.accumulatorBytes, 64);
  const scratchX = roundUp(scratchPixels + (form === "filters" ? 8 * pixels : 0), 64);
  const scratchBytes = scratchX + t.input.bytes;
  const tileBatch = Math.min(tuning.batch, Math.max(1, p.batch));
  const batches = Math.ceil(p.batch / tileBatch);
  const bands = Math.ceil(p.output[1] / t.rows) * Math.ceil(p.output[2] / t.columns);
  const panelCount = t.panels.length - 1;
  const tiles = panelCount === 0 ? 0 : p.groups * t.panelRuns * batches * p.output[0] * bands;
  const perTile = (pixels * tileBatch * p.filters * (termCount(p) || TERMS_OF_NOTHING)) / t.panelRuns;
  const filterBytes = p.groups * t.width * termCount(p) * size;
  const { scratchX: _, ...blocking } = { ...t, scratchX };
  const step = {
    kernel: `direct_${form}_${type}` as const,
    tiles,
    grain: Math.max(1, Math.floor(GRAIN_MULTIPLY_ADDS / Math.max(1, perTile))),
    cycles,
    scratchBytes,
    block: convBlock(p, {
      ...blocking,
      scratchX,
      scratchAcc,
      scratchPixels,
      tileBatch,
      tileGroups: 1,
      fetches: filterBytes > FETCHED_BYTES,
      registerRows: t.register.rows,
      registerVectors: t.register.vectors,
    }),
    pointers: convPointers(p),
  };
  const filterStep = {
    kernel: `pack_filters_${type}` as const,
    tiles: p.groups * panelCount,
    grain: 1 + Math.floor(1e5 / Math.max(1, (t.width * termCount(p)) / Math.max(1, panelCount))),
    cycles: PACK_CYCLES * p.groups * t.width * termCount(p),
    scratchBytes: 0,
    block: packBlock(given, t.panels, t.width, form === "pixels" ? 1 : lanes, t.blockTerms),
    pointers: packPointers(given),
  };
  return {
    problem: given,
    algorithm: "direct",
    lanes: form,
    binary,
    filterSteps: [filterStep],
    filterBytes,
    steps: [step],
    workBytes: 0,
    notes: [...notesOf(p, form, lanes, t, tileBatch), ...tuning.notes],
  };
}

function notesOf(p: ConvProblem, form: Lanes, lanes: number, t: Tiling, tileBatch: number): string[] {
  const { rows, vectors } = t.register;
  const blocks = Math.ceil(termCount(p) / t.blockTerms);
  const vector = `${vectors} ${vectors === 1 ? "vector" : "vectors"} of ${lanes}`;
  return [
    `register tile: ${rows} ${form === "pixels" ? "filters" : "pixels"} × ${vector} ${form === "pixels" ? "pixels" : "filters"}`,
    `tile: ${tileBatch} image × ${t.rows} rows × ${t.columns} columns × ${Math.ceil(p.filters / t.panelRuns)} filters, ` +
      `terms in ${blocks} ${blocks === 1 ? "block" : "blocks"} of ${t.blockTerms}`,
    t.input.packed ? `input: padded per tile in scratch, ${t.input.bytes} bytes` : "input: read in place",
  ];
}
