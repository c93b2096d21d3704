/**
 * Depthwise convolution, forward: one channel per group, any number of filters for it. Nothing is summed over channels,
 * so memory is the limit: a tile is a band of rows of a few planes, its input is read (or padded into scratch) once, and
 * a register tile is MR output rows × NV vectors of pixels that share each weight.
 *
 * Tiles: space innermost, then groups, runs of filters, images. Order of additions: z, y, x, then bias.
 */
import {
  CONV_BIAS, CONV_BLOCK_CHANNELS, CONV_FILTERS, CONV_GROUPS, CONV_NINE_TAPS, CONV_OUT, CONV_PACKED, CONV_PANEL_RUNS, CONV_PITCHES, CONV_ROW_STEP, CONV_SCRATCH_PIXELS, CONV_TAPS, CONV_TERMS,
  CONV_TILE_COLUMNS, CONV_TILE_GROUPS, CONV_TILE_ROWS, CONV_W, CONV_W_GROUP, CONV_X, CONV_X_STRIDES, CONV_Y, CONV_Y_STRIDES, ZERO_BYTES,
} from "./args";
import { N1, N2 } from "./contract";
import { inputTile } from "./pack";
import { maskColumns, nineTaps } from "./nine-taps";
import { planeRows, rowPlaces } from "./rows";
import { twoPasses } from "./separable";
import { ceilDivide, word } from "./words";

/** What is done to a plane: one filter of two axes, or two of one axis each. */
export type Whole = N1;
export type Factors = N2;

/** Walk the tiles; `A` says what is done to each plane of them. */
export function depthwise<T, V, A>(args: usize, scratch: usize, first: i32, last: i32): void {
  memory.fill(scratch, 0, ZERO_BYTES);
  const groups = word(args, CONV_GROUPS), tileGroups = word(args, CONV_TILE_GROUPS), runs = ceilDivide(groups, tileGroups);
  const filters = word(args, CONV_FILTERS), cuts = word(args, CONV_PANEL_RUNS);
  const outZ = word(args, CONV_OUT), outY = word(args, CONV_OUT + 4), outX = word(args, CONV_OUT + 8);
  const tileRows = word(args, CONV_TILE_ROWS), tileColumns = word(args, CONV_TILE_COLUMNS);
  const bandsY = ceilDivide(outY, tileRows), bandsX = ceilDivide(outX, tileColumns);
  // Several planes are copied before the first is read: what was stored a moment ago, and is read at other boundaries, waits in
  // the store buffer. Their stride is that of channels, of which a group has one.
  const planes = word(args, CONV_BLOCK_CHANNELS), step = word(args, CONV_PACKED) ? word(args, CONV_PITCHES) : word(args, CONV_X_STRIDES + 4);
  const xRow = word(args, CONV_ROW_STEP), nine = sizeof<T>() == 4 && lengthof<A>() == lengthof<Whole>() && word(args, CONV_NINE_TAPS) != 0;
  let masked = -1;
  rowPlaces(args, scratch + <usize>word(args, CONV_SCRATCH_PIXELS), xRow);

  for (let tile = first; tile < last; ++tile) {
    let rest = tile;
    const bandX = rest % bandsX; rest /= bandsX;
    const bandY = rest % bandsY; rest /= bandsY;
    const z = rest % outZ; rest /= outZ;
    const g0 = rest % runs * tileGroups; rest /= runs;
    const k0 = rest % cuts * filters / cuts, k1 = (rest % cuts + 1) * filters / cuts, n = rest / cuts;
    const row = bandY * tileRows, rows = min(tileRows, outY - row);
    const column = bandX * tileColumns, columns = min(tileColumns, outX - column);
    if (nine && column != masked) maskColumns(args, scratch, masked = column);
    let y = <usize>(word(args, CONV_Y) + n * word(args, CONV_Y_STRIDES) + g0 * word(args, CONV_Y_STRIDES + 4)
      + z * word(args, CONV_Y_STRIDES + 12) + row * word(args, CONV_Y_STRIDES + 16) + column * word(args, CONV_Y_STRIDES + 20));
    for (let g = g0, end = min(groups, g0 + tileGroups); g < end;) {
      const plane = <usize>(word(args, CONV_X) + n * word(args, CONV_X_STRIDES) + g * word(args, CONV_X_STRIDES + 4));
      const next = min(end, g + planes);
      let x = inputTile<T, V>(args, scratch, plane, next - g, z, row, column);
      if (nine) {
        nineTaps<T, V>(args, scratch, x, step, y, g, next - g, k0, k1, row, column, rows, columns);
        y += (next - g) * word(args, CONV_Y_STRIDES + 4);
        g = next;
      }
      for (; g < next; ++g, x += step, y += word(args, CONV_Y_STRIDES + 4)) {
        if (lengthof<A>() == lengthof<Whole>()) planeTile<T, V>(args, scratch, x, xRow, y, g, k0, k1, rows, columns);
        else twoPasses<T, V>(args, scratch, x, xRow, y, g, k0, k1, rows, columns);
      }
    }
  }
}

/** Filters k0 … k1 − 1 of one group over one rectangle of its plane; rows are split evenly into register tiles. */
function planeTile<T, V>(args: usize, scratch: usize, x: usize, xRow: i32, y: usize, g: i32, k0: i32, k1: i32, rows: i32, columns: i32): void {
  const size = <i32>sizeof<T>();
  const taps = word(args, CONV_TAPS) * word(args, CONV_TAPS + 4) * word(args, CONV_TAPS + 8);
  const table = <usize>word(args, CONV_TERMS), end = table + (<usize>taps << 2);
  const filters = word(args, CONV_FILTERS), bias = word(args, CONV_BIAS);
  const places = scratch + <usize>word(args, CONV_SCRATCH_PIXELS);
  let w = <usize>(word(args, CONV_W) + g * word(args, CONV_W_GROUP) + k0 * taps * size);
  y += k0 * word(args, CONV_Y_STRIDES + 8);
  for (let k = k0; k < k1; ++k, w += taps * size, y += word(args, CONV_Y_STRIDES + 8)) {
    const b = bias ? <usize>(bias + (g * filters + k) * size) : 0;
    planeRows<T, V>(args, scratch, x, xRow, places, table, end, w, b, y, word(args, CONV_Y_STRIDES + 16), word(args, CONV_Y_STRIDES + 20), rows, columns);
  }
}
