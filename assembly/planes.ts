/**
 * Depthwise convolution with lanes over planes: for small maps, whose rows fill no vectors, and for strides, which would cut rows
 * into phases. A block of planes, as many as the register tile has lanes, is copied into scratch with the lanes innermost and
 * zeros round it; the sums are those of pixels side by side; the outputs are turned back into planes.
 *
 * Tiles: space innermost, then runs of groups, images, as in `depthwise`. Order of additions: y, x, then bias. Needs depth 1, one
 * channel and one filter a group, rows of x and y whose columns follow each other.
 */
import {
  CONV_ACTIVATION, CONV_BIAS, CONV_DILATION, CONV_GROUPS, CONV_IN, CONV_LOW, CONV_OUT, CONV_SCRATCH_ACC, CONV_SCRATCH_PIXELS, CONV_SCRATCH_X,
  CONV_STRIDE, CONV_TAPS, CONV_TERMS, CONV_TILE_COLUMNS, CONV_TILE_GROUPS, CONV_TILE_MR, CONV_TILE_NV, CONV_TILE_ROWS, CONV_W, CONV_X,
  CONV_X_STRIDES, CONV_Y, CONV_Y_STRIDES, ZERO_BYTES,
} from "./args";
import { contract, Planes } from "./contract";
import { lanes, transpose, vectorBytes } from "./lanes";
import { finishTile } from "./store";
import { ceilDivide, word } from "./words";

export function depthwisePlanes<T, V>(args: usize, scratch: usize, first: i32, last: i32): void {
  memory.fill(scratch, 0, ZERO_BYTES);
  const size = <i32>sizeof<T>(), wide = word(args, CONV_TILE_NV) * lanes<T, V>();
  const groups = word(args, CONV_GROUPS), tileGroups = word(args, CONV_TILE_GROUPS), runs = ceilDivide(groups, tileGroups);
  const outY = word(args, CONV_OUT + 4), outX = word(args, CONV_OUT + 8), taps = word(args, CONV_TAPS + 4) * word(args, CONV_TAPS + 8);
  const tileRows = word(args, CONV_TILE_ROWS), tileColumns = word(args, CONV_TILE_COLUMNS);
  const bandsY = ceilDivide(outY, tileRows), bandsX = ceilDivide(outX, tileColumns), bias = word(args, CONV_BIAS);

  for (let tile = first; tile < last; ++tile) {
    const column = tile % bandsX * tileColumns, row = tile / bandsX % bandsY * tileRows, rest = tile / bandsX / bandsY;
    const g0 = rest % runs * tileGroups, n = rest / runs, end = min(groups, g0 + tileGroups);
    const rows = min(tileRows, outY - row), columns = min(tileColumns, outX - column);
    // The input rectangle, and the part of it that there is.
    const top = row * word(args, CONV_STRIDE + 4) - word(args, CONV_LOW + 4), left = column * word(args, CONV_STRIDE + 8) - word(args, CONV_LOW + 8);
    const height = extent(args, 4, rows), width = extent(args, 8, columns);
    const y0 = max(0, -top), y1 = min(height, word(args, CONV_IN + 4) - top), x0 = max(0, -left), x1 = min(width, word(args, CONV_IN + 8) - left);
    const copy = scratch + <usize>word(args, CONV_SCRATCH_X), pitch = width * wide * size;
    if (y0 > 0 || x0 > 0 || y1 < height || x1 < width) memory.fill(copy, 0, <usize>(height * pitch));
    listPlaces(args, scratch + <usize>word(args, CONV_SCRATCH_PIXELS), rows, columns, pitch, wide * size);
    for (let g = g0; g < end; g += wide) {
      const count = min(wide, end - g);
      const x = <usize>(word(args, CONV_X) + n * word(args, CONV_X_STRIDES) + g * word(args, CONV_X_STRIDES + 4)
        + (top + y0) * word(args, CONV_X_STRIDES + 16) + (left + x0) * size);
      if (y1 > y0 && x1 > x0) {
        turnIn<T, V>(x, word(args, CONV_X_STRIDES + 4), word(args, CONV_X_STRIDES + 16), copy + <usize>(y0 * pitch + x0 * wide * size), pitch, wide, count, y1 - y0, x1 - x0);
      }
      const sums = sumPixels<T, V>(args, scratch, copy, <usize>(word(args, CONV_W) + g * taps * size), rows * columns, bias ? <usize>(bias + g * size) : 0);
      const y = <usize>(word(args, CONV_Y) + n * word(args, CONV_Y_STRIDES) + g * word(args, CONV_Y_STRIDES + 4)
        + row * word(args, CONV_Y_STRIDES + 16) + column * size);
      turnOut<T, V>(sums, wide, count, y, word(args, CONV_Y_STRIDES + 4), word(args, CONV_Y_STRIDES + 16), rows, columns);
    }
  }
}

/** Input positions of `outputs` outputs on the axis whose words stand `axis` bytes into its fields. */
// @ts-ignore: decorator
@inline function extent(args: usize, axis: i32, outputs: i32): i32 {
  return (outputs - 1) * word(args, CONV_STRIDE + axis) + (word(args, CONV_TAPS + axis) - 1) * word(args, CONV_DILATION + axis) + 1;
}

function listPlaces(args: usize, places: usize, rows: i32, columns: i32, pitch: i32, each: i32): void {
  const down = pitch * word(args, CONV_STRIDE + 4), across = each * word(args, CONV_STRIDE + 8);
  for (let r = 0; r < rows; ++r) {
    for (let c = 0; c < columns; ++c, places += 4) store<i32>(places, r * down + c * across);
  }
}

/** `count` planes of `height` rows of `width` elements, into a copy with `wide` lanes innermost. Squares at the end of a row overlap. */
function turnIn<T, V>(x: usize, plane: i32, row: i32, to: usize, pitch: i32, wide: i32, count: i32, height: i32, width: i32): void {
  const size = <i32>sizeof<T>(), L = lanes<T, V>(), lane = wide * size;
  const square = width >= L ? count / L * L : 0;
  for (let i = 0; i < height; ++i, x += <usize>row, to += <usize>pitch) {
    for (let p = 0; p < square; p += L) {
      const from = x + <usize>(p * plane), at = to + <usize>(p * size);
      let c = 0;
      for (; c + L < width; c += L) transpose<T, V>(from + <usize>(c * size), plane, at + <usize>(c * lane), lane);
      transpose<T, V>(from + <usize>((width - L) * size), plane, at + <usize>((width - L) * lane), lane);
    }
    for (let p = square; p < count; ++p) {
      for (let c = 0; c < width; ++c) store<T>(to + <usize>(c * lane + p * size), load<T>(x + <usize>(p * plane + c * size)));
    }
  }
}

/** The sums of `pixels` pixels, lanes innermost, one after the other at the address that is returned. */
function sumPixels<T, V>(args: usize, scratch: usize, x: usize, w: usize, pixels: i32, bias: usize): usize {
  const table = <usize>word(args, CONV_TERMS), end = table + (<usize>(word(args, CONV_TAPS + 4) * word(args, CONV_TAPS + 8)) << 2);
  const vectors = word(args, CONV_TILE_NV), pitch = <usize>(vectors * vectorBytes<T, V>()), tall = word(args, CONV_TILE_MR);
  const sums = scratch + <usize>word(args, CONV_SCRATCH_ACC), places = scratch + <usize>word(args, CONV_SCRATCH_PIXELS);
  for (let i = 0, tiles = ceilDivide(pixels, tall); i < tiles; ++i) {
    const from = i * pixels / tiles, to = (i + 1) * pixels / tiles;
    contract<T, V, Planes>(to - from, vectors, table, end, x, places + (<usize>from << 2), w, scratch, sums + <usize>from * pitch, pitch);
  }
  finishTile<T, V>(sums, pitch, pixels, vectors, sums, pitch, bias, 0, sizeof<T>(), word(args, CONV_ACTIVATION));
  return sums;
}

/** Sums back into `count` planes; a rectangle that fills its rows is one run. */
function turnOut<T, V>(from: usize, wide: i32, count: i32, y: usize, plane: i32, row: i32, rows: i32, columns: i32): void {
  const size = <i32>sizeof<T>(), L = lanes<T, V>(), lane = wide * size;
  const gapless = row == columns * size, length = gapless ? rows * columns : columns, square = length >= L ? count / L * L : 0;
  for (let i = gapless ? rows - 1 : 0; i < rows; ++i, y += <usize>row, from += <usize>(length * lane)) {
    for (let p = 0; p < square; p += L) {
      const at = from + <usize>(p * size), to = y + <usize>(p * plane);
      let c = 0;
      for (; c + L < length; c += L) transpose<T, V>(at + <usize>(c * lane), lane, to + <usize>(c * size), plane);
      transpose<T, V>(at + <usize>((length - L) * lane), lane, to + <usize>((length - L) * size), plane);
    }
    for (let p = square; p < count; ++p) {
      for (let c = 0; c < length; ++c) store<T>(y + <usize>(p * plane + c * size), load<T>(from + <usize>(c * lane + p * size)));
    }
  }
}
