/** The units of winograd.ts: where they lie, and the tiles of one. */
import {
  CONV_BATCH, CONV_COLUMN_STEP, CONV_OUT, CONV_PITCHES, CONV_POINTS, CONV_SCRATCH_TILES, CONV_SIDE, CONV_TILE_BATCH, CONV_TILE_COLUMNS,
  CONV_TILE_ROWS, CONV_Y_STRIDES,
} from "./args";
import { lanes } from "./lanes";
import { ceilDivide, word } from "./words";

/** A tile in the list: bytes from the unit's transformed rows to its own, from the unit's first output to its own, rows and columns of outputs. */
export const TILE_ROWS_AT: usize = 0;
export const TILE_Y_AT: usize = 4;
export const TILE_HEIGHT: usize = 8;
export const TILE_WIDTH: usize = 12;
export const TILE_WORDS: usize = 16;

export function batches(args: usize): i32 {
  return ceilDivide(word(args, CONV_BATCH), word(args, CONV_TILE_BATCH));
}

export function bandsX(args: usize): i32 {
  return ceilDivide(word(args, CONV_OUT + 8), word(args, CONV_TILE_COLUMNS));
}

export function unitsOfFrame(args: usize): i32 {
  return ceilDivide(word(args, CONV_OUT + 4), word(args, CONV_TILE_ROWS)) * bandsX(args);
}

/** Lists the tiles of a unit in scratch; returns how many they are. Behind the last there are copies of it, up to a whole vector. */
export function listTiles<V>(args: usize, scratch: usize, unit: i32, n0: i32): i32 {
  const side = word(args, CONV_SIDE), rowPitch = word(args, CONV_PITCHES + 12), points = word(args, CONV_POINTS), across = word(args, CONV_COLUMN_STEP);
  const row = unit / bandsX(args) * word(args, CONV_TILE_ROWS), column = unit % bandsX(args) * word(args, CONV_TILE_COLUMNS);
  const rows = min(word(args, CONV_TILE_ROWS), word(args, CONV_OUT + 4) - row);
  const columns = min(word(args, CONV_TILE_COLUMNS), word(args, CONV_OUT + 8) - column);
  const images = min(word(args, CONV_TILE_BATCH), word(args, CONV_BATCH) - n0), tall = ceilDivide(rows, side);
  let to = scratch + <usize>word(args, CONV_SCRATCH_TILES), count = 0;
  for (let n = 0; n < images; ++n) {
    for (let r = 0; r < rows; r += side) {
      for (let c = 0; c < columns; c += side, to += TILE_WORDS, ++count) {
        store<i32>(to + TILE_ROWS_AT, (n * tall + r / side) * points * rowPitch + c * across);
        store<i32>(to + TILE_Y_AT, n * word(args, CONV_Y_STRIDES) + r * word(args, CONV_Y_STRIDES + 16) + c * word(args, CONV_Y_STRIDES + 20));
        store<i32>(to + TILE_HEIGHT, min(side, rows - r));
        store<i32>(to + TILE_WIDTH, min(side, columns - c));
      }
    }
  }
  for (let i = count; i % lanes<f32, V>() != 0; ++i, to += TILE_WORDS) memory.copy(to, to - TILE_WORDS, TILE_WORDS);
  return count;
}
