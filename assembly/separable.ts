/**
 * Filters that are the product of a column and a row, in two passes over one tile: down the columns of the input tile, phases and
 * all, into `CONV_BETWEEN`, which stays in the cache, and then along its rows into y.
 *
 *   between[r, q] = Σ_i column[i] · x[s·r + d·i, q]        y[r, c] = Σ_j row[j] · between[r, q(c) + offset[j]]
 *
 * ky + kx multiply-adds an output instead of ky · kx. `CONV_TERMS` holds the ky offsets of the first pass, then the kx of the
 * second; filters are [filter][column, then row]. Order of additions: as written, then bias.
 */
import {
  CONV_BETWEEN, CONV_BETWEEN_COLUMNS, CONV_BETWEEN_ROW, CONV_BIAS, CONV_FILTERS, CONV_PACKED, CONV_SCRATCH_PIXELS, CONV_TAPS, CONV_TERMS, CONV_TILE_MR,
  CONV_TILE_NV, CONV_W, CONV_W_GROUP, CONV_Y_STRIDES,
} from "./args";
import { contract, Rows } from "./contract";
import { lanes } from "./lanes";
import { planeRows, rowPlaces } from "./rows";
import { ceilDivide, word } from "./words";

/** Filters k0 … k1 − 1 of one group over one rectangle of its plane. */
export function twoPasses<T, V>(args: usize, scratch: usize, x: usize, xRow: i32, y: usize, g: i32, k0: i32, k1: i32, rows: i32, columns: i32): void {
  const size = <i32>sizeof<T>();
  const ky = word(args, CONV_TAPS + 4), kx = word(args, CONV_TAPS + 8);
  const down = <usize>word(args, CONV_TERMS), along = down + (<usize>ky << 2), end = along + (<usize>kx << 2);
  const filters = word(args, CONV_FILTERS), bias = word(args, CONV_BIAS);
  const between = scratch + <usize>word(args, CONV_BETWEEN), pitch = word(args, CONV_BETWEEN_ROW);
  const places = scratch + <usize>word(args, CONV_SCRATCH_PIXELS), placesBetween = places + (<usize>word(args, CONV_TILE_MR) << 2);
  rowPlaces(args, placesBetween, pitch);
  const wide = word(args, CONV_BETWEEN_COLUMNS) + (word(args, CONV_PACKED) ? 0 : columns);
  let w = <usize>(word(args, CONV_W) + g * word(args, CONV_W_GROUP) + k0 * (ky + kx) * size);
  y += k0 * word(args, CONV_Y_STRIDES + 8);
  for (let k = k0; k < k1; ++k, w += (ky + kx) * size, y += word(args, CONV_Y_STRIDES + 8)) {
    downColumns<T, V>(args, scratch, x, xRow, places, down, along, w, between, pitch, rows, wide);
    const b = bias ? <usize>(bias + (g * filters + k) * size) : 0;
    planeRows<T, V>(args, scratch, between, pitch, placesBetween, along, end, w + <usize>(ky * size), b,
      y, word(args, CONV_Y_STRIDES + 16), word(args, CONV_Y_STRIDES + 20), rows, columns);
  }
}

/** Columns outer, rows inner: a strip of one register tile's width stays in L1 while it is walked down. */
function downColumns<T, V>(
  args: usize, scratch: usize, x: usize, xRow: i32, places: usize, table: usize, end: usize, w: usize, between: usize, pitch: i32, rows: i32, columns: i32,
): void {
  const size = <i32>sizeof<T>(), L = lanes<T, V>(), nv = word(args, CONV_TILE_NV), wide = nv * L;
  const bands = ceilDivide(rows, word(args, CONV_TILE_MR));
  for (let c = 0; c < columns; c += wide) {
    for (let band = 0; band < bands; ++band) {
      const r = band * rows / bands, height = (band + 1) * rows / bands - r;
      contract<T, V, Rows>(height, columns - c > L ? nv : 1, table, end, x + <usize>(r * xRow + c * size), places, w, scratch,
        between + <usize>(r * pitch + c * size), pitch);
    }
  }
}
