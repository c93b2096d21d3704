/** Winograd's transform of the products, Aᵀ m A, with lanes over tiles, into y. See winograd.ts. */
import {
  ACTIVATION_LINEAR, AHEAD_LINE, CONV_ACTIVATION, CONV_BIAS, CONV_FILTERS, CONV_M_POINT, CONV_M_SLOT, CONV_NUMBERS, CONV_PANELS, CONV_POINTS,
  CONV_SCRATCH_ROWS, CONV_SCRATCH_TILES, CONV_TILE_NV, CONV_Y_STRIDES,
} from "./args";
import { activate } from "./activation";
import { fetchEach, sinkOf } from "./ahead";
import {
  add, interleaveHigh, interleaveLow, joinHigh, joinLow, lanes, loadLanes, loadSplat, multiply, multiplyAdd, storeLanes, subtract,
  vectorBytes,
} from "./lanes";
import { TILE_HEIGHT, TILE_WIDTH, TILE_WORDS, TILE_Y_AT } from "./winograd-units";
import { entry, word } from "./words";

/** The outputs of one panel of filters from its products. */
export function transformOutput<V>(args: usize, scratch: usize, g: i32, panel: i32, products: usize, count: i32, y: usize): void {
  const L = lanes<f32, V>(), wide = word(args, CONV_TILE_NV) * L, vector = vectorBytes<f32, V>(), slot = word(args, CONV_M_SLOT);
  const panels = <usize>word(args, CONV_PANELS), k0 = entry(panels, panel), height = entry(panels, panel + 1) - k0, bias = word(args, CONV_BIAS);
  const tiles = scratch + <usize>word(args, CONV_SCRATCH_TILES);
  for (let r = 0; r < height; ++r) {
    const to = y + <usize>((k0 + r) * word(args, CONV_Y_STRIDES + 8));
    // Without a bias: the zeros of the scratch, if there is an activation to apply.
    const b = bias ? <usize>(bias + (g * word(args, CONV_FILTERS) + k0 + r) * 4) : word(args, CONV_ACTIVATION) == ACTIVATION_LINEAR ? 0 : scratch;
    fetchOutputs<V>(tiles, count, to, <usize>word(args, CONV_Y_STRIDES + 16), sinkOf(scratch + <usize>word(args, CONV_SCRATCH_ROWS) - AHEAD_LINE));
    for (let t = 0; t < count; t += L) {
      const q = t / wide, vectors = count - q * wide > L ? word(args, CONV_TILE_NV) : 1;
      outputTiles<V>(args, scratch, products + <usize>(q * slot + r * vectors * vector + t % wide * 4), b, tiles + <usize>t * TILE_WORDS, min(L, count - t), to);
    }
  }
}

/** The lines of y that tiles of one filter are about to be stored into: see ahead.ts. L tiles side by side are one of them. */
function fetchOutputs<V>(list: usize, count: i32, y: usize, yRow: usize, sink: usize): void {
  for (let t = 0, L = lanes<f32, V>(); t < count; t += L, list += <usize>L * TILE_WORDS) {
    fetchEach(y + load<u32>(list + TILE_Y_AT), load<i32>(list + TILE_HEIGHT), yRow, sink);
  }
}

/** L tiles of one filter: Aᵀ along y and along x, bias, activation, and their way to y. */
function outputTiles<V>(args: usize, scratch: usize, products: usize, bias: usize, list: usize, count: i32, y: usize): void {
  const step = <usize>word(args, CONV_M_POINT), vector = <usize>vectorBytes<f32, V>(), points = <usize>word(args, CONV_POINTS);
  const numbers = <usize>word(args, CONV_NUMBERS), activation = word(args, CONV_ACTIVATION), yRow = <usize>word(args, CONV_Y_STRIDES + 16);
  // Between the two: rows of `points` vectors.
  const between = scratch + <usize>word(args, CONV_SCRATCH_ROWS), row = points * vector;
  if (points == 4) {
    for (let j: usize = 0; j < 4; ++j) toTwo<V>(products + j * step, 4 * step, between + j * vector, row, 0, 0);
    for (let i: usize = 0; i < 2; ++i) toTwo<V>(between + i * row, vector, between + i * row, vector, bias, activation);
    storeColumns<V>(between, row, list, count, y, yRow, word(args, CONV_Y_STRIDES + 20));
    return;
  }
  toFours<V>(points, points, products, points * step, step, false, between, between + row, between + 2 * row, between + 3 * row, vector, numbers, 0, 0);
  let p = between, q = between + vector, r = between + 2 * vector, s = between + 3 * vector, next = row;
  const turned = isVector<V>() && word(args, CONV_Y_STRIDES + 20) == 4, whole = turned && areWhole(list, count);
  if (whole) {
    p = y + load<u32>(list, TILE_Y_AT);
    q = y + load<u32>(list + TILE_WORDS, TILE_Y_AT);
    r = y + load<u32>(list + 2 * TILE_WORDS, TILE_Y_AT);
    s = y + load<u32>(list + 3 * TILE_WORDS, TILE_Y_AT);
    next = yRow;
  }
  toFours<V>(points, 4, between, vector, row, turned, p, q, r, s, next, numbers, bias, activation);
  if (!turned) storeColumns<V>(between, row, list, count, y, yRow, word(args, CONV_Y_STRIDES + 20));
  else if (!whole) storeSquares<V>(between, row, list, count, y, yRow);
}

/** Four tiles, of four rows and columns each. */
// @ts-ignore: decorator
@inline function areWhole(list: usize, count: i32): bool {
  let rest = count ^ 4;
  for (let t: usize = 0; t < 4; ++t) rest |= (load<i32>(list + t * TILE_WORDS, TILE_HEIGHT) ^ 4) | (load<i32>(list + t * TILE_WORDS, TILE_WIDTH) ^ 4);
  return rest == 0;
}

// @ts-ignore: decorator
@inline function finished<V>(value: V, bias: usize, activation: i32): V {
  if (!bias) return value;
  value = add<f32, V>(value, loadSplat<f32, V>(bias));
  return activation == ACTIVATION_LINEAR ? value : activate<f32, V>(value, activation);
}

/**
 * Aᵀ on `lines` lines of `points` vectors, `step` bytes apart, the lines `next` bytes. The four vectors of a line go to p, q, r and s, which then move
 * by `toNext`; `turned` round if they are to be tiles, and not outputs of a lane for each tile.
 */
// @ts-ignore: decorator
@inline function toFours<V>(
  points: usize, lines: usize, from: usize, step: usize, next: usize, turned: bool, p: usize, q: usize, r: usize, s: usize, toNext: usize,
  numbers: usize, bias: usize, activation: i32,
): void {
  const end = p + lines * toNext;
  if (points == 6) fromSix<V>(end, from, step, next, turned, p, q, r, s, toNext, numbers, bias, activation);
  else fromNine<V>(end, from, step, next, turned, p, q, r, s, toNext, numbers, bias, activation);
}

/** Aᵀ = [1 √2 √2 √½ √½ 0; 0 1 −1 1 −1 0; 0 √½ √½ √2 √2 0; 0 ½ −½ 2 −2 1] on six vectors. */
export function fromSix<V>(
  end: usize, from: usize, step: usize, next: usize, turned: bool, p: usize, q: usize, r: usize, s: usize, toNext: usize, numbers: usize, bias: usize, activation: i32,
): void {
  const two = loadSplat<f32, V>(numbers), half = loadSplat<f32, V>(numbers + 4), near = loadSplat<f32, V>(numbers + 12), far = loadSplat<f32, V>(numbers + 16);
  for (; p != end; from += next, p += toNext, q += toNext, r += toNext, s += toNext) {
    const m1 = loadLanes<f32, V>(from + step), m2 = loadLanes<f32, V>(from + 2 * step), m3 = loadLanes<f32, V>(from + 3 * step), m4 = loadLanes<f32, V>(from + 4 * step);
    const sum = add<f32, V>(m1, m2), d = subtract<f32, V>(m1, m2), t = add<f32, V>(m3, m4), e = subtract<f32, V>(m3, m4);
    const first = multiplyAdd<f32, V>(near, t, multiplyAdd<f32, V>(far, sum, loadLanes<f32, V>(from)));
    const last = multiplyAdd<f32, V>(two, e, multiplyAdd<f32, V>(half, d, loadLanes<f32, V>(from + 5 * step)));
    storeFour<V>(turned, p, q, r, s, first, add<f32, V>(d, e), multiplyAdd<f32, V>(far, t, multiply<f32, V>(near, sum)), last, bias, activation);
  }
}

/** Aᵀ = [1 1 1 1 0 1 0 0 0; √½ −√½ √2 −√2 0 0 1 0 0; ½ ½ 2 2 0 0 0 1 0; √½/2 −√½/2 2√2 −2√2 1 0 0 0 1] on nine: of F(4, 2), and what tap 1 adds. */
function fromNine<V>(
  end: usize, from: usize, step: usize, next: usize, turned: bool, p: usize, q: usize, r: usize, s: usize, toNext: usize, numbers: usize, bias: usize, activation: i32,
): void {
  const two = loadSplat<f32, V>(numbers), half = loadSplat<f32, V>(numbers + 4), near = loadSplat<f32, V>(numbers + 12), far = loadSplat<f32, V>(numbers + 16);
  for (; p != end; from += next, p += toNext, q += toNext, r += toNext, s += toNext) {
    const m0 = loadLanes<f32, V>(from), m1 = loadLanes<f32, V>(from + step), m2 = loadLanes<f32, V>(from + 2 * step), m3 = loadLanes<f32, V>(from + 3 * step);
    const sum = add<f32, V>(m0, m1), d = multiply<f32, V>(near, subtract<f32, V>(m0, m1)), t = add<f32, V>(m2, m3), e = multiply<f32, V>(far, subtract<f32, V>(m2, m3));
    const odd = from + 5 * step;
    let third = loadLanes<f32, V>(odd + 2 * step), fourth = add<f32, V>(loadLanes<f32, V>(from + 4 * step), loadLanes<f32, V>(odd + 3 * step));
    const first = add<f32, V>(add<f32, V>(sum, t), loadLanes<f32, V>(odd)), second = add<f32, V>(add<f32, V>(d, e), loadLanes<f32, V>(odd + step));
    third = multiplyAdd<f32, V>(two, t, multiplyAdd<f32, V>(half, sum, third));
    fourth = multiplyAdd<f32, V>(two, e, multiplyAdd<f32, V>(half, d, fourth));
    storeFour<V>(turned, p, q, r, s, first, second, third, fourth, bias, activation);
  }
}

/** Four vectors, finished; `turned`, the transpose of their four lanes. */
// @ts-ignore: decorator
@inline function storeFour<V>(turned: bool, p: usize, q: usize, r: usize, s: usize, a: V, b: V, c: V, d: V, bias: usize, activation: i32): void {
  a = finished<V>(a, bias, activation); b = finished<V>(b, bias, activation);
  c = finished<V>(c, bias, activation); d = finished<V>(d, bias, activation);
  if (isVector<V>()) {
    if (turned) {
      const ab = interleaveLow(a, b), cd = interleaveLow(c, d), ef = interleaveHigh(a, b), gh = interleaveHigh(c, d);
      a = joinLow(ab, cd); b = joinHigh(ab, cd); c = joinLow(ef, gh); d = joinHigh(ef, gh);
    }
  }
  storeLanes<f32, V>(p, a);
  storeLanes<f32, V>(q, b);
  storeLanes<f32, V>(r, c);
  storeLanes<f32, V>(s, d);
}

/** Aᵀ = [1 1 1 0; 0 1 −1 −1]. */
function toTwo<V>(from: usize, step: usize, to: usize, toStep: usize, bias: usize, activation: i32): void {
  const m1 = loadLanes<f32, V>(from + step), m2 = loadLanes<f32, V>(from + 2 * step), m3 = loadLanes<f32, V>(from + 3 * step);
  storeLanes<f32, V>(to, finished<V>(add<f32, V>(loadLanes<f32, V>(from), add<f32, V>(m1, m2)), bias, activation));
  storeLanes<f32, V>(to + toStep, finished<V>(subtract<f32, V>(subtract<f32, V>(m1, m2), m3), bias, activation));
}

/** Tiles of 4 × 4 at most, whose rows of four are `row` bytes apart. */
function storeSquares<V>(from: usize, row: usize, list: usize, count: i32, y: usize, yRow: usize): void {
  for (let t = 0; t < count; ++t, list += TILE_WORDS, from += <usize>vectorBytes<f32, V>()) {
    const height = load<i32>(list + TILE_HEIGHT), width = <usize>load<i32>(list + TILE_WIDTH);
    let to = y + load<u32>(list + TILE_Y_AT);
    for (let i = 0, at = from; i < height; ++i, to += yRow, at += row) {
      if (width == 4) storeLanes<f32, V>(to, loadLanes<f32, V>(at));
      else for (let c: usize = 0; c < width; ++c) store<f32>(to + 4 * c, load<f32>(at + 4 * c));
    }
  }
}

/** Tiles of a lane each, one output after the other: for other strides and sizes. */
function storeColumns<V>(from: usize, row: usize, list: usize, count: i32, y: usize, yRow: usize, yColumn: usize): void {
  const vector = <usize>vectorBytes<f32, V>();
  for (let t = 0; t < count; ++t, list += TILE_WORDS, from += 4) {
    const height = load<i32>(list + TILE_HEIGHT), width = <usize>load<i32>(list + TILE_WIDTH);
    let to = y + load<u32>(list + TILE_Y_AT);
    for (let i = 0, at = from; i < height; ++i, to += yRow, at += row) {
      for (let c: usize = 0; c < width; ++c) store<f32>(to + c * yColumn, load<f32>(at + c * vector));
    }
  }
}
