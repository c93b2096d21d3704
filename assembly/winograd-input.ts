/** Winograd's transform of the input, Bᵀ x B, with lanes over tiles. See winograd.ts. */
import {
  CONV_BATCH, CONV_FRAME_TERMS, CONV_NUMBERS, CONV_OUT, CONV_PITCHES, CONV_POINTS, CONV_ROW_STEP, CONV_SCRATCH_ROWS, CONV_SCRATCH_TILES, CONV_SIDE, CONV_SIDE_Z,
  CONV_TAP_BLOCKS, CONV_TAP_STARTS, CONV_TILE_BATCH, CONV_TILE_COLUMNS, CONV_TILE_NV, CONV_TILE_ROWS, CONV_V_PANEL, CONV_V_POINT, CONV_X_STRIDES,
} from "./args";
import {
  add, interleaveHigh, interleaveLow, joinHigh, joinLow, lanes, loadLanes, loadNextLanes, loadSplat, multiply, multiplyAdd, multiplySubtract, storeLanes,
  subtract, vectorBytes,
} from "./lanes";
import { fetchEach } from "./ahead";
import { inputTile } from "./pack";
import { bandsX, TILE_ROWS_AT, TILE_WORDS } from "./winograd-units";
import { ceilDivide, entry, word } from "./words";

/**
 * Channels c0 … c1 − 1 of a unit, transformed into `v`: [point][panel of tiles][channel][block of taps][tile of the panel], or `across`, as gradients with
 * respect to filters want them, [panel of channels][point][tile][channel of the panel]. `source` describes x, and is another block than `args`
 * where x is the gradient of the outputs: then its tiles are spread. With CONV_SIDE_Z = 4, `z` counts tiles of four outputs, whose six frames are
 * transformed along z first, and become six.
 */
export function transformInput<V>(
  args: usize, source: usize, scratch: usize, x: i32, across: bool, unit: i32, n0: i32, g: i32, z: i32, c0: i32, c1: i32, count: i32, v: usize, fetches: bool,
): void {
  const L = lanes<f32, V>(), wide = word(args, CONV_TILE_NV) * L, side = word(args, CONV_SIDE), points = word(args, CONV_POINTS);
  const row = unit / bandsX(args) * word(args, CONV_TILE_ROWS), column = unit % bandsX(args) * word(args, CONV_TILE_COLUMNS);
  const tall = ceilDivide(min(word(args, CONV_TILE_ROWS), word(args, CONV_OUT + 4) - row), side), spread = source != args;
  const images = min(word(args, CONV_TILE_BATCH), word(args, CONV_BATCH) - n0), pitch = word(args, CONV_PITCHES + 12);
  const numbers = <usize>word(args, CONV_NUMBERS), rows = scratch + <usize>word(args, CONV_SCRATCH_ROWS);
  const tiles = scratch + <usize>word(args, CONV_SCRATCH_TILES), point = <usize>word(args, CONV_V_POINT);
  const deep = word(args, CONV_SIDE_Z) > 1, frames = deep ? 6 : 1, frame = word(args, CONV_PITCHES + 4), part = images * tall * points * pitch;
  const high = across ? 1 : word(args, CONV_TAP_BLOCKS), broad = across ? 1 : word(args, CONV_TAP_BLOCKS + 4), blocks = high * broad;
  const starts = <usize>word(args, CONV_TAP_STARTS), step = <usize>word(args, CONV_ROW_STEP);
  const together = across ? L : 1, channels = tiles + <usize>(count + L) * TILE_WORDS;
  for (let c = c0; c < c1; c += together) {
    let to = rows;
    for (let l = 0; l < together; ++l) {
      store<i32>(channels + <usize>l * TILE_WORDS + TILE_ROWS_AT, <i32>(to - rows));
      for (let n = n0; n < n0 + images; ++n) {
        const at = x + n * word(source, CONV_X_STRIDES) + g * word(source, CONV_X_STRIDES + 4) + min(c + l, c1 - 1) * word(source, CONV_X_STRIDES + 8);
        let from = inputTile<f32, V>(source, scratch, <usize>at, 1, z, row, column);
        if (deep) rowsOfSix<V>(from, frame, from, frame, numbers, false);
        for (let r = 0; r < tall; ++r, from += <usize>side * step, to += <usize>(points * pitch)) {
          for (let f = 0, next = to; f < frames * high; ++f, next += <usize>part) {
            const at = from + <usize>(high > 1 ? entry(starts, f) : f * frame);
            if (points == 6) rowsOfSix<V>(at, step, next, pitch, numbers, spread);
            else if (points == 9) rowsOfNine<V>(at, next, pitch, numbers);
            else rowsOfFour<V>(at, step, next, pitch);
          }
        }
      }
    }
    for (let b = 0; b < blocks; ++b) {
      const term = c * blocks + b, from = rows + <usize>(b / broad * part + (broad > 1 ? entry(starts, high + b % broad) : 0));
      if (fetches && (term == c0 * blocks || (term & 1) == 0)) fetchPoints<V>(args, v + <usize>(term * wide * 4), ceilDivide(count, wide), frames, rows - 64);
      for (let t = 0; t < count; t += across ? 1 : L) {
        const tile = tiles + <usize>t * TILE_WORDS, list = across ? channels : tile, base = across ? from + load<u32>(tile + TILE_ROWS_AT) : from;
        const lane = across ? c - c0 : t;
        let at = v + <usize>(lane / wide * word(args, CONV_V_PANEL) + (lane % wide + (across ? t : term) * wide) * 4);
        for (let f = 0, rows = base; f < frames; ++f, rows += <usize>part, at += <usize>(word(args, CONV_FRAME_TERMS) * wide * 4)) {
          if (points == 6) columnsOfSix<V>(list, rows, pitch, at, point, numbers, spread);
          else if (points == 9) columnsOfNine<V>(list, rows, pitch, at, point, numbers);
          else columnsOfFour<V>(list, rows, pitch, at, point);
        }
      }
    }
  }
}

/** The lines of `v` that two channels are about to be stored into: see ahead.ts. */
function fetchPoints<V>(args: usize, v: usize, across: i32, frames: i32, sink: usize): void {
  const points = word(args, CONV_POINTS), frame = <usize>(word(args, CONV_FRAME_TERMS) * word(args, CONV_TILE_NV) * vectorBytes<f32, V>());
  for (let q = 0; q < across; ++q, v += <usize>word(args, CONV_V_PANEL)) {
    for (let f = 0, line = v; f < frames; ++f, line += frame) fetchEach(line, points * points, <usize>word(args, CONV_V_POINT), sink);
  }
}

/** Bᵀ along y, for whole rows: six rows of `pitch` bytes, `step` bytes apart, become six. Or A, if `spread`, of the first four. */
function rowsOfSix<V>(from: usize, step: usize, to: usize, pitch: usize, numbers: usize, spread: bool): void {
  const two = loadSplat<f32, V>(numbers), half = loadSplat<f32, V>(numbers + 4), middle = loadSplat<f32, V>(numbers + 8);
  const near = loadSplat<f32, V>(numbers + 12), far = loadSplat<f32, V>(numbers + 16);
  for (const end = from + pitch; from < end; from += vectorBytes<f32, V>(), to += vectorBytes<f32, V>()) {
    const d0 = loadLanes<f32, V>(from), d1 = loadLanes<f32, V>(from + step), d2 = loadLanes<f32, V>(from + 2 * step);
    const d3 = loadLanes<f32, V>(from + 3 * step), d4 = loadLanes<f32, V>(from + 4 * step), d5 = loadLanes<f32, V>(from + 5 * step);
    if (spread) spreadFour<V>(to, pitch, d0, d1, d2, d3, two, half, near, far);
    else storeSix<V>(to, pitch, d0, d1, d2, d3, d4, d5, two, half, middle, near, far);
  }
}

/**
 * Bᵀ of six points on six elements, stored `step` bytes apart. The points are 0, ±√½, ±√2 and ∞: on random numbers the worst error is
 * about 0.6 of that of the usual 0, ±1, ±2, ∞, because their powers stay closer to 1.
 *   Bᵀ = [1 0 −5/2 0 1 0; 0 −√2 −2 √½ 1 0; 0 √2 −2 −√½ 1 0; 0 −√½ −½ √2 1 0; 0 √½ −½ −√2 1 0; 0 1 0 −5/2 0 1]
 */
// @ts-ignore: decorator
@inline function storeSix<V>(
  to: usize, step: usize, d0: V, d1: V, d2: V, d3: V, d4: V, d5: V, two: V, half: V, middle: V, near: V, far: V,
): void {
  storeLanes<f32, V>(to, multiplySubtract<f32, V>(middle, d2, add<f32, V>(d0, d4)));
  let even = multiplySubtract<f32, V>(two, d2, d4), odd = multiplySubtract<f32, V>(two, d1, d3);
  storeLanes<f32, V>(to + step, multiplyAdd<f32, V>(near, odd, even));
  storeLanes<f32, V>(to + 2 * step, multiplySubtract<f32, V>(near, odd, even));
  even = multiplySubtract<f32, V>(half, d2, d4);
  odd = multiplySubtract<f32, V>(half, d1, d3);
  storeLanes<f32, V>(to + 3 * step, multiplyAdd<f32, V>(far, odd, even));
  storeLanes<f32, V>(to + 4 * step, multiplySubtract<f32, V>(far, odd, even));
  storeLanes<f32, V>(to + 5 * step, multiplySubtract<f32, V>(middle, d3, add<f32, V>(d1, d5)));
}

/** A, the transpose of what `toFour` multiplies by, on four elements. */
// @ts-ignore: decorator
@inline function spreadFour<V>(to: usize, step: usize, d0: V, d1: V, d2: V, d3: V, two: V, half: V, near: V, far: V): void {
  storeLanes<f32, V>(to, d0);
  let even = multiplyAdd<f32, V>(far, d0, multiply<f32, V>(near, d2)), odd = multiplyAdd<f32, V>(half, d3, d1);
  storeLanes<f32, V>(to + step, add<f32, V>(even, odd));
  storeLanes<f32, V>(to + 2 * step, subtract<f32, V>(even, odd));
  even = multiplyAdd<f32, V>(near, d0, multiply<f32, V>(far, d2));
  odd = multiplyAdd<f32, V>(two, d3, d1);
  storeLanes<f32, V>(to + 3 * step, add<f32, V>(even, odd));
  storeLanes<f32, V>(to + 4 * step, subtract<f32, V>(even, odd));
  storeLanes<f32, V>(to + 5 * step, d3);
}

/** Bᵀ along y with stride 2: nine rows become nine. */
function rowsOfNine<V>(from: usize, to: usize, pitch: usize, numbers: usize): void {
  for (const end = from + pitch; from < end; from += vectorBytes<f32, V>(), to += vectorBytes<f32, V>()) {
    const odd = from + pitch, step = 2 * pitch;
    storeFive<V>(to, pitch, loadLanes<f32, V>(from), loadLanes<f32, V>(from + step), loadLanes<f32, V>(from + 2 * step), loadLanes<f32, V>(from + 3 * step),
      loadLanes<f32, V>(from + 4 * step), numbers);
    for (let i: usize = 0; i < 4; ++i) storeLanes<f32, V>(to + (5 + i) * pitch, loadLanes<f32, V>(odd + i * step));
  }
}

/**
 * With stride 2 the taps 0 and 2 of a row meet its even elements, five for four outputs, and tap 1 its odd ones, as they are: F(4, 2) and four
 * plain products. The points of the former are ±√½, ±√2, ∞:
 *   Bᵀ = [−√2 −2 √½ 1 0; √2 −2 −√½ 1 0; −√½ −½ √2 1 0; √½ −½ −√2 1 0; 1 0 −5/2 0 1]
 */
// @ts-ignore: decorator
@inline function storeFive<V>(to: usize, step: usize, d0: V, d1: V, d2: V, d3: V, d4: V, numbers: usize): void {
  const two = loadSplat<f32, V>(numbers), half = loadSplat<f32, V>(numbers + 4), middle = loadSplat<f32, V>(numbers + 8);
  const near = loadSplat<f32, V>(numbers + 12), far = loadSplat<f32, V>(numbers + 16);
  let odd = multiplySubtract<f32, V>(two, d1, d3), even = multiplySubtract<f32, V>(two, d0, d2);
  storeLanes<f32, V>(to, multiplyAdd<f32, V>(near, even, odd));
  storeLanes<f32, V>(to + step, multiplySubtract<f32, V>(near, even, odd));
  odd = multiplySubtract<f32, V>(half, d1, d3);
  even = multiplySubtract<f32, V>(half, d0, d2);
  storeLanes<f32, V>(to + 2 * step, multiplyAdd<f32, V>(far, even, odd));
  storeLanes<f32, V>(to + 3 * step, multiplySubtract<f32, V>(far, even, odd));
  storeLanes<f32, V>(to + 4 * step, multiplySubtract<f32, V>(middle, d2, add<f32, V>(d0, d4)));
}

function rowsOfFour<V>(from: usize, step: usize, to: usize, pitch: usize): void {
  for (const end = from + pitch; from < end; from += vectorBytes<f32, V>(), to += vectorBytes<f32, V>()) {
    const d0 = loadLanes<f32, V>(from), d1 = loadLanes<f32, V>(from + step), d2 = loadLanes<f32, V>(from + 2 * step), d3 = loadLanes<f32, V>(from + 3 * step);
    storeFour<V>(to, pitch, d0, d1, d2, d3);
  }
}

/** Bᵀ = [1 0 −1 0; 0 1 1 0; 0 −1 1 0; 0 1 0 −1]. */
// @ts-ignore: decorator
@inline function storeFour<V>(to: usize, step: usize, d0: V, d1: V, d2: V, d3: V): void {
  storeLanes<f32, V>(to, subtract<f32, V>(d0, d2));
  storeLanes<f32, V>(to + step, add<f32, V>(d1, d2));
  storeLanes<f32, V>(to + 2 * step, subtract<f32, V>(d2, d1));
  storeLanes<f32, V>(to + 3 * step, subtract<f32, V>(d1, d3));
}

/** The rows of tile `i` of a list. */
// @ts-ignore: decorator
@inline function rowsOf(list: usize, rows: usize, i: usize): usize {
  return rows + load<u32>(list + i * TILE_WORDS + TILE_ROWS_AT);
}

/** B along x (or Aᵀ), for L tiles side by side: each of their six rows becomes six points. */
function columnsOfSix<V>(list: usize, rows: usize, pitch: usize, to: usize, point: usize, numbers: usize, spread: bool): void {
  const two = loadSplat<f32, V>(numbers), half = loadSplat<f32, V>(numbers + 4), middle = loadSplat<f32, V>(numbers + 8);
  const near = loadSplat<f32, V>(numbers + 12), far = loadSplat<f32, V>(numbers + 16);
  let p = rowsOf(list, rows, 0), q = p, r = p, s = p;
  if (isVector<V>()) { q = rowsOf(list, rows, 1); r = rowsOf(list, rows, 2); s = rowsOf(list, rows, 3); }
  for (let i = 0; i < 6; ++i, p += pitch, q += pitch, r += pitch, s += pitch, to += 6 * point) {
    if (isVector<V>()) {
      const a = loadLanes<f32, V>(p), b = loadLanes<f32, V>(q), c = loadLanes<f32, V>(r), d = loadLanes<f32, V>(s);
      const ab = interleaveLow(a, b), cd = interleaveLow(c, d), ef = interleaveHigh(a, b), gh = interleaveHigh(c, d);
      if (spread) {
        spreadFour<V>(to, point, joinLow(ab, cd), joinHigh(ab, cd), joinLow(ef, gh), joinHigh(ef, gh), two, half, near, far);
        continue;
      }
      const ij = interleaveLow(loadNextLanes<f32, V>(p), loadNextLanes<f32, V>(q));
      const kl = interleaveLow(loadNextLanes<f32, V>(r), loadNextLanes<f32, V>(s));
      storeSix<V>(to, point, joinLow(ab, cd), joinHigh(ab, cd), joinLow(ef, gh), joinHigh(ef, gh), joinLow(ij, kl), joinHigh(ij, kl), two, half, middle, near, far);
    } else if (spread) {
      spreadFour<V>(to, point, load<f32>(p), load<f32>(p, 4), load<f32>(p, 8), load<f32>(p, 12), two, half, near, far);
    } else {
      storeSix<V>(to, point, load<f32>(p), load<f32>(p, 4), load<f32>(p, 8), load<f32>(p, 12), load<f32>(p, 16), load<f32>(p, 20), two, half, middle, near, far);
    }
  }
}

/** B along x with stride 2: nine elements become nine points. */
function columnsOfNine<V>(list: usize, rows: usize, pitch: usize, to: usize, point: usize, numbers: usize): void {
  let p = rowsOf(list, rows, 0), q = p, r = p, s = p;
  if (isVector<V>()) { q = rowsOf(list, rows, 1); r = rowsOf(list, rows, 2); s = rowsOf(list, rows, 3); }
  for (let i = 0; i < 9; ++i, p += pitch, q += pitch, r += pitch, s += pitch, to += 9 * point) {
    if (isVector<V>()) {
      const a = loadLanes<f32, V>(p), b = loadLanes<f32, V>(q), c = loadLanes<f32, V>(r), d = loadLanes<f32, V>(s);
      const ab = interleaveLow(a, b), cd = interleaveLow(c, d), ef = interleaveHigh(a, b), gh = interleaveHigh(c, d);
      storeLanes<f32, V>(to + 5 * point, joinHigh(ab, cd));
      storeLanes<f32, V>(to + 6 * point, joinHigh(ef, gh));
      const e = loadNextLanes<f32, V>(p), f = loadNextLanes<f32, V>(q), g = loadNextLanes<f32, V>(r), h = loadNextLanes<f32, V>(s);
      const ij = interleaveLow(e, f), kl = interleaveLow(g, h), mn = interleaveHigh(e, f), op = interleaveHigh(g, h);
      storeLanes<f32, V>(to + 7 * point, joinHigh(ij, kl));
      storeLanes<f32, V>(to + 8 * point, joinHigh(mn, op));
      const last = joinLow(interleaveLow(loadLanes<f32, V>(p + 32), loadLanes<f32, V>(q + 32)), interleaveLow(loadLanes<f32, V>(r + 32), loadLanes<f32, V>(s + 32)));
      storeFive<V>(to, point, joinLow(ab, cd), joinLow(ef, gh), joinLow(ij, kl), joinLow(mn, op), last, numbers);
    } else {
      storeFive<V>(to, point, load<f32>(p), load<f32>(p, 8), load<f32>(p, 16), load<f32>(p, 24), load<f32>(p, 32), numbers);
      for (let j: usize = 0; j < 4; ++j) store<f32>(to + (5 + j) * point, load<f32>(p + 8 * j, 4));
    }
  }
}

function columnsOfFour<V>(list: usize, rows: usize, pitch: usize, to: usize, point: usize): void {
  let p = rowsOf(list, rows, 0), q = p, r = p, s = p;
  if (isVector<V>()) { q = rowsOf(list, rows, 1); r = rowsOf(list, rows, 2); s = rowsOf(list, rows, 3); }
  for (let i = 0; i < 4; ++i, p += pitch, q += pitch, r += pitch, s += pitch, to += 4 * point) {
    if (isVector<V>()) {
      const a = loadLanes<f32, V>(p), b = loadLanes<f32, V>(q), c = loadLanes<f32, V>(r), d = loadLanes<f32, V>(s);
      const ab = interleaveLow(a, b), cd = interleaveLow(c, d), ef = interleaveHigh(a, b), gh = interleaveHigh(c, d);
      storeFour<V>(to, point, joinLow(ab, cd), joinHigh(ab, cd), joinLow(ef, gh), joinHigh(ef, gh));
    } else {
      storeFour<V>(to, point, load<f32>(p), load<f32>(p, 4), load<f32>(p, 8), load<f32>(p, 12));
    }
  }
}
