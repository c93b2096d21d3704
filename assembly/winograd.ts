/**
 * Winograd's minimal filtering F(m×m, 3×3), m = 2 or 4, for filters of 3×3 taps, stride 1 and dilation 1 in y and x:
 *
 *   y = Aᵀ [ Σ_c (G w_c Gᵀ) ⊙ (Bᵀ x_c B) ] A        m² outputs for (m + 2)² products a channel, instead of 9 m²
 *
 * A *tile* is a square of m × m outputs, a *point* one of the (m + 2)² elements of a transformed tile, a *unit* the tiles of a
 * rectangle of outputs, of `CONV_TILE_BATCH` images one after the other. The products are one matrix product for each point,
 * filters × channels by channels × tiles, done by the register tile of contract.ts with lanes over tiles. Transforms run with
 * lanes over tiles too, so the bits of an output do not depend on where its tile stands.
 *
 *   winograd            whole units: transformed input and products stay in scratch
 *   winograd_input      transforms the units of every frame into memory, once for all filters and taps in z
 *   winograd_multiply   multiplies them, a run of filters at a time, and transforms the outputs
 *
 * Order of additions of one product: z, channel. float32 only: who wants the digits of float64 does not want to lose any.
 */
import {
  ACTIVATION_LINEAR, CONV_ACTIVATION, CONV_BATCH, CONV_BIAS, CONV_BLOCK_TERMS, CONV_CHANNELS, CONV_DILATION, CONV_FILTERS, CONV_FRAMES,
  CONV_GROUPS, CONV_IN, CONV_LOW, CONV_M_POINT, CONV_M_SLOT, CONV_NUMBERS, CONV_OUT, CONV_PANEL_COUNT, CONV_PANEL_RUNS, CONV_PANELS,
  CONV_PASS_PANELS, CONV_PITCHES, CONV_SCRATCH_M, CONV_SCRATCH_ROWS, CONV_SCRATCH_TILES, CONV_SCRATCH_V, CONV_SIDE, CONV_STRIDE, CONV_TAPS,
  CONV_TERMS, CONV_TILE_BATCH, CONV_TILE_COLUMNS, CONV_TILE_NV, CONV_TILE_ROWS, CONV_V_PANEL, CONV_V_POINT, CONV_V_UNIT, CONV_W,
  CONV_W_GROUP, CONV_W_POINT, CONV_X, CONV_X_STRIDES, CONV_Y, CONV_Y_STRIDES, PACK_CHANNELS, PACK_GROUP, PACK_PANEL_COUNT, PACK_PANELS,
  PACK_POINT, PACK_SIDE, PACK_SOURCE, PACK_STRIDES, PACK_TAPS, PACK_TARGET, ZERO_BYTES,
} from "./args";
import { activate } from "./activation";
import { contract, Pixels } from "./contract";
import {
  add, interleaveHigh, interleaveLow, joinHigh, joinLow, lanes, loadLanes, loadNextLanes, loadSplat, multiply, multiplyAdd, multiplySubtract,
  storeLanes, subtract, vectorBytes,
} from "./lanes";
import { inputTile } from "./pack";
import { ceilDivide, entry, word } from "./words";

/** A tile in the list: bytes from the unit's transformed rows to its own, from the unit's first output to its own, rows and columns of outputs. */
const TILE_ROWS_AT: usize = 0;
const TILE_Y_AT: usize = 4;
const TILE_HEIGHT: usize = 8;
const TILE_WIDTH: usize = 12;
const TILE_WORDS: usize = 16;

/** Both halves, unit by unit. Tiles as in `direct`: space, images, panel runs, groups. */
export function winograd<V>(args: usize, scratch: usize, first: i32, last: i32): void {
  memory.fill(scratch, 0, ZERO_BYTES);
  const v = scratch + <usize>word(args, CONV_SCRATCH_V);
  for (let tile = first; tile < last; ++tile) {
    let rest = tile / unitsOfFrame(args);
    const z = rest % word(args, CONV_OUT), n0 = rest / word(args, CONV_OUT) % batches(args) * word(args, CONV_TILE_BATCH);
    rest = rest / word(args, CONV_OUT) / batches(args);
    const run = rest % word(args, CONV_PANEL_RUNS), g = rest / word(args, CONV_PANEL_RUNS);
    const unit = tile % unitsOfFrame(args), count = listTiles<V>(args, scratch, unit, n0);
    transformInput<V>(args, args, scratch, word(args, CONV_X), false, unit, n0, g, z, 0, word(args, CONV_CHANNELS), count, v);
    multiplyUnit<V>(args, scratch, unit, n0, g, z, run, count, v, true);
  }
}

/** Tiles: runs of channels, space, frames, images, groups. */
export function winogradInput<V>(args: usize, scratch: usize, first: i32, last: i32): void {
  const runs = word(args, CONV_PANEL_RUNS), channels = word(args, CONV_CHANNELS), units = unitsOfFrame(args), frames = word(args, CONV_OUT);
  for (let tile = first; tile < last; ++tile) {
    const run = tile % runs, unit = tile / runs % units, z = tile / runs / units % frames, rest = tile / runs / units / frames;
    const n0 = rest % batches(args) * word(args, CONV_TILE_BATCH), g = rest / batches(args);
    const count = listTiles<V>(args, scratch, unit, n0);
    const v = <usize>(word(args, CONV_Y) + tile / runs * word(args, CONV_V_UNIT));
    transformInput<V>(args, args, scratch, word(args, CONV_X), false, unit, n0, g, z, run * channels / runs, (run + 1) * channels / runs, count, v);
  }
}

/** Tiles as in `direct`. */
export function winogradMultiply<V>(args: usize, scratch: usize, first: i32, last: i32): void {
  memory.fill(scratch, 0, ZERO_BYTES);
  const units = unitsOfFrame(args), outZ = word(args, CONV_OUT);
  for (let tile = first; tile < last; ++tile) {
    const unit = tile % units, z = tile / units % outZ, batch = tile / units / outZ % batches(args), rest = tile / units / outZ / batches(args);
    const run = rest % word(args, CONV_PANEL_RUNS), g = rest / word(args, CONV_PANEL_RUNS), n0 = batch * word(args, CONV_TILE_BATCH);
    const count = listTiles<V>(args, scratch, unit, n0);
    const frame = ((g * batches(args) + batch) * word(args, CONV_FRAMES)) * units + unit;
    multiplyUnit<V>(args, scratch, unit, n0, g, z, run, count, <usize>(word(args, CONV_X) + frame * word(args, CONV_V_UNIT)), false);
  }
}

function batches(args: usize): i32 {
  return ceilDivide(word(args, CONV_BATCH), word(args, CONV_TILE_BATCH));
}

function bandsX(args: usize): i32 {
  return ceilDivide(word(args, CONV_OUT + 8), word(args, CONV_TILE_COLUMNS));
}

function unitsOfFrame(args: usize): i32 {
  return ceilDivide(word(args, CONV_OUT + 4), word(args, CONV_TILE_ROWS)) * bandsX(args);
}

/** Lists the tiles of a unit in scratch; returns how many they are. Behind the last there are copies of it, up to a whole vector. */
export function listTiles<V>(args: usize, scratch: usize, unit: i32, n0: i32): i32 {
  const side = word(args, CONV_SIDE), rowPitch = word(args, CONV_PITCHES + 12);
  const row = unit / bandsX(args) * word(args, CONV_TILE_ROWS), column = unit % bandsX(args) * word(args, CONV_TILE_COLUMNS);
  const rows = min(word(args, CONV_TILE_ROWS), word(args, CONV_OUT + 4) - row);
  const columns = min(word(args, CONV_TILE_COLUMNS), word(args, CONV_OUT + 8) - column);
  const images = min(word(args, CONV_TILE_BATCH), word(args, CONV_BATCH) - n0), tall = ceilDivide(rows, side);
  let to = scratch + <usize>word(args, CONV_SCRATCH_TILES), count = 0;
  for (let n = 0; n < images; ++n) {
    for (let r = 0; r < rows; r += side) {
      for (let c = 0; c < columns; c += side, to += TILE_WORDS, ++count) {
        store<i32>(to + TILE_ROWS_AT, (n * tall + r / side) * (side + 2) * rowPitch + c * 4);
        store<i32>(to + TILE_Y_AT, n * word(args, CONV_Y_STRIDES) + r * word(args, CONV_Y_STRIDES + 16) + c * word(args, CONV_Y_STRIDES + 20));
        store<i32>(to + TILE_HEIGHT, min(side, rows - r));
        store<i32>(to + TILE_WIDTH, min(side, columns - c));
      }
    }
  }
  for (let i = count; i % lanes<f32, V>() != 0; ++i, to += TILE_WORDS) memory.copy(to, to - TILE_WORDS, TILE_WORDS);
  return count;
}

/**
 * Channels c0 … c1 − 1 of a unit, transformed into `v`: [point][panel of tiles][channel][tile of the panel], or `across`, as gradients with
 * respect to filters want them, [panel of channels][point][tile][channel of the panel]. `source` describes x, and is another block than `args`
 * where x is the gradient of the outputs: then its tiles are spread.
 */
export function transformInput<V>(
  args: usize, source: usize, scratch: usize, x: i32, across: bool, unit: i32, n0: i32, g: i32, z: i32, c0: i32, c1: i32, count: i32, v: usize,
): void {
  const L = lanes<f32, V>(), wide = word(args, CONV_TILE_NV) * L, side = word(args, CONV_SIDE), points = side + 2;
  const row = unit / bandsX(args) * word(args, CONV_TILE_ROWS), column = unit % bandsX(args) * word(args, CONV_TILE_COLUMNS);
  const tall = ceilDivide(min(word(args, CONV_TILE_ROWS), word(args, CONV_OUT + 4) - row), side), spread = source != args;
  const images = min(word(args, CONV_TILE_BATCH), word(args, CONV_BATCH) - n0), pitch = word(args, CONV_PITCHES + 12);
  const numbers = <usize>word(args, CONV_NUMBERS), rows = scratch + <usize>word(args, CONV_SCRATCH_ROWS);
  const tiles = scratch + <usize>word(args, CONV_SCRATCH_TILES), point = <usize>word(args, CONV_V_POINT);
  const together = across ? L : 1, channels = tiles + <usize>(count + L) * TILE_WORDS;
  for (let c = c0; c < c1; c += together) {
    let to = rows;
    for (let l = 0; l < together; ++l) {
      store<i32>(channels + <usize>l * TILE_WORDS + TILE_ROWS_AT, <i32>(to - rows));
      for (let n = n0; n < n0 + images; ++n) {
        const at = x + n * word(source, CONV_X_STRIDES) + g * word(source, CONV_X_STRIDES + 4) + min(c + l, c1 - 1) * word(source, CONV_X_STRIDES + 8);
        let from = inputTile<f32, V>(source, scratch, <usize>at, 1, z, row, column);
        for (let r = 0; r < tall; ++r, from += <usize>(side * pitch), to += <usize>(points * pitch)) {
          if (side == 4) rowsOfSix<V>(from, to, pitch, numbers, spread);
          else rowsOfFour<V>(from, to, pitch);
        }
      }
    }
    for (let t = 0; t < count; t += across ? 1 : L) {
      const tile = tiles + <usize>t * TILE_WORDS, list = across ? channels : tile, base = across ? rows + load<u32>(tile + TILE_ROWS_AT) : rows;
      const lane = across ? c - c0 : t, term = across ? t : c;
      const at = v + <usize>(lane / wide * word(args, CONV_V_PANEL) + (lane % wide + term * wide) * 4);
      if (side == 4) columnsOfSix<V>(list, base, pitch, at, point, numbers, spread);
      else columnsOfFour<V>(list, base, pitch, at, point);
    }
  }
}

/** Bᵀ along y, for whole rows: six rows `pitch` bytes apart become six. Or A, if `spread`, of the first four. */
function rowsOfSix<V>(from: usize, to: usize, pitch: usize, numbers: usize, spread: bool): void {
  const two = loadSplat<f32, V>(numbers), half = loadSplat<f32, V>(numbers + 4), middle = loadSplat<f32, V>(numbers + 8);
  const near = loadSplat<f32, V>(numbers + 12), far = loadSplat<f32, V>(numbers + 16);
  for (const end = from + pitch; from < end; from += vectorBytes<f32, V>(), to += vectorBytes<f32, V>()) {
    const d0 = loadLanes<f32, V>(from), d1 = loadLanes<f32, V>(from + pitch), d2 = loadLanes<f32, V>(from + 2 * pitch);
    const d3 = loadLanes<f32, V>(from + 3 * pitch), d4 = loadLanes<f32, V>(from + 4 * pitch), d5 = loadLanes<f32, V>(from + 5 * pitch);
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

function rowsOfFour<V>(from: usize, to: usize, pitch: usize): void {
  for (const end = from + pitch; from < end; from += vectorBytes<f32, V>(), to += vectorBytes<f32, V>()) {
    const d0 = loadLanes<f32, V>(from), d1 = loadLanes<f32, V>(from + pitch), d2 = loadLanes<f32, V>(from + 2 * pitch), d3 = loadLanes<f32, V>(from + 3 * pitch);
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

/** A run of filter panels over a unit whose transformed input stands at `v`; that of the next frame, if there is one, `frame` units on. */
function multiplyUnit<V>(
  args: usize, scratch: usize, unit: i32, n0: i32, g: i32, z: i32, run: i32, count: i32, v: usize, own: bool,
): void {
  const runs = word(args, CONV_PANEL_RUNS), panels = word(args, CONV_PANEL_COUNT), pass = word(args, CONV_PASS_PANELS);
  const row = unit / bandsX(args) * word(args, CONV_TILE_ROWS), column = unit % bandsX(args) * word(args, CONV_TILE_COLUMNS);
  const y = <usize>(word(args, CONV_Y) + n0 * word(args, CONV_Y_STRIDES) + g * word(args, CONV_Y_STRIDES + 4)
    + z * word(args, CONV_Y_STRIDES + 12) + row * word(args, CONV_Y_STRIDES + 16) + column * word(args, CONV_Y_STRIDES + 20));
  for (let p0 = run * panels / runs, end = (run + 1) * panels / runs; p0 < end; p0 += pass) {
    const p1 = min(end, p0 + pass);
    multiplyPoints<V>(args, scratch, g, z, p0, p1, count, v, own);
    for (let p = p0; p < p1; ++p) transformOutput<V>(args, scratch, g, p, p - p0, count, y);
  }
}

/** The products of panels p0 … p1 − 1 at every point. */
function multiplyPoints<V>(args: usize, scratch: usize, g: i32, z: i32, p0: i32, p1: i32, count: i32, v: usize, own: bool): void {
  const L = lanes<f32, V>(), wide = word(args, CONV_TILE_NV) * L, vector = vectorBytes<f32, V>(), side = word(args, CONV_SIDE) + 2;
  const panels = <usize>word(args, CONV_PANELS), channels = word(args, CONV_CHANNELS), block = word(args, CONV_BLOCK_TERMS), table = <usize>word(args, CONV_TERMS);
  const taps = word(args, CONV_TAPS), unit = unitsOfFrame(args) * word(args, CONV_V_UNIT), slot = word(args, CONV_M_SLOT), across = ceilDivide(count, wide);
  const first = z * word(args, CONV_STRIDE) - word(args, CONV_LOW);
  for (let i = 0; i < side * side; ++i) {
    const w = <usize>(word(args, CONV_W) + g * word(args, CONV_W_GROUP) + i * word(args, CONV_W_POINT));
    for (let p = p0; p < p1; ++p) {
      const k = entry(panels, p), height = entry(panels, p + 1) - k;
      const products = scratch + <usize>(word(args, CONV_SCRATCH_M) + i * word(args, CONV_M_POINT) + (p - p0) * across * slot);
      let opens = true;
      for (let t = 0; t < taps; ++t) {
        const frame = own ? 0 : first + t * word(args, CONV_DILATION);
        if (!own && <u32>frame >= <u32>word(args, CONV_FRAMES)) continue;
        for (let c = 0; c < channels; c += block, opens = false) {
          const terms = min(block, channels - c), filters = w + <usize>((k * taps * channels + (t * channels + c) * height) * 4);
          let x = v + <usize>(frame * unit + i * word(args, CONV_V_POINT) + c * wide * 4), to = products;
          for (let q = 0; q < across; ++q, x += <usize>word(args, CONV_V_PANEL), to += <usize>slot) {
            const vectors = count - q * wide > L ? word(args, CONV_TILE_NV) : 1;
            contract<f32, V, Pixels>(height, vectors, table, table + (<usize>terms << 2), x, 0, filters, opens ? scratch : to, to, vectors * vector);
          }
        }
      }
      if (opens) memory.fill(products, 0, <usize>(across * slot));
    }
  }
}

/** The outputs of one panel of filters, `local` in the pass. */
function transformOutput<V>(args: usize, scratch: usize, g: i32, panel: i32, local: i32, count: i32, y: usize): void {
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
  const step = <usize>word(args, CONV_M_POINT), vector = <usize>vectorBytes<f32, V>(), numbers = <usize>word(args, CONV_NUMBERS);
  // Between the two: rows of `side + 2` vectors; behind them the outputs.
  const between = scratch + <usize>word(args, CONV_SCRATCH_ROWS), outputs = between + 24 * vector;
  if (word(args, CONV_SIDE) == 4) {
    for (let j: usize = 0; j < 6; ++j) toFour<V>(products + j * step, 6 * step, between + j * vector, 6 * vector, numbers, 0, 0);
    for (let i: usize = 0; i < 4; ++i) toFour<V>(between + 6 * i * vector, vector, outputs + 4 * i * vector, vector, numbers, bias, word(args, CONV_ACTIVATION));
  } else {
    for (let j: usize = 0; j < 4; ++j) toTwo<V>(products + j * step, 4 * step, between + j * vector, 4 * vector, 0, 0);
    for (let i: usize = 0; i < 2; ++i) toTwo<V>(between + 4 * i * vector, vector, outputs + 2 * i * vector, vector, bias, word(args, CONV_ACTIVATION));
  }
  storeTiles<V>(args, outputs, list, count, y);
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

/** Aᵀ = [1 1 1 0; 0 1 −1 −1]. */
function toTwo<V>(from: usize, step: usize, to: usize, toStep: usize, bias: usize, activation: i32): void {
  const m1 = loadLanes<f32, V>(from + step), m2 = loadLanes<f32, V>(from + 2 * step);
  storeLanes<f32, V>(to, finished<V>(add<f32, V>(loadLanes<f32, V>(from), add<f32, V>(m1, m2)), bias, activation));
  storeLanes<f32, V>(to + toStep, finished<V>(subtract<f32, V>(subtract<f32, V>(m1, m2), loadLanes<f32, V>(from + 3 * step)), bias, activation));
}

/** L tiles whose elements are vectors of one lane for each tile. */
function storeTiles<V>(args: usize, outputs: usize, list: usize, count: i32, y: usize): void {
  const side = word(args, CONV_SIDE), vector = <usize>vectorBytes<f32, V>(), yRow = <usize>word(args, CONV_Y_STRIDES + 16), yColumn = <usize>word(args, CONV_Y_STRIDES + 20);
  const square = isVector<V>() && side == 4 && yColumn == 4;
  if (square) {
    for (let i: usize = 0; i < 4; ++i) {
      const at = outputs + 4 * i * vector;
      const a = loadLanes<f32, V>(at), b = loadNextLanes<f32, V>(at), c = loadLanes<f32, V>(at + 32), d = loadNextLanes<f32, V>(at + 32);
      if (isVector<V>()) {
        const ab = interleaveLow(a, b), cd = interleaveLow(c, d), ef = interleaveHigh(a, b), gh = interleaveHigh(c, d);
        storeLanes<f32, V>(at, joinLow(ab, cd));
        storeLanes<f32, V>(at + 16, joinHigh(ab, cd));
        storeLanes<f32, V>(at + 32, joinLow(ef, gh));
        storeLanes<f32, V>(at + 48, joinHigh(ef, gh));
      }
    }
  }
  for (let t = 0; t < count; ++t, list += TILE_WORDS) {
    const height = load<i32>(list + TILE_HEIGHT), width = load<i32>(list + TILE_WIDTH);
    let to = y + load<u32>(list + TILE_Y_AT);
    for (let r = 0; r < height; ++r, to += yRow) {
      if (square) {
        const from = outputs + <usize>(4 * r + t) * vector;
        if (width == 4) storeLanes<f32, V>(to, loadLanes<f32, V>(from));
        else for (let c: usize = 0; c < <usize>width; ++c) store<f32>(to + 4 * c, load<f32>(from + 4 * c));
      } else {
        const from = outputs + <usize>(side * r) * vector + (<usize>t << 2);
        for (let c: usize = 0; c < <usize>width; ++c) store<f32>(to + c * yColumn, load<f32>(from + c * vector));
      }
    }
  }
}

/**
 * Filters G w Gᵀ into panels: [group][point][panel][z][channel][filter of the panel]. A tile is one panel of one group. Computed in
 * double precision and rounded once.
 */
export function winogradFilters(args: usize, scratch: usize, first: i32, last: i32): void {
  const panels = <usize>word(args, PACK_PANELS), panelCount = word(args, PACK_PANEL_COUNT), channels = word(args, PACK_CHANNELS), taps = word(args, PACK_TAPS);
  const side = word(args, PACK_SIDE) + 2, point = <usize>word(args, PACK_POINT);
  for (let tile = first; tile < last; ++tile) {
    const g = tile / panelCount, start = entry(panels, tile % panelCount), filters = entry(panels, tile % panelCount + 1) - start;
    let to = <usize>(word(args, PACK_TARGET) + g * word(args, PACK_GROUP) + start * taps * channels * 4);
    for (let z = 0; z < taps; ++z) {
      for (let c = 0; c < channels; ++c) {
        let from = <usize>(word(args, PACK_SOURCE) + g * word(args, PACK_STRIDES) + start * word(args, PACK_STRIDES + 4) + c * word(args, PACK_STRIDES + 8) + z * word(args, PACK_STRIDES + 12));
        for (let k = 0; k < filters; ++k, from += <usize>word(args, PACK_STRIDES + 4), to += 4) transformFilter(args, scratch, from, to, point, side);
      }
    }
  }
}

function transformFilter(args: usize, scratch: usize, from: usize, to: usize, point: usize, side: i32): void {
  const sY = <usize>word(args, PACK_STRIDES + 16), sX = <usize>word(args, PACK_STRIDES + 20);
  for (let j: usize = 0; j < 3; ++j, from += sX) {
    storePoints<f64>(scratch + 8 * j, 24, side, load<f32>(from), load<f32>(from + sY), load<f32>(from + 2 * sY));
  }
  for (let i = 0; i < side; ++i, scratch += 24, to += <usize>side * point) {
    storePoints<f32>(to, point, side, load<f64>(scratch), load<f64>(scratch, 8), load<f64>(scratch, 16));
  }
}

/**
 * G = [1 0 0; −√2/3 −1/3 −√½/3; −√2/3 1/3 −√½/3; √½/3 1/3 √2/3; √½/3 −1/3 √2/3; 0 0 1] for six points, its rows scaled so that Aᵀ has ones,
 * [1 0 0; 1/2 1/2 1/2; 1/2 −1/2 1/2; 0 0 1] for four.
 */
// @ts-ignore: decorator
@inline function storePoints<T>(to: usize, step: usize, points: i32, a: f64, b: f64, c: f64): void {
  if (points == 4) {
    const s = 0.5 * (a + c), h = 0.5 * b;
    store<T>(to, <T>a);
    store<T>(to + step, <T>(s + h));
    store<T>(to + 2 * step, <T>(s - h));
    store<T>(to + 3 * step, <T>c);
  } else {
    const near: f64 = 0.23570226039551584, far: f64 = 0.47140452079103168; // √½/3, √2/3
    const s = far * a + near * c, h = b * (1.0 / 3.0), t = near * a + far * c;
    store<T>(to, <T>a);
    store<T>(to + step, <T>(-s - h));
    store<T>(to + 2 * step, <T>(h - s));
    store<T>(to + 3 * step, <T>(t + h));
    store<T>(to + 4 * step, <T>(t - h));
    store<T>(to + 5 * step, <T>c);
  }
}
