/**
 * Gradients with respect to filters. For the gradient y of the outputs, rows m = (c, z, y, x) of a channel and a tap, pixels p of all images:
 *
 *   w[g, k, m] = Σ_n Σ_p  y[n, g, k, p] · x[n, g, c, s·p + d·(z, y, x) − lo]
 *
 * The sums are long and the results few, so both can be cut: a tile is a run of rows × a run of panels of filters × a block of terms, and
 * `sum_blocks` adds the blocks. A block is walked piece by piece (some images, a rectangle of outputs): a piece of y is packed once and
 * serves all rows, x is read in place or from a padded copy, and accumulators rest in scratch between pieces, one slot per register tile.
 *
 *   Filters   y packed [panel][pixel][filter]: lanes are filters, x is splatted at row + pixel, whatever its strides
 *   Dots      y packed [filter][vector of pixels]: lanes are pixels, summed at the end of the block; for few filters a group. Its register
 *             tile always has all its rows: where there are fewer, the last one is summed again, and not stored
 *
 * Tiles are numbered with channels innermost, then runs of rows, panels, groups, blocks. Writes: exactly its part of w, or of its block.
 * Order of additions: within a block n, then z, y, x of the outputs; one running sum for Filters, one per lane for Dots. The blocks depend on
 * the problem alone, so the bits depend neither on threads nor on how rows and filters are cut. Cost: rows × filters × pixels multiply-adds.
 *
 * What walks the tiles is compiled once, for any element: `size` is its bytes, `dots` the form. What does the work, here at the end and in pieces.ts, is told apart.
 */
import {
  CONV_BATCH, CONV_BLOCK_CHANNELS, CONV_BLOCK_STEP, CONV_BLOCKS, CONV_CHANNELS, CONV_COLUMN_STEP, CONV_GROUPS, CONV_IMAGE_STEP, CONV_OUT,
  CONV_PACKED, CONV_PANEL_COUNT, CONV_PANEL_RUNS, CONV_PANELS, CONV_ROW_RUNS, CONV_ROW_STEP, CONV_ROWS_W, CONV_SCRATCH_ACC,
  CONV_SCRATCH_PIXELS, CONV_SCRATCH_STARTS, CONV_SCRATCH_Y, CONV_TAPS, CONV_TERMS, CONV_TILE_BATCH, CONV_TILE_COLUMNS, CONV_TILE_GROUPS, CONV_TILE_MR,
  CONV_TILE_NV, CONV_TILE_ROWS, CONV_W, CONV_W_STRIDES, CONV_X, CONV_X_STRIDES, CONV_Y, CONV_Y_STRIDES, ZERO_BYTES,
} from "./args";
import { contract, Dots, Filters } from "./contract";
import { Vector, VECTORS, vectorBytes } from "./lanes";
import { inputTile } from "./pack";
import { packFilterLanes, packPixels, storeTile } from "./pieces";
import { ceilDivide, entry, word } from "./words";

export function correlate(args: usize, scratch: usize, first: i32, last: i32, size: i32, dots: bool): void {
  memory.fill(scratch, 0, ZERO_BYTES);
  const channels = word(args, CONV_CHANNELS), block = word(args, CONV_BLOCK_CHANNELS), cuts = ceilDivide(channels, block);
  const rowRuns = word(args, CONV_ROW_RUNS), panelRuns = word(args, CONV_PANEL_RUNS), panelCount = word(args, CONV_PANEL_COUNT);
  const groups = word(args, CONV_GROUPS), tileGroups = word(args, CONV_TILE_GROUPS), groupRuns = ceilDivide(groups, tileGroups);
  const taps = word(args, CONV_TAPS) * word(args, CONV_TAPS + 4) * word(args, CONV_TAPS + 8);
  const bandsY = ceilDivide(word(args, CONV_OUT + 4), word(args, CONV_TILE_ROWS)), bandsX = ceilDivide(word(args, CONV_OUT + 8), word(args, CONV_TILE_COLUMNS));
  const pieces = ceilDivide(word(args, CONV_BATCH), word(args, CONV_TILE_BATCH)) * word(args, CONV_OUT) * bandsY * bandsX;
  const blocks = word(args, CONV_BLOCKS);

  for (let tile = first; tile < last; ++tile) {
    let rest = tile;
    const c = rest % cuts * block; rest /= cuts;
    const run = rest % rowRuns; rest /= rowRuns;
    const panel0 = rest % panelRuns * panelCount / panelRuns, panel1 = (rest % panelRuns + 1) * panelCount / panelRuns; rest /= panelRuns;
    const g0 = rest % groupRuns * tileGroups, b = rest / groupRuns;
    const count = min(block, channels - c), rows = count * taps;
    const m0 = run * rows / rowRuns, m1 = (run + 1) * rows / rowRuns;
    const p0 = <i32>(<i64>b * pieces / blocks), p1 = <i32>((<i64>b + 1) * pieces / blocks);
    for (let g = g0, end = min(groups, g0 + tileGroups); g < end; ++g) {
      for (let p = p0; p < p1; ++p) {
        const z = p / bandsX / bandsY;
        addPiece(args, scratch, size, dots, p == p0, z / word(args, CONV_OUT), z % word(args, CONV_OUT), p / bandsX % bandsY, p % bandsX, g, c, count, m0, m1, panel0, panel1);
      }
      const w = word(args, CONV_W) + b * word(args, CONV_BLOCK_STEP) + g * word(args, CONV_W_STRIDES) + c * word(args, CONV_W_STRIDES + 8);
      storeSums(args, scratch, size, dots, <usize>w, m0, m1, panel0, panel1);
    }
  }
}

/** Add a piece to the sums of rows m0 … m1 − 1 (counted from channel c) and panels; the first one, which `opens`, starts them. */
function addPiece(
  args: usize, scratch: usize, size: i32, dots: bool, opens: bool, batchAt: i32, z: i32, bandY: i32, bandX: i32,
  g: i32, c: i32, channels: i32, m0: i32, m1: i32, panel0: i32, panel1: i32,
): void {
  const row = bandY * word(args, CONV_TILE_ROWS), column = bandX * word(args, CONV_TILE_COLUMNS), n = batchAt * word(args, CONV_TILE_BATCH);
  const images = min(word(args, CONV_TILE_BATCH), word(args, CONV_BATCH) - n);
  const rows = min(word(args, CONV_TILE_ROWS), word(args, CONV_OUT + 4) - row), columns = min(word(args, CONV_TILE_COLUMNS), word(args, CONV_OUT + 8) - column);

  let image = <usize>(word(args, CONV_X) + n * word(args, CONV_X_STRIDES) + g * word(args, CONV_X_STRIDES + 4) + c * word(args, CONV_X_STRIDES + 8));
  let x: usize = 0;
  for (let i = 0, at = scratch; i < images; ++i, at += <usize>word(args, CONV_IMAGE_STEP), image += <usize>word(args, CONV_X_STRIDES)) {
    const tile = inputOf(args, at, size, image, channels, z, row, column);
    if (!x) x = tile;
    if (!word(args, CONV_PACKED)) break;
  }
  const table = scratch + <usize>word(args, CONV_SCRATCH_PIXELS), L = VECTORS ? 16 / size : 1, vector = L * size;
  const end = pixelTable(args, table, dots ? L : 1, images, rows, columns);
  const y = <usize>(word(args, CONV_Y) + n * word(args, CONV_Y_STRIDES) + g * word(args, CONV_Y_STRIDES + 4) + z * word(args, CONV_Y_STRIDES + 12)
    + row * word(args, CONV_Y_STRIDES + 16) + column * word(args, CONV_Y_STRIDES + 20));

  const panels = <usize>word(args, CONV_PANELS), places = <usize>word(args, CONV_TERMS), packed = scratch + <usize>word(args, CONV_SCRATCH_Y);
  const tall = word(args, CONV_TILE_MR), tiles = ceilDivide(m1 - m0, tall), slot = tall * word(args, CONV_TILE_NV) * vector;
  let acc = scratch + <usize>word(args, CONV_SCRATCH_ACC);
  for (let panel = panel0; panel < panel1; ++panel) {
    const k = entry(panels, panel), filters = entry(panels, panel + 1) - k, vectors = filters > L ? word(args, CONV_TILE_NV) : 1;
    packPanel(args, size, dots, packed, y + <usize>(k * word(args, CONV_Y_STRIDES + 8)), filters, vectors, images, rows, columns);
    for (let t = 0; t < tiles; ++t, acc += slot) {
      const m = m0 + t * (m1 - m0) / tiles, height = m0 + (t + 1) * (m1 - m0) / tiles - m;
      let at = places + (<usize>m << 2);
      if (dots) for (let r = 0, from = at, to = at = scratch + <usize>word(args, CONV_SCRATCH_STARTS); r < tall; ++r, to += 4) {
        store<i32>(to, entry(from, min(r, height - 1)));
      }
      contractRows(size, dots, height, vectors, table, end, x, at, packed, opens ? scratch : acc, acc);
    }
  }
}

/** Offsets of the terms of a piece from a row's first operand: pixels, or for Dots vectors of pixels. Returns the table's end. */
function pixelTable(args: usize, table: usize, step: i32, images: i32, rows: i32, columns: i32): usize {
  const xImage = word(args, CONV_IMAGE_STEP), xRow = word(args, CONV_ROW_STEP), xColumn = word(args, CONV_COLUMN_STEP);
  for (let n = 0; n < images; ++n) {
    for (let r = 0; r < rows; ++r) {
      for (let c = 0; c < columns; c += step, table += 4) store<i32>(table, n * xImage + r * xRow + c * xColumn);
    }
  }
  return table;
}

/** The piece of one panel of y, its filters from `y` on. */
function packPanel(args: usize, size: i32, dots: bool, to: usize, y: usize, filters: i32, vectors: i32, images: i32, rows: i32, columns: i32): void {
  const step = <usize>word(args, CONV_Y_STRIDES + 20), filterStep = <usize>word(args, CONV_Y_STRIDES + 8);
  for (let n = 0; n < images; ++n) {
    let from = y + <usize>(n * word(args, CONV_Y_STRIDES));
    for (let r = 0; r < rows; ++r, from += <usize>word(args, CONV_Y_STRIDES + 16)) {
      if (size == 4) {
        if (VECTORS) to = dots ? packPixels<f32, Vector>(to, from, step, columns) : packFilterLanes<f32, Vector>(to, from, step, columns, filterStep, filters, vectors);
        else to = dots ? packPixels<f32, f32>(to, from, step, columns) : packFilterLanes<f32, f32>(to, from, step, columns, filterStep, filters, vectors);
      } else {
        if (VECTORS) to = dots ? packPixels<f64, Vector>(to, from, step, columns) : packFilterLanes<f64, Vector>(to, from, step, columns, filterStep, filters, vectors);
        else to = dots ? packPixels<f64, f64>(to, from, step, columns) : packFilterLanes<f64, f64>(to, from, step, columns, filterStep, filters, vectors);
      }
    }
  }
}

/** The finished sums of a tile into w, or into the sums of its block. */
function storeSums(args: usize, scratch: usize, size: i32, dots: bool, w: usize, m0: i32, m1: i32, panel0: i32, panel1: i32): void {
  const panels = <usize>word(args, CONV_PANELS), places = <usize>word(args, CONV_ROWS_W), sK = word(args, CONV_W_STRIDES + 4);
  const L = VECTORS ? 16 / size : 1, vector = L * size;
  const tall = word(args, CONV_TILE_MR), tiles = ceilDivide(m1 - m0, tall), slot = tall * word(args, CONV_TILE_NV) * vector;
  let acc = scratch + <usize>word(args, CONV_SCRATCH_ACC);
  for (let panel = panel0; panel < panel1; ++panel) {
    const k = entry(panels, panel), filters = entry(panels, panel + 1) - k, to = w + <usize>(k * sK);
    const pitch = filters > L ? word(args, CONV_TILE_NV) * vector : vector;
    for (let t = 0; t < tiles; ++t, acc += slot) {
      const m = m0 + t * (m1 - m0) / tiles, height = m0 + (t + 1) * (m1 - m0) / tiles - m, at = places + (<usize>m << 2);
      if (size == 4) {
        if (VECTORS) storeTile<f32, Vector>(dots, acc, pitch, height, filters, to, at, sK);
        else storeTile<f32, f32>(dots, acc, pitch, height, filters, to, at, sK);
      } else {
        if (VECTORS) storeTile<f64, Vector>(dots, acc, pitch, height, filters, to, at, sK);
        else storeTile<f64, f64>(dots, acc, pitch, height, filters, to, at, sK);
      }
    }
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
