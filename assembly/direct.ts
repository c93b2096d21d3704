/**
 * Direct convolution, forward, in its two forms. A tile is a run of filter panels × a rectangle of output pixels at one
 * depth, for `CONV_TILE_BATCH` images. Inside: blocks of terms outermost (their packed filters and input stay in L1),
 * then the register tiles; accumulators rest in scratch between blocks, one slot per register tile.
 *
 * Tiles are numbered with space innermost, then images, panel runs and groups, so that neighbours share filters.
 * Reads: x in place, or the padded input tile that packTile lays into scratch. Writes: exactly the outputs of the tile.
 * Order of additions of one output: channel, z, y, x (or z, y, x, channel, as the problem wants it), then bias. Cost: terms × pixels × filters multiply-adds.
 */
import {
  ACTIVATION_LINEAR, CONV_ACTIVATION, CONV_BATCH, CONV_BIAS, CONV_BLOCK_CHANNELS, CONV_BLOCK_TERMS, CONV_CHANNELS, CONV_COLUMN_STEP, CONV_FETCHES, CONV_FILTERS, CONV_OUT,
  CONV_PANEL_COUNT, CONV_PANEL_RUNS, CONV_PANELS, CONV_ROW_STEP, CONV_ROW_TILES, CONV_SCRATCH_ACC, CONV_SCRATCH_PIXELS, CONV_TAPS, CONV_TERMS,
  CONV_TILE_BATCH, CONV_TILE_COLUMNS, CONV_TILE_MR, CONV_TILE_NV, CONV_TILE_ROWS, CONV_W, CONV_W_GROUP, CONV_W_WIDTH, CONV_X,
  CONV_X_STRIDES, CONV_Y, CONV_Y_STRIDES, ZERO_BYTES,
} from "./args";
import { askForNothing, askWhile, fetchLines, LEAST_TILES, sinkOf } from "./ahead";
import { areThree, contract, contractPixel, contractRow, Evenly, Filters, Pixels } from "./contract";
import { lanes, vectorBytes } from "./lanes";
import { inputTile } from "./pack";
import { finishTile, storeColumns, storeRows } from "./store";
import { ceilDivide, entry, word } from "./words";

/** Filters that contractPixel has in a vector. */
// @ts-ignore: decorator
@inline const FOUR: i32 = 4;

/** Walk the tiles and their blocks of channels; `F` says how a block is contracted. */
export function direct<T, V, F>(args: usize, scratch: usize, first: i32, last: i32): void {
  memory.fill(scratch, 0, ZERO_BYTES);
  askForNothing(scratch + ZERO_BYTES);
  const size = <i32>sizeof<T>();
  const batch = word(args, CONV_BATCH), tileBatch = word(args, CONV_TILE_BATCH), batches = ceilDivide(batch, tileBatch);
  const outZ = word(args, CONV_OUT), outY = word(args, CONV_OUT + 4), outX = word(args, CONV_OUT + 8);
  const tileRows = word(args, CONV_TILE_ROWS), tileColumns = word(args, CONV_TILE_COLUMNS);
  const bandsY = ceilDivide(outY, tileRows), bandsX = ceilDivide(outX, tileColumns);
  const runs = word(args, CONV_PANEL_RUNS), panelCount = word(args, CONV_PANEL_COUNT);
  const channels = word(args, CONV_CHANNELS), block = word(args, CONV_BLOCK_CHANNELS), blockTerms = word(args, CONV_BLOCK_TERMS);
  const table = <usize>word(args, CONV_TERMS);
  const taps = word(args, CONV_TAPS) * word(args, CONV_TAPS + 4) * word(args, CONV_TAPS + 8);

  const spaces = bandsX * bandsY * outZ * batches;

  for (let tile = first; tile < last; ++tile) {
    let rest = tile % spaces;
    const bandX = rest % bandsX; rest /= bandsX;
    const bandY = rest % bandsY, z = rest / bandsY % outZ;
    const n0 = rest / bandsY / outZ * tileBatch;
    const run = tile / spaces % runs, g = tile / spaces / runs;
    const row = bandY * tileRows, column = bandX * tileColumns;
    const rows = min(tileRows, outY - row), columns = min(tileColumns, outX - column);
    const panel0 = run * panelCount / runs, panel1 = (run + 1) * panelCount / runs;
    const w = <usize>(word(args, CONV_W) + g * word(args, CONV_W_GROUP));

    for (let n = n0, end = min(batch, n0 + tileBatch); n < end; ++n) {
      const image = word(args, CONV_X) + n * word(args, CONV_X_STRIDES) + g * word(args, CONV_X_STRIDES + 4);
      const y = <usize>(word(args, CONV_Y) + n * word(args, CONV_Y_STRIDES) + g * word(args, CONV_Y_STRIDES + 4)
        + z * word(args, CONV_Y_STRIDES + 12) + row * word(args, CONV_Y_STRIDES + 16) + column * word(args, CONV_Y_STRIDES + 20));
      let c = 0;
      do {
        const count = min(block, channels - c), total = count * taps;
        const from = <usize>(image + c * word(args, CONV_X_STRIDES + 8));
        const x = inputTile<T, V>(args, scratch, from, count, z, row, column);
        let t = 0;
        do {
          const filters = w + <usize>((c * taps + t) * word(args, CONV_W_WIDTH) * size), some = min(blockTerms, total - t), closes = c + block >= channels && t + blockTerms >= total;
          if (lengthof<F>() == lengthof<Pixels>() && sizeof<T>() == 4 && taps == 1 && word(args, CONV_FETCHES)) {
            const after = closes && n + 1 == end ? tile + 1 : tile;
            if (after < last) askForBlock(args, scratch, after / spaces, closes ? 0 : c + t + some, wholeTiles<T, V>(args, rows, columns));
          }
          contractBlock<T, V, F>(args, scratch, x, filters, table + (<usize>t << 2), some, c == 0 && t == 0, closes, g, panel0, panel1, rows, columns, y);
          t += blockTerms;
        } while (t < total);
        c += block;
      } while (c < channels);
    }
  }
}

/** Ask for the filters of a run, counted over all groups, that meet the block of channels from `c` on, while so many `tiles` meet others. */
function askForBlock(args: usize, scratch: usize, run: i32, c: i32, tiles: i32): void {
  const runs = word(args, CONV_PANEL_RUNS), panelCount = word(args, CONV_PANEL_COUNT), panels = <usize>word(args, CONV_PANELS);
  const k = entry(panels, run % runs * panelCount / runs), filters = entry(panels, (run % runs + 1) * panelCount / runs) - k;
  const terms = min(word(args, CONV_BLOCK_TERMS), word(args, CONV_CHANNELS) - c) * 4;
  const w = word(args, CONV_W) + run / runs * word(args, CONV_W_GROUP) + c * word(args, CONV_W_WIDTH) * 4 + k * terms;
  askWhile(scratch + ZERO_BYTES, <usize>w, filters * terms, tiles);
}

/** Register tiles of all vectors, which ask. */
// @ts-ignore: decorator
@inline function wholeTiles<T, V>(args: usize, rows: i32, columns: i32): i32 {
  const L = lanes<T, V>(), wide = word(args, CONV_TILE_NV) * L;
  return wide > L ? rows * ((columns + wide - L - 1) / wide) : 0;
}

/** One block of terms for every register tile of the tile. `opens` starts the sums, `closes` stores them. */
// @ts-ignore: decorator
@inline function contractBlock<T, V, F>(
  args: usize, scratch: usize, x: usize, w: usize, table: usize, terms: i32, opens: bool, closes: bool,
  g: i32, panel0: i32, panel1: i32, rows: i32, columns: i32, y: usize,
): void {
  if (lengthof<F>() == lengthof<Pixels>()) {
    lanesOverPixels<T, V>(args, scratch, x, w, table, terms, opens, closes, g, panel0, panel1, rows, columns, y);
  } else {
    lanesOverFilters<T, V>(args, scratch, x, w, table, terms, opens, closes, g, panel0, panel1, rows, columns, y);
  }
}

/** Rows of pixel tiles outer, filter panels inner: the pixels' operands stay in L1 while the packed filters stream past. */
function lanesOverPixels<T, V>(
  args: usize, scratch: usize, x: usize, w: usize, table: usize, terms: i32, opens: bool, closes: bool,
  g: i32, panel0: i32, panel1: i32, rows: i32, columns: i32, y: usize,
): void {
  const size = <i32>sizeof<T>(), L = lanes<T, V>(), vector = vectorBytes<T, V>();
  const end = table + (<usize>terms << 2);
  const panels = <usize>word(args, CONV_PANELS);
  const wide = word(args, CONV_TILE_NV) * L, slot = word(args, CONV_TILE_MR) * word(args, CONV_TILE_NV) * vector;
  const xRow = word(args, CONV_ROW_STEP);
  const yK = word(args, CONV_Y_STRIDES + 8), yRow = word(args, CONV_Y_STRIDES + 16), yColumn = word(args, CONV_Y_STRIDES + 20);
  const bias = word(args, CONV_BIAS), activation = word(args, CONV_ACTIVATION), filters = word(args, CONV_FILTERS);
  const oneBlock = opens && closes;
  // Where lanes of y follow each other whole vectors go straight into y, or by way of a row of sums that stays in L1.
  const plain = closes && yColumn == size, linear = !bias && activation == ACTIVATION_LINEAR;
  const row = scratch + <usize>word(args, CONV_SCRATCH_ACC);
  let acc = oneBlock ? row : row + <usize>(word(args, CONV_ROW_TILES) * slot);
  // With one tap the terms are channels. Others, and float64, do with the table.
  const evenly = sizeof<T>() == 4, offsets = <usize>word(args, CONV_TERMS);
  // The same for all blocks, for the sums that rest between them are laid out by it.
  const step: usize = evenly && word(args, CONV_TAPS) * word(args, CONV_TAPS + 4) * word(args, CONV_TAPS + 8) == 1 && word(args, CONV_BLOCK_TERMS) > 1
    ? <usize>(entry(offsets, 1) - entry(offsets, 0)) : 0;

  const bursts = word(args, CONV_FETCHES) && !(step && wholeTiles<T, V>(args, rows, columns) >= LEAST_TILES);

  for (let r = 0; r < rows; ++r) {
    for (let c = 0, tiles = 1; c < columns; c += tiles * wide) {
      tiles = max(1, min(word(args, CONV_ROW_TILES), (columns - c) / wide));
      const count = min(tiles * wide, columns - c), vectors = count > L ? word(args, CONV_TILE_NV) : 1;
      const pixel = x + <usize>(r * xRow + c * size), whole = plain && count % (vectors * L) == 0;
      let p = panel0;
      if (evenly && L == FOUR && step && count == 1) {
        for (; areThree(panels, p, panel1); p += 3) {
          const k0 = entry(panels, p), k1 = entry(panels, p + 1), k2 = entry(panels, p + 2), k3 = entry(panels, p + 3);
          const w0 = w + <usize>(k0 * terms * size), w1 = w + <usize>(k1 * terms * size), w2 = w + <usize>(k2 * terms * size);
          contractPixel<T, V>(step, terms, pixel, w0, w1, w2, k1 - k0, k2 - k1, k3 - k2, opens ? scratch : acc, opens ? 0 : vector, closes ? row : acc);
          if (closes) {
            for (let i = 0, sum = row; i < 6; ++i, sum += vector) {
              const k = i & 1 ? entry(panels, p + (i >> 1) + 1) - FOUR : entry(panels, p + (i >> 1));
              finishTile<T, V>(sum, vector, 1, 1, sum, vector, bias ? <usize>(bias + (g * filters + k) * size) : 0, 0, size, activation);
              storeRows<T, V>(sum, size, FOUR, 1, y + <usize>(k * yK + r * yRow + c * yColumn), yK, size);
            }
          }
          if (!oneBlock) acc += 3 * slot;
        }
      }
      for (; p < panel1; ++p) {
        const k = entry(panels, p), height = entry(panels, p + 1) - k;
        const panel = w + <usize>(k * terms * size), from = opens ? scratch : acc, to = y + <usize>(k * yK + r * yRow + c * yColumn);
        const sums = !closes ? acc : whole && linear ? to : row;
        const pitch = sums == to ? yK : whole ? tiles * wide * size : vectors * vector;
        const fromNext = opens ? 0 : slot, sumsNext = whole ? wide * size : slot;
        if (bursts && r == 0 && c == 0) fetchLines(panel, height * terms * size, sinkOf(scratch + ZERO_BYTES));
        if (evenly && step) contractRow<T, V, Evenly>(height, vectors, step, panel + <usize>(height * terms * size), pixel, panel, from, sums, pitch, tiles, wide * size, fromNext, sumsNext, scratch + ZERO_BYTES);
        else contractRow<T, V, Pixels>(height, vectors, table, end, pixel, panel, from, sums, pitch, tiles, wide * size, fromNext, sumsNext, 0);
        const b = bias ? <usize>(bias + (g * filters + k) * size) : 0;
        if (closes && sums != to) {
          if (whole) finishTile<T, V>(sums, pitch, height, tiles * vectors, to, yK, b, size, 0, activation);
          else {
            for (let t = 0, sum = sums; t < tiles; ++t, sum += slot) {
              finishTile<T, V>(sum, pitch, height, vectors, sum, pitch, b, size, 0, activation);
              storeRows<T, V>(sum, pitch, height, min(wide, count - t * wide), to + <usize>(t * wide * yColumn), yK, yColumn);
            }
          }
        }
        if (!oneBlock) acc += tiles * slot;
      }
    }
  }
}

/** Filter panel outer, pixel tiles inner. A tile's pixels are split evenly; each has its offsets into x and y in a table. */
function lanesOverFilters<T, V>(
  args: usize, scratch: usize, x: usize, w: usize, table: usize, terms: i32, opens: bool, closes: bool,
  g: i32, panel0: i32, panel1: i32, rows: i32, columns: i32, y: usize,
): void {
  const size = <i32>sizeof<T>(), L = lanes<T, V>(), vector = vectorBytes<T, V>();
  const end = table + (<usize>terms << 2);
  const panels = <usize>word(args, CONV_PANELS);
  const tall = word(args, CONV_TILE_MR), slot = tall * word(args, CONV_TILE_NV) * vector;
  const xRow = word(args, CONV_ROW_STEP), xColumn = word(args, CONV_COLUMN_STEP);
  const yK = word(args, CONV_Y_STRIDES + 8), yRow = word(args, CONV_Y_STRIDES + 16), yColumn = word(args, CONV_Y_STRIDES + 20);
  const bias = word(args, CONV_BIAS), activation = word(args, CONV_ACTIVATION), filters = word(args, CONV_FILTERS);
  const oneBlock = opens && closes;
  const pixels = rows * columns, tiles = ceilDivide(pixels, tall);
  const xAt = scratch + <usize>word(args, CONV_SCRATCH_PIXELS), yAt = xAt + (<usize>pixels << 2);
  for (let r = 0, i: usize = 0; r < rows; ++r) {
    for (let c = 0; c < columns; ++c, i += 4) {
      store<i32>(xAt + i, r * xRow + c * xColumn);
      store<i32>(yAt + i, r * yRow + c * yColumn);
    }
  }
  let acc = scratch + <usize>word(args, CONV_SCRATCH_ACC);

  for (let p = panel0; p < panel1; ++p) {
    const k = entry(panels, p), count = entry(panels, p + 1) - k;
    const vectors = count > L ? word(args, CONV_TILE_NV) : 1, pitch = vectors * vector;
    const b = bias ? <usize>(bias + (g * filters + k) * size) : 0;
    for (let t = 0; t < tiles; ++t) {
      const i0 = t * pixels / tiles, height = (t + 1) * pixels / tiles - i0;
      contract<T, V, Filters>(height, vectors, table, end, x, xAt + (<usize>i0 << 2), w + <usize>(k * terms * size),
        opens ? scratch : acc, acc, pitch);
      if (closes) {
        finishTile<T, V>(acc, pitch, height, vectors, acc, pitch, b, 0, size, activation);
        storeColumns<T, V>(acc, pitch, height, count, y + <usize>(k * yK), yAt + (<usize>i0 << 2), yK);
      }
      if (!oneBlock) acc += slot;
    }
  }
}
