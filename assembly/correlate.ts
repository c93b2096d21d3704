/**
 * Gradients with respect to filters. For the gradient y of the outputs, rows m = (c, z, y, x) of a channel and a tap, pixels p of all images:
 *
 *   w[g, k, m] = Σ_n Σ_p  y[n, g, k, p] · x[n, g, c, s·p + d·(z, y, x) − lo]
 *
 * The sums are long and the results few, so both can be cut: a tile is a run of rows × a run of panels of filters × a block of terms, and
 * `sum_blocks` adds the blocks. A block is walked piece by piece (some images, a rectangle of outputs): a piece of y is packed once and
 * serves all rows (or one of x, and serves all filters), x is read in place or from a padded copy, and accumulators rest in scratch between
 * pieces, one slot per register tile; those of the last piece go straight to w.
 *
 *   Filters   y packed [panel][pixel][filter]: lanes are filters, x is splatted at row + pixel, whatever its strides; or *turned*: x packed
 *             [panel][pixel][row], lanes are rows, which are neighbours in w, and y is splatted where it is
 *   Dots      y packed [filter][vector of pixels]: lanes are pixels, summed at the end of the block; for few filters a group. Its register
 *             tile always has all its rows: where there are fewer, the last one is summed again, and not stored
 *
 * Tiles are numbered with channels innermost, then runs of rows, panels, groups, blocks. Writes: exactly its part of w, or of its block.
 * Order of additions: within a block n, then z, y, x of the outputs; one running sum for Filters, one per lane for Dots. The blocks depend on
 * the problem alone, so the bits depend neither on threads nor on how rows and filters are cut. Cost: rows × filters × pixels multiply-adds.
 *
 * What walks the tiles is compiled once, for any element: `size` is its bytes. What does the work, here at the end and in pieces.ts, is told apart.
 */
import {
  CONV_BATCH, CONV_BLOCKS, CONV_BLOCK_CHANNELS, CONV_BLOCK_STEP, CONV_CHANNELS, CONV_GROUPS, CONV_IMAGE_STEP, CONV_LANES, CONV_LANES_W,
  CONV_LANE_PANEL, CONV_LANE_STEPS, CONV_OUT, CONV_PACKED, CONV_PANELS, CONV_PANEL_COUNT, CONV_PANEL_RUNS, CONV_ROW_RUNS, CONV_SCRATCH_ACC, CONV_SCRATCH_PIXELS,
  CONV_SCRATCH_STARTS, CONV_SCRATCH_Y, CONV_SPLATS, CONV_SPLATS_W, CONV_SPLAT_STEPS, CONV_TAPS, CONV_TILE_BATCH, CONV_TILE_COLUMNS, CONV_TILE_GROUPS,
  CONV_TILE_MR, CONV_TILE_NV, CONV_TILE_ROWS, CONV_TURNED, CONV_W, CONV_W_STRIDES, CONV_X, CONV_X_STRIDES, CONV_Y, CONV_Y_STRIDES, ZERO_BYTES,
} from "./args";
import { contract, Dots, Filters } from "./contract";
import { Vector, VECTORS, vectorBytes } from "./lanes";
import { inputTile } from "./pack";
import { packLanes, packPixels, storeTile } from "./pieces";
import { addUnit } from "./winograd-gradient";
import { ceilDivide, entry, word } from "./words";

export type Form = i32;
export const FILTERS: Form = 0;
export const DOTS: Form = 1;
export const WINOGRAD: Form = 2;

export function correlate(args: usize, scratch: usize, first: i32, last: i32, size: i32, form: Form): void {
  memory.fill(scratch, 0, ZERO_BYTES);
  const channels = word(args, CONV_CHANNELS), block = word(args, CONV_BLOCK_CHANNELS), cuts = ceilDivide(channels, block);
  const rowRuns = word(args, CONV_ROW_RUNS), panelRuns = word(args, CONV_PANEL_RUNS), panelCount = word(args, CONV_PANEL_COUNT);
  const panels = <usize>word(args, CONV_PANELS), groups = word(args, CONV_GROUPS), tileGroups = word(args, CONV_TILE_GROUPS), groupRuns = ceilDivide(groups, tileGroups);
  const taps = word(args, CONV_TAPS) * word(args, CONV_TAPS + 4) * word(args, CONV_TAPS + 8);
  const bandsY = ceilDivide(word(args, CONV_OUT + 4), word(args, CONV_TILE_ROWS)), bandsX = ceilDivide(word(args, CONV_OUT + 8), word(args, CONV_TILE_COLUMNS));
  const pieces = ceilDivide(word(args, CONV_BATCH), word(args, CONV_TILE_BATCH)) * word(args, CONV_OUT) * bandsY * bandsX;
  const blocks = word(args, CONV_BLOCKS);

  for (let tile = first; tile < last; ++tile) {
    let rest = tile;
    const c = rest % cuts * block; rest /= cuts;
    const run = rest % rowRuns; rest /= rowRuns;
    const k0 = entry(panels, rest % panelRuns * panelCount / panelRuns), k1 = entry(panels, (rest % panelRuns + 1) * panelCount / panelRuns); rest /= panelRuns;
    const g0 = rest % groupRuns * tileGroups, b = rest / groupRuns;
    const count = min(block, channels - c), rows = count * taps;
    const m0 = run * rows / rowRuns, m1 = (run + 1) * rows / rowRuns;
    const p0 = <i32>(<i64>b * pieces / blocks), p1 = <i32>((<i64>b + 1) * pieces / blocks);
    for (let g = g0, end = min(groups, g0 + tileGroups); g < end; ++g) {
      let w = <usize>(word(args, CONV_W) + b * word(args, CONV_BLOCK_STEP) + g * word(args, CONV_W_STRIDES) + c * word(args, CONV_W_STRIDES + 8));
      if (form == WINOGRAD) w += <usize>(k0 * word(args, CONV_W_STRIDES + 4));
      for (let p = p0; p < p1; ++p) {
        const frame = p / bandsX / bandsY, z = frame % word(args, CONV_OUT), n = frame / word(args, CONV_OUT) * word(args, CONV_TILE_BATCH);
        const band = p % (bandsX * bandsY), to: usize = p + 1 < p1 ? 0 : w;
        if (form != WINOGRAD) {
          addPiece(args, scratch, size, form == DOTS, p == p0, to, n, z, band / bandsX, band % bandsX, g, c, count, m0, m1, k0, k1);
        } else if (VECTORS) {
          addUnit<Vector>(args, scratch, p == p0, to, n, z, band, g, c, count, k0, k1 - k0);
        } else {
          addUnit<f32>(args, scratch, p == p0, to, n, z, band, g, c, count, k0, k1 - k0);
        }
      }
    }
  }
}

/**
 * Add a piece to the sums of rows m0 … m1 − 1 (counted from channel c) and filters k0 … k1 − 1. The first one, which `opens`, starts
 * them; the last one says by `w` where they go.
 */
function addPiece(
  args: usize, scratch: usize, size: i32, dots: bool, opens: bool, w: usize, n: i32, z: i32, bandY: i32, bandX: i32,
  g: i32, c: i32, channels: i32, m0: i32, m1: i32, k0: i32, k1: i32,
): void {
  const row = bandY * word(args, CONV_TILE_ROWS), column = bandX * word(args, CONV_TILE_COLUMNS);
  const images = min(word(args, CONV_TILE_BATCH), word(args, CONV_BATCH) - n);
  const rows = min(word(args, CONV_TILE_ROWS), word(args, CONV_OUT + 4) - row), columns = min(word(args, CONV_TILE_COLUMNS), word(args, CONV_OUT + 8) - column);

  let image = <usize>(word(args, CONV_X) + n * word(args, CONV_X_STRIDES) + g * word(args, CONV_X_STRIDES + 4) + c * word(args, CONV_X_STRIDES + 8));
  let x: usize = 0;
  for (let i = 0, at = scratch; i < images; ++i, at += <usize>word(args, CONV_IMAGE_STEP), image += <usize>word(args, CONV_X_STRIDES)) {
    const tile = inputOf(args, at, size, image, channels, z, row, column);
    if (!x) x = tile;
    if (!word(args, CONV_PACKED)) break;
  }
  const y = <usize>(word(args, CONV_Y) + n * word(args, CONV_Y_STRIDES) + g * word(args, CONV_Y_STRIDES + 4) + z * word(args, CONV_Y_STRIDES + 12)
    + row * word(args, CONV_Y_STRIDES + 16) + column * word(args, CONV_Y_STRIDES + 20));

  const turned = word(args, CONV_TURNED), L = VECTORS ? 16 / size : 1, wide = word(args, CONV_TILE_NV) * (dots ? 1 : L);
  const table = scratch + <usize>word(args, CONV_SCRATCH_PIXELS), packed = scratch + <usize>word(args, CONV_SCRATCH_Y);
  const end = pixelTable(args, table, dots ? L : 1, images, rows, columns);
  const r0 = turned ? k0 : m0, r1 = turned ? k1 : m1, l0 = turned ? m0 : k0, l1 = turned ? m1 : k1;
  const tall = word(args, CONV_TILE_MR), tiles = ceilDivide(r1 - r0, tall), slot = tall * word(args, CONV_TILE_NV) * L * size;
  const step = opens && w ? 0 : slot;
  const across = ceilDivide(l1 - l0, wide);
  let acc = scratch + <usize>word(args, CONV_SCRATCH_ACC);
  for (let i = 0, all = tiles * across; i < all; ++i, acc += step) {
    // Turned, what follows each other in w is stored in turn: from so many lines, apart by whole filters, the rest is slow to be had.
    const t = turned ? i / across : i % tiles, panel = turned ? i % across : i / tiles, l = l0 + panel * wide;
    const r = r0 + t * (r1 - r0) / tiles, height = r0 + (t + 1) * (r1 - r0) / tiles - r;
    const count = min(wide, l1 - l), vectors = count > L ? word(args, CONV_TILE_NV) : 1, lane = packed + <usize>(panel * word(args, CONV_LANE_PANEL));
    if (!t) packPanel(args, size, dots, lane, turned ? x : y, <usize>(word(args, CONV_LANES) + (l << 2)), count, vectors, images, rows, columns);
    let at = <usize>(word(args, CONV_SPLATS) + (r << 2));
    if (dots) for (let r = 0, from = at, to = at = scratch + <usize>word(args, CONV_SCRATCH_STARTS); r < tall; ++r, to += 4) {
      store<i32>(to, entry(from, min(r, height - 1)));
    }
    contractRows(size, dots, height, vectors, table, end, turned ? y : x, at, lane, opens ? scratch : acc, acc);
    if (w) storeSums(size, dots, acc, vectors * L * size, height, count, w, <usize>(word(args, CONV_SPLATS_W) + (r << 2)), <usize>(word(args, CONV_LANES_W) + (l << 2)));
  }
}

/** Offsets of the terms of a piece from a splatted row's first operand: pixels, or for Dots vectors of pixels. Returns the table's end. */
function pixelTable(args: usize, table: usize, step: i32, images: i32, rows: i32, columns: i32): usize {
  const ofImage = word(args, CONV_SPLAT_STEPS), ofRow = word(args, CONV_SPLAT_STEPS + 4), ofColumn = word(args, CONV_SPLAT_STEPS + 8);
  for (let n = 0; n < images; ++n) {
    for (let r = 0; r < rows; ++r) {
      for (let c = 0; c < columns; c += step, table += 4) store<i32>(table, n * ofImage + r * ofRow + c * ofColumn);
    }
  }
  return table;
}

/** The piece of one panel of lanes. */
function packPanel(
  args: usize, size: i32, dots: bool, to: usize, from: usize, places: usize, count: i32, vectors: i32, images: i32, rows: i32, columns: i32,
): void {
  const step = <usize>word(args, CONV_LANE_STEPS + 8);
  for (let n = 0; n < images; ++n) {
    for (let r = 0; r < rows; ++r) {
      const at = from + <usize>(n * word(args, CONV_LANE_STEPS) + r * word(args, CONV_LANE_STEPS + 4));
      if (size == 4) {
        if (VECTORS) to = dots ? packPixels<f32, Vector>(to, at + entry(places, 0), step, columns) : packLanes<f32, Vector>(to, at, step, columns, places, count, vectors);
        else to = dots ? packPixels<f32, f32>(to, at + entry(places, 0), step, columns) : packLanes<f32, f32>(to, at, step, columns, places, count, vectors);
      } else {
        if (VECTORS) to = dots ? packPixels<f64, Vector>(to, at + entry(places, 0), step, columns) : packLanes<f64, Vector>(to, at, step, columns, places, count, vectors);
        else to = dots ? packPixels<f64, f64>(to, at + entry(places, 0), step, columns) : packLanes<f64, f64>(to, at, step, columns, places, count, vectors);
      }
    }
  }
}

// @ts-ignore: decorator
@inline function storeSums(
  size: i32, dots: bool, acc: usize, pitch: usize, rows: i32, columns: i32, w: usize, places: usize, lanePlaces: usize,
): void {
  if (size == 4) {
    if (VECTORS) storeTile<f32, Vector>(dots, acc, pitch, rows, columns, w, places, lanePlaces);
    else storeTile<f32, f32>(dots, acc, pitch, rows, columns, w, places, lanePlaces);
  } else {
    if (VECTORS) storeTile<f64, Vector>(dots, acc, pitch, rows, columns, w, places, lanePlaces);
    else storeTile<f64, f64>(dots, acc, pitch, rows, columns, w, places, lanePlaces);
  }
}

// @ts-ignore: decorator
@inline function inputOf(args: usize, scratch: usize, size: i32, x: usize, channels: i32, z: i32, row: i32, column: i32): usize {
  if (size == 4) return VECTORS ? inputTile<f32, Vector>(args, scratch, x, channels, z, row, column) : inputTile<f32, f32>(args, scratch, x, channels, z, row, column);
  return VECTORS ? inputTile<f64, Vector>(args, scratch, x, channels, z, row, column) : inputTile<f64, f64>(args, scratch, x, channels, z, row, column);
}

// @ts-ignore: decorator
@inline function contractRows(
  size: i32, dots: bool, rows: i32, vectors: i32, terms: usize, end: usize, x: usize, places: usize, y: usize, from: usize, to: usize,
): void {
  if (size == 4) {
    if (VECTORS) contractForm<f32, Vector>(dots, rows, vectors, terms, end, x, places, y, from, to);
    else contractForm<f32, f32>(dots, rows, vectors, terms, end, x, places, y, from, to);
  } else {
    if (VECTORS) contractForm<f64, Vector>(dots, rows, vectors, terms, end, x, places, y, from, to);
    else contractForm<f64, f64>(dots, rows, vectors, terms, end, x, places, y, from, to);
  }
}

// @ts-ignore: decorator
@inline function contractForm<T, V>(
  dots: bool, rows: i32, vectors: i32, terms: usize, end: usize, x: usize, places: usize, y: usize, from: usize, to: usize,
): void {
  const pitch = <usize>(vectors * vectorBytes<T, V>());
  if (dots) contract<T, V, Dots>(rows, 1, terms, end, x, places, y, from, to, pitch);
  else contract<T, V, Filters>(rows, vectors, terms, end, x, places, y, from, to, pitch);
}
