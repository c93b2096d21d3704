/** Rows of one plane with one filter: what `depthwise`, the second pass of `separable` and the sums of `fft` have in common. */
import { ACTIVATION_LINEAR, CONV_ACTIVATION, CONV_SCRATCH_ACC, CONV_TILE_MR, CONV_TILE_NV } from "./args";
import { contract, Rows } from "./contract";
import { lanes, vectorBytes } from "./lanes";
import { finishTile, storeRows } from "./store";
import { ceilDivide, word } from "./words";

/** The offsets of the rows of a register tile, `step` bytes apart. */
export function rowPlaces(args: usize, places: usize, step: i32): void {
  for (let r = 0, tall = word(args, CONV_TILE_MR); r < tall; ++r) store<i32>(places + (<usize>r << 2), r * step);
}

/**
 * One filter over `rows` × `columns` outputs: taps at the offsets `table … end` from x, rows `xRow` bytes apart (and so in `places`),
 * neighbouring columns neighbours in memory. Adds the bias at `b`, if any, applies the activation, stores to y.
 */
export function planeRows<T, V>(
  args: usize, scratch: usize, x: usize, xRow: i32, places: usize, table: usize, end: usize, w: usize, b: usize,
  y: usize, yRow: i32, yColumn: i32, rows: i32, columns: i32,
): void {
  const size = <i32>sizeof<T>(), L = lanes<T, V>(), vector = vectorBytes<T, V>();
  const tall = word(args, CONV_TILE_MR), wide = word(args, CONV_TILE_NV) * L, bands = ceilDivide(rows, tall);
  const activation = word(args, CONV_ACTIVATION), acc = scratch + <usize>word(args, CONV_SCRATCH_ACC);
  const plain = yColumn == size, linear = !b && activation == ACTIVATION_LINEAR;
  for (let band = 0; band < bands; ++band) {
    const r = band * rows / bands, height = (band + 1) * rows / bands - r;
    for (let c = 0; c < columns; c += wide) {
      const count = min(wide, columns - c), vectors = count > L ? word(args, CONV_TILE_NV) : 1;
      const from = x + <usize>(r * xRow + c * size), to = y + <usize>(r * yRow + c * yColumn);
      const whole = plain && count == vectors * L, sums = whole && linear ? to : acc, pitch = sums == to ? yRow : vectors * vector;
      contract<T, V, Rows>(height, vectors, table, end, from, places, w, scratch, sums, pitch);
      if (sums == to) continue;
      finishTile<T, V>(acc, pitch, height, vectors, whole ? to : acc, whole ? yRow : pitch, b, 0, 0, activation);
      if (!whole) storeRows<T, V>(acc, pitch, height, count, to, yRow, yColumn);
    }
  }
}
