/** Winograd's transform of the products, Aᵀ m A, with lanes over tiles, into y. See winograd.ts. */
import {
  ACTIVATION_LINEAR, CONV_ACTIVATION, CONV_BIAS, CONV_FILTERS, CONV_M_POINT, CONV_M_SLOT, CONV_NUMBERS, CONV_PANELS, CONV_POINTS, CONV_SCRATCH_M,
  CONV_SCRATCH_ROWS, CONV_SCRATCH_TILES, CONV_TILE_NV, CONV_Y_STRIDES,
} from "./args";
import { activate } from "./activation";
import {
  add, interleaveHigh, interleaveLow, joinHigh, joinLow, lanes, loadLanes, loadNextLanes, loadSplat, multiply, multiplyAdd, storeLanes, subtract,
  vectorBytes,
} from "./lanes";
import { TILE_HEIGHT, TILE_WIDTH, TILE_WORDS, TILE_Y_AT } from "./winograd-units";
import { ceilDivide, entry, word } from "./words";

/** The outputs of one panel of filters, `local` in the pass. */
export function transformOutput<V>(args: usize, scratch: usize, g: i32, panel: i32, local: i32, count: i32, y: usize): void {
  const L = lanes<f32, V>(), wide = word(args, CONV_TILE_NV) * L, vector = vectorBytes<f32, V>(), slot = word(args, CONV_M_SLOT);
  const panels = <usize>word(args, CONV_PANELS), k0 = entry(panels, panel), height = entry(panels, panel + 1) - k0, bias = word(args, CONV_BIAS);
  const products = scratch + <usize>(word(args, CONV_SCRATCH_M) + local * ceilDivide(count, wide) * slot), tiles = scratch + <usize>word(args, CONV_SCRATCH_TILES);
  for (let r = 0; r < height; ++r) {
    const to = y + <usize>((k0 + r) * word(args, CONV_Y_STRIDES + 8));
    // Without a bias: the zeros of the scratch, if there is an activation to apply.
    const b = bias ? <usize>(bias + (g * word(args, CONV_FILTERS) + k0 + r) * 4) : word(args, CONV_ACTIVATION) == ACTIVATION_LINEAR ? 0 : scratch;
    for (let t = 0; t < count; t += L) {
      const q = t / wide, vectors = count - q * wide > L ? word(args, CONV_TILE_NV) : 1;
      outputTiles<V>(args, scratch, products + <usize>(q * slot + r * vectors * vector + t % wide * 4), b, tiles + <usize>t * TILE_WORDS, min(L, count - t), to);
    }
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
  for (let j: usize = 0; j < points; ++j) {
    if (points == 6) toFour<V>(products + j * step, 6 * step, between + j * vector, row, numbers, 0, 0);
    else toFourOfNine<V>(products + j * step, 9 * step, between + j * vector, row, numbers, 0, 0);
  }
  // In place: the first four of a row's vectors are its outputs.
  for (let i: usize = 0, at = between; i < 4; ++i, at += row) {
    if (points == 6) toFour<V>(at, vector, at, vector, numbers, bias, activation);
    else toFourOfNine<V>(at, vector, at, vector, numbers, bias, activation);
  }
  if (isVector<V>() && word(args, CONV_Y_STRIDES + 20) == 4) storeSquares<V>(between, row, list, count, y, yRow);
  else storeColumns<V>(between, row, list, count, y, yRow, word(args, CONV_Y_STRIDES + 20));
}

// @ts-ignore: decorator
@inline function finished<V>(value: V, bias: usize, activation: i32): V {
  if (!bias) return value;
  value = add<f32, V>(value, loadSplat<f32, V>(bias));
  return activation == ACTIVATION_LINEAR ? value : activate<f32, V>(value, activation);
}

/** Aᵀ = [1 √2 √2 √½ √½ 0; 0 1 −1 1 −1 0; 0 √½ √½ √2 √2 0; 0 ½ −½ 2 −2 1] on six vectors. */
function toFour<V>(from: usize, step: usize, to: usize, toStep: usize, numbers: usize, bias: usize, activation: i32): void {
  const two = loadSplat<f32, V>(numbers), half = loadSplat<f32, V>(numbers + 4), near = loadSplat<f32, V>(numbers + 12), far = loadSplat<f32, V>(numbers + 16);
  const m1 = loadLanes<f32, V>(from + step), m2 = loadLanes<f32, V>(from + 2 * step), m3 = loadLanes<f32, V>(from + 3 * step), m4 = loadLanes<f32, V>(from + 4 * step);
  const s = add<f32, V>(m1, m2), d = subtract<f32, V>(m1, m2), t = add<f32, V>(m3, m4), e = subtract<f32, V>(m3, m4);
  const first = multiplyAdd<f32, V>(near, t, multiplyAdd<f32, V>(far, s, loadLanes<f32, V>(from)));
  const last = multiplyAdd<f32, V>(two, e, multiplyAdd<f32, V>(half, d, loadLanes<f32, V>(from + 5 * step)));
  storeLanes<f32, V>(to, finished<V>(first, bias, activation));
  storeLanes<f32, V>(to + toStep, finished<V>(add<f32, V>(d, e), bias, activation));
  storeLanes<f32, V>(to + 2 * toStep, finished<V>(multiplyAdd<f32, V>(far, t, multiply<f32, V>(near, s)), bias, activation));
  storeLanes<f32, V>(to + 3 * toStep, finished<V>(last, bias, activation));
}

/** Aᵀ = [1 1 1 1 0 1 0 0 0; √½ −√½ √2 −√2 0 0 1 0 0; ½ ½ 2 2 0 0 0 1 0; √½/2 −√½/2 2√2 −2√2 1 0 0 0 1] on nine: of F(4, 2), and what tap 1 adds. */
function toFourOfNine<V>(from: usize, step: usize, to: usize, toStep: usize, numbers: usize, bias: usize, activation: i32): void {
  const two = loadSplat<f32, V>(numbers), half = loadSplat<f32, V>(numbers + 4), near = loadSplat<f32, V>(numbers + 12), far = loadSplat<f32, V>(numbers + 16);
  const m0 = loadLanes<f32, V>(from), m1 = loadLanes<f32, V>(from + step), m2 = loadLanes<f32, V>(from + 2 * step), m3 = loadLanes<f32, V>(from + 3 * step);
  const s = add<f32, V>(m0, m1), d = multiply<f32, V>(near, subtract<f32, V>(m0, m1)), t = add<f32, V>(m2, m3), e = multiply<f32, V>(far, subtract<f32, V>(m2, m3));
  const odd = from + 5 * step, third = loadLanes<f32, V>(odd + 2 * step), fourth = add<f32, V>(loadLanes<f32, V>(from + 4 * step), loadLanes<f32, V>(odd + 3 * step));
  const first = add<f32, V>(add<f32, V>(s, t), loadLanes<f32, V>(odd)), second = add<f32, V>(add<f32, V>(d, e), loadLanes<f32, V>(odd + step));
  storeLanes<f32, V>(to, finished<V>(first, bias, activation));
  storeLanes<f32, V>(to + toStep, finished<V>(second, bias, activation));
  storeLanes<f32, V>(to + 2 * toStep, finished<V>(multiplyAdd<f32, V>(two, t, multiplyAdd<f32, V>(half, s, third)), bias, activation));
  storeLanes<f32, V>(to + 3 * toStep, finished<V>(multiplyAdd<f32, V>(two, e, multiplyAdd<f32, V>(half, d, fourth)), bias, activation));
}

/** Aᵀ = [1 1 1 0; 0 1 −1 −1]. */
function toTwo<V>(from: usize, step: usize, to: usize, toStep: usize, bias: usize, activation: i32): void {
  const m1 = loadLanes<f32, V>(from + step), m2 = loadLanes<f32, V>(from + 2 * step), m3 = loadLanes<f32, V>(from + 3 * step);
  storeLanes<f32, V>(to, finished<V>(add<f32, V>(loadLanes<f32, V>(from), add<f32, V>(m1, m2)), bias, activation));
  storeLanes<f32, V>(to + toStep, finished<V>(subtract<f32, V>(subtract<f32, V>(m1, m2), m3), bias, activation));
}

/** L tiles of 4 × 4 whose elements are vectors of one lane for each tile: turned round, four tiles at a time, into rows of y. */
function storeSquares<V>(from: usize, row: usize, list: usize, count: i32, y: usize, yRow: usize): void {
  const vector = <usize>vectorBytes<f32, V>();
  let whole = count == 4 ? 0 : 1;
  for (let t: usize = 0; t < 4; ++t) whole |= (load<i32>(list + t * TILE_WORDS + TILE_HEIGHT) ^ 4) | (load<i32>(list + t * TILE_WORDS + TILE_WIDTH) ^ 4);
  let p = y + load<u32>(list + TILE_Y_AT), q = y + load<u32>(list + TILE_WORDS + TILE_Y_AT);
  let r = y + load<u32>(list + 2 * TILE_WORDS + TILE_Y_AT), s = y + load<u32>(list + 3 * TILE_WORDS + TILE_Y_AT);
  for (let i: usize = 0, at = from; i < 4; ++i, at += row, p += yRow, q += yRow, r += yRow, s += yRow) {
    const a = loadLanes<f32, V>(at), b = loadNextLanes<f32, V>(at), c = loadLanes<f32, V>(at + 2 * vector), d = loadNextLanes<f32, V>(at + 2 * vector);
    if (isVector<V>()) {
      const ab = interleaveLow(a, b), cd = interleaveLow(c, d), ef = interleaveHigh(a, b), gh = interleaveHigh(c, d);
      if (!whole) {
        storeLanes<f32, V>(p, joinLow(ab, cd));
        storeLanes<f32, V>(q, joinHigh(ab, cd));
        storeLanes<f32, V>(r, joinLow(ef, gh));
        storeLanes<f32, V>(s, joinHigh(ef, gh));
      } else {
        storeLanes<f32, V>(at, joinLow(ab, cd));
        storeLanes<f32, V>(at + vector, joinHigh(ab, cd));
        storeLanes<f32, V>(at + 2 * vector, joinLow(ef, gh));
        storeLanes<f32, V>(at + 3 * vector, joinHigh(ef, gh));
      }
    }
  }
  if (!whole) return;
  for (let t = 0; t < count; ++t, list += TILE_WORDS, from += vector) {
    const height = load<i32>(list + TILE_HEIGHT), width = <usize>load<i32>(list + TILE_WIDTH);
    let to = y + load<u32>(list + TILE_Y_AT);
    for (let i = 0, at = from; i < height; ++i, to += yRow, at += row) {
      if (width == 4) storeLanes<f32, V>(to, loadLanes<f32, V>(at));
      else for (let c: usize = 0; c < width; ++c) store<f32>(to + 4 * c, load<f32>(at + 4 * c));
    }
  }
}

/** The same one by one, for other strides and sizes. */
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
