/**
 * Convolution by transforms, overlap-save: a unit is a rectangle of outputs of one image whose input fits into one plane, and a
 * tile is two units of one image, so that no image has to do with the others of its batch: one is the real and the other the
 * imaginary part of the plane. The filters are real, so both come out where they went in, and a real transform costs half a complex
 * one without a line of code.
 *
 *   plane = a + i·b;   forward along y;   for L rows at a time: transposed, forward along x, times the filter's spectrum, backward
 *   along x, transposed back;   backward along y;   real parts are outputs of a, imaginary parts of b
 *
 * L rows of the plane and the sweep's columns stay in L1. A tile whose largest magnitude is outside of FFT_LEAST … FFT_MOST, or that
 * holds an infinity or a NaN, is summed directly from the same plane, in the order of `direct`: what is not finite stays where it belongs.
 *
 * Tiles: pairs of units innermost (columns, rows), then images, runs of filters, groups. Needs depth 1, one channel a group,
 * dilation 1.
 */
import {
  ACTIVATION_LINEAR, CONV_ACTIVATION, CONV_BATCH, CONV_BIAS, CONV_FILTERS, CONV_IN, CONV_LOW, CONV_OUT, CONV_PANEL_RUNS,
  CONV_SCRATCH_PIXELS, CONV_STRIDE, CONV_TAPS, CONV_TERMS, CONV_TILE_COLUMNS, CONV_TILE_MR, CONV_TILE_ROWS, CONV_TRANSFORM, CONV_W,
  CONV_W_GROUP, CONV_X, CONV_X_STRIDES, CONV_Y, CONV_Y_STRIDES, FFT_BUFFER, FFT_COLUMNS, FFT_FILTER, FFT_FLAG, FFT_IMAGINARY, FFT_LEAST,
  FFT_MOST, FFT_PITCH, FFT_PLANE, FFT_ROWS, FFT_SPECTRUM, FFT_STAGES_X, FFT_STAGES_Y, FFT_TAPS, FFT_VECTORS, ZERO_BYTES,
} from "./args";
import { Backward, Forward, multiplySpectra, transform } from "./fft";
import { absolute, lanes, loadLanes, maximum, splat, storeLanes, transpose, vectorBytes } from "./lanes";
import { packRow, zeroRow } from "./pack";
import { planeRows, rowPlaces } from "./rows";
import { finishTile, storeRows } from "./store";
import { ceilDivide, word } from "./words";

export function overlapSave<T, V>(args: usize, scratch: usize, first: i32, last: i32): void {
  memory.fill(scratch, 0, ZERO_BYTES);
  const table = <usize>word(args, CONV_TRANSFORM), plane = scratch + <usize>word(table, FFT_PLANE);
  const bandsY = ceilDivide(word(args, CONV_OUT + 4), word(args, CONV_TILE_ROWS)), bandsX = ceilDivide(word(args, CONV_OUT + 8), word(args, CONV_TILE_COLUMNS));
  const units = bandsY * bandsX, pairs = ceilDivide(units, 2), batch = word(args, CONV_BATCH);
  const filters = word(args, CONV_FILTERS), runs = word(args, CONV_PANEL_RUNS);
  rowPlaces(args, scratch + <usize>word(args, CONV_SCRATCH_PIXELS), word(table, FFT_PITCH) * word(args, CONV_STRIDE + 4));
  for (let tile = first; tile < last; ++tile) {
    const u = 2 * (tile % pairs), n = tile / pairs % batch, both = u + 1 < units;
    const rest = tile / pairs / batch, run = rest % runs, g = rest / runs;
    const imaginary = plane + <usize>word(table, FFT_IMAGINARY);
    let largest = packUnit<T, V>(args, table, plane, g, n, u, bandsX);
    if (both) largest = max(largest, packUnit<T, V>(args, table, imaginary, g, n, u + 1, bandsX));
    else clear<T>(table, imaginary);
    const ordinary = mayTransform<T>(largest);
    convolve<T, V>(args, scratch, table, g, run * filters / runs, (run + 1) * filters / runs, n, u, both, bandsX, ordinary);
  }
}

/** NaN is not. Nothing but zeros is. */
// @ts-ignore: decorator
@inline export function mayTransform<T>(largest: T): bool {
  return (largest >= <T>FFT_LEAST && largest <= <T>FFT_MOST) || largest == 0;
}

/** The input of unit `u` into the real or imaginary half of the plane; returns its largest magnitude, NaN if it holds one. */
function packUnit<T, V>(args: usize, table: usize, to: usize, g: i32, n: i32, u: i32, bandsX: i32): T {
  const bandY = u / bandsX, bandX = u % bandsX;
  const rows = word(table, FFT_ROWS), columns = word(table, FFT_COLUMNS), pitch = word(table, FFT_PITCH);
  const y = bandY * word(args, CONV_TILE_ROWS) * word(args, CONV_STRIDE + 4) - word(args, CONV_LOW + 4);
  const x = bandX * word(args, CONV_TILE_COLUMNS) * word(args, CONV_STRIDE + 8) - word(args, CONV_LOW + 8);
  const yIn = word(args, CONV_IN + 4), xIn = word(args, CONV_IN + 8), xRow = word(args, CONV_X_STRIDES + 16), xColumn = word(args, CONV_X_STRIDES + 20);
  const before = min(columns, max(0, -x)), after = max(before, min(columns, xIn - x));
  const source = word(args, CONV_X) + n * word(args, CONV_X_STRIDES) + g * word(args, CONV_X_STRIDES + 4) + (x + before) * xColumn;
  let largest = splat<T, V>(0);
  for (let r = 0; r < rows; ++r, to += pitch) {
    if (<u32>(y + r) < <u32>yIn) {
      packRow<T, V>(to, columns, <usize>(source + (y + r) * xRow), xColumn, before, after);
      largest = maximum<T, V>(largest, largestOf<T, V>(to, columns));
    } else {
      zeroRow<T, V>(to, 0, columns);
    }
  }
  return acrossLanes<T, V>(largest, to - pitch);
}

// @ts-ignore: decorator
@inline function largestOf<T, V>(at: usize, count: i32): V {
  let largest = splat<T, V>(0);
  for (let i = 0; i < count; i += lanes<T, V>(), at += vectorBytes<T, V>()) largest = maximum<T, V>(largest, absolute<T, V>(loadLanes<T, V>(at)));
  return largest;
}

/** The largest lane. `spare` is a place of one vector whose contents are put back. */
function acrossLanes<T, V>(v: V, spare: usize): T {
  const kept = loadLanes<T, V>(spare);
  storeLanes<T, V>(spare, v);
  let largest: T = 0;
  for (let i = 0; i < lanes<T, V>(); ++i) largest = max<T>(largest, load<T>(spare + <usize>i * sizeof<T>()));
  storeLanes<T, V>(spare, kept);
  return largest;
}

/** No second unit. */
export function clear<T>(table: usize, to: usize): void {
  const bytes = <usize>word(table, FFT_COLUMNS) * sizeof<T>();
  for (let r = word(table, FFT_ROWS); r > 0; --r, to += word(table, FFT_PITCH)) memory.fill(to, 0, bytes);
}

/** Filters k0 … k1 − 1 of group g over the plane. */
function convolve<T, V>(
  args: usize, scratch: usize, table: usize, g: i32, k0: i32, k1: i32, n: i32, u: i32, both: bool, bandsX: i32, ordinary: bool,
): void {
  const filters = word(args, CONV_FILTERS), bias = word(args, CONV_BIAS);
  const plane = scratch + <usize>word(table, FFT_PLANE);
  let w = <usize>(word(args, CONV_W) + g * word(args, CONV_W_GROUP) + k0 * word(table, FFT_FILTER));
  // A filter that cannot be transformed would need the plane that the others overwrite: then all are summed.
  for (let k = k0, at = w; k < k1; ++k, at += word(table, FFT_FILTER)) ordinary = ordinary && word(at, word(table, FFT_FLAG)) != 0;
  if (ordinary) alongY<T, V, Forward>(table, plane, scratch + <usize>word(table, FFT_BUFFER), word(table, FFT_COLUMNS));
  for (let k = k0; k < k1; ++k, w += word(table, FFT_FILTER)) {
    const b = bias ? <usize>(bias + (g * filters + k) * <i32>sizeof<T>()) : 0;
    if (ordinary) {
      alongX<T, V>(table, scratch, w, k1 - k0, k == k0);
      const outputs = (word(args, CONV_TILE_COLUMNS) - 1) * word(args, CONV_STRIDE + 8) + 1;
      alongY<T, V, Backward>(table, plane, scratch + <usize>word(table, FFT_BUFFER), outputs);
    }
    finishUnit<T, V>(args, scratch, table, plane, w, b, g, n, k, u, bandsX, ordinary);
    if (both) finishUnit<T, V>(args, scratch, table, plane + <usize>word(table, FFT_IMAGINARY), w, b, g, n, k, u + 1, bandsX, ordinary);
  }
}

/** The first `columns` columns of the plane, a few vectors of them at a time. */
export function alongY<T, V, D>(table: usize, plane: usize, buffer: usize, columns: i32): void {
  const vector = vectorBytes<T, V>(), vectors = word(table, FFT_VECTORS), wide = vectors * vector;
  const stages = table + <usize>word(table, FFT_STAGES_Y), pitch = word(table, FFT_PITCH), im = word(table, FFT_IMAGINARY);
  const backward = lengthof<D>() == lengthof<Backward>();
  for (let c = 0, end = columns * <i32>sizeof<T>(); c < end; c += wide) {
    const at = plane + <usize>c;
    if (backward) transform<T, V, D>(table, stages, at + <usize>im, pitch, -im, buffer, 2 * wide, wide, vectors);
    else transform<T, V, D>(table, stages, at, pitch, im, buffer, 2 * wide, wide, vectors);
  }
}

/** Every row, L at a time: to the spectrum if it is not known yet, times that of the filter, and back. */
function alongX<T, V>(table: usize, scratch: usize, filter: usize, filters: i32, opens: bool): void {
  const vector = vectorBytes<T, V>(), points = word(table, FFT_COLUMNS), bytes = 2 * points * vector, pitch = word(table, FFT_PITCH);
  const stages = table + <usize>word(table, FFT_STAGES_X), buffer = scratch + <usize>word(table, FFT_BUFFER);
  let rows = scratch + <usize>word(table, FFT_PLANE), kept = scratch + <usize>word(table, FFT_SPECTRUM);
  for (let r = 0, end = word(table, FFT_ROWS); r < end; r += lanes<T, V>(), rows += lanes<T, V>() * pitch, filter += bytes, kept += bytes) {
    const spectrum = filters > 1 ? kept : buffer;
    if (opens) rowsToSpectrum<T, V>(table, stages, rows, spectrum);
    multiplySpectra<T, V>(spectrum, filter, buffer, points);
    transform<T, V, Backward>(table, stages, buffer + vector, 2 * vector, -vector, buffer + vector, 2 * vector, -vector, 1);
    turn<T, V>(buffer, 2 * lanes<T, V>() * vector, 2 * vector, rows, <i32>sizeof<T>() * lanes<T, V>(), pitch, points);
    turn<T, V>(buffer + vector, 2 * lanes<T, V>() * vector, 2 * vector, rows + <usize>word(table, FFT_IMAGINARY), <i32>sizeof<T>() * lanes<T, V>(), pitch, points);
  }
}

/** L rows of the plane: transposed, so that each is a lane, and transformed. */
export function rowsToSpectrum<T, V>(table: usize, stages: usize, rows: usize, to: usize): void {
  const vector = vectorBytes<T, V>(), L = lanes<T, V>(), points = word(table, FFT_COLUMNS), pitch = word(table, FFT_PITCH);
  turn<T, V>(rows, <i32>sizeof<T>() * L, pitch, to, 2 * L * vector, 2 * vector, points);
  turn<T, V>(rows + <usize>word(table, FFT_IMAGINARY), <i32>sizeof<T>() * L, pitch, to + vector, 2 * L * vector, 2 * vector, points);
  transform<T, V, Forward>(table, stages, to, 2 * vector, vector, to, 2 * vector, vector, 1);
}

/** `count` / L squares, `fromStep` and `toStep` bytes apart, transposed. */
// @ts-ignore: decorator
@inline function turn<T, V>(from: usize, fromStep: i32, fromPitch: i32, to: usize, toStep: i32, toPitch: i32, count: i32): void {
  for (let i = 0; i < count; i += lanes<T, V>(), from += fromStep, to += toStep) transpose<T, V>(from, fromPitch, to, toPitch);
}

/** The outputs of one unit, from the half of the plane that is theirs: its finished sums, or its operands. */
function finishUnit<T, V>(
  args: usize, scratch: usize, table: usize, half: usize, w: usize, b: usize, g: i32, n: i32, k: i32, u: i32, bandsX: i32, sums: bool,
): void {
  const bandY = u / bandsX, bandX = u % bandsX;
  const row = bandY * word(args, CONV_TILE_ROWS), rows = min(word(args, CONV_TILE_ROWS), word(args, CONV_OUT + 4) - row);
  const column = bandX * word(args, CONV_TILE_COLUMNS), columns = min(word(args, CONV_TILE_COLUMNS), word(args, CONV_OUT + 8) - column);
  const yRow = word(args, CONV_Y_STRIDES + 16), yColumn = word(args, CONV_Y_STRIDES + 20);
  let y = <usize>(word(args, CONV_Y) + n * word(args, CONV_Y_STRIDES) + g * word(args, CONV_Y_STRIDES + 4) + k * word(args, CONV_Y_STRIDES + 8)
    + row * yRow + column * yColumn);
  const pitch = word(table, FFT_PITCH) * word(args, CONV_STRIDE + 4), step = word(args, CONV_STRIDE + 8), width = (columns - 1) * step + 1;
  const taps = <usize>(word(args, CONV_TAPS + 4) * word(args, CONV_TAPS + 8)), terms = <usize>word(args, CONV_TERMS);
  const tall = word(args, CONV_TILE_MR), buffer = scratch + <usize>word(table, FFT_BUFFER), bufferRow = word(table, FFT_IMAGINARY);
  for (let r = 0; r < rows; r += tall, half += tall * pitch, y += tall * yRow) {
    const height = min(tall, rows - r);
    let from = half, fromRow = pitch;
    if (!sums) {
      from = buffer; fromRow = bufferRow;
      planeRows<T, V>(args, scratch, half, pitch, scratch + <usize>word(args, CONV_SCRATCH_PIXELS), terms, terms + (taps << 2),
        w + <usize>word(table, FFT_TAPS), b, buffer, bufferRow, <i32>sizeof<T>(), height, width);
    } else if (b || word(args, CONV_ACTIVATION) != ACTIVATION_LINEAR) {
      const vectors = ceilDivide(width, lanes<T, V>());
      finishTile<T, V>(half, pitch, height, vectors, half, pitch, b, 0, 0, word(args, CONV_ACTIVATION));
    }
    if (step == 1) storeRows<T, V>(from, fromRow, height, columns, y, yRow, yColumn);
    else for (let i = 0; i < height; ++i) pick<T>(from + i * fromRow, step, columns, y + i * yRow, yColumn);
  }
}

/** Every `step`-th of a row. */
function pick<T>(from: usize, step: i32, count: i32, y: usize, yColumn: usize): void {
  for (let i = 0; i < count; ++i, from += step * sizeof<T>(), y += yColumn) store<T>(y, load<T>(from));
}
