/**
 * Winograd's minimal filtering for filters of 3×3 taps or more and dilation 1 in y and x:
 *
 *   y = Aᵀ [ Σ_c (G w_c Gᵀ) ⊙ (Bᵀ x_c B) ] A        m² outputs for p² products a channel, instead of 9 m²
 *
 *   stride 1   F(4×4, 3×3): m = 4, p = 6;  F(2×2, 3×3): m = 2, p = 4
 *   stride 2   m = 4, p = 9: taps 0 and 2 by F(4, 2) with five points, tap 1 by four plain products, whose filters are the same
 *   in depth   F(4×4×4, 3×3×3): 64 outputs for 216 products a channel, instead of 1728. Bᵀ along z is taken of six frames of x before the
 *              others, G along z of a panel of filters whenever it is multiplied (they are kept as of F(4×4)), Aᵀ along z of products at once
 *
 * Larger filters are cut into blocks of 3 × 3 taps, which are terms as channels are: their taps are a stride apart, so that outputs side by side meet
 * inputs side by side, of the same phase. 5×5 taps are four blocks, or four with stride 2 too; 7×7 are nine.
 *
 * A *tile* is a square of m × m outputs, a *point* one of the p² elements of a transformed tile, a *unit* the tiles of a
 * rectangle of outputs, of `CONV_TILE_BATCH` images one after the other. The products are one matrix product for each point,
 * filters × channels by channels × tiles, done by the register tile of contract.ts with lanes over tiles. Transforms run with
 * lanes over tiles too, so the bits of an output do not depend on where its tile stands.
 *
 *   winograd            whole units: transformed input and products stay in scratch
 *   winograd_input      transforms the units of every frame into memory, once for all filters and taps in z
 *   winograd_multiply   multiplies them, a run of filters at a time, and transforms the outputs
 *
 * Order of additions of one product: z, channel, block; in depth channel only. float32 only: who wants the digits of float64 does not want to lose any.
 */
import {
  AHEAD_LINE, CONV_BLOCK_TERMS, CONV_CHANNELS, CONV_DILATION, CONV_FETCHES, CONV_FRAME_TERMS, CONV_FRAMES, CONV_LOW, CONV_M_POINT, CONV_M_SLOT, CONV_NUMBERS, CONV_OUT, CONV_PANEL_COUNT, CONV_PANEL_RUNS,
  CONV_PANELS, CONV_PASS_PANELS, CONV_POINTS, CONV_SCRATCH_M, CONV_SCRATCH_ROWS, CONV_SCRATCH_V, CONV_SIDE_Z, CONV_STRIDE, CONV_TAPS, CONV_TILE_BATCH,
  CONV_TILE_COLUMNS, CONV_TILE_NV, CONV_TILE_ROWS, CONV_V_PANEL, CONV_V_POINT, CONV_V_UNIT, CONV_W, CONV_W_GROUP, CONV_W_POINT, CONV_W_ROWS, CONV_X, CONV_Y,
  CONV_Y_STRIDES, LONE_SUMS, ZERO_BYTES,
} from "./args";
import { askForNothing, askWhile, fetchLines, sinkOf } from "./ahead";
import { areThree, contractPixel, contractRow, Evenly } from "./contract";
import { add, lanes, loadLanes, loadSplat, multiply, multiplyAdd, splat, storeLanes, subtract, vectorBytes } from "./lanes";
import { transformInput } from "./winograd-input";
import { fromSix, transformOutput } from "./winograd-output";
import { bandsX, batches, listTiles, unitsOfFrame } from "./winograd-units";
import { ceilDivide, entry, word } from "./words";

/** Both halves, unit by unit. Tiles as in `direct`: space, images, panel runs, groups. */
export function winograd<V>(args: usize, scratch: usize, first: i32, last: i32): void {
  memory.fill(scratch, 0, ZERO_BYTES);
  askForNothing(aheadAt(args, scratch));
  const v = scratch + <usize>word(args, CONV_SCRATCH_V);
  for (let tile = first; tile < last; ++tile) {
    let rest = tile / unitsOfFrame(args);
    const z = rest % word(args, CONV_OUT), n0 = rest / word(args, CONV_OUT) % batches(args) * word(args, CONV_TILE_BATCH);
    rest = rest / word(args, CONV_OUT) / batches(args);
    const run = rest % word(args, CONV_PANEL_RUNS), g = rest / word(args, CONV_PANEL_RUNS);
    const unit = tile % unitsOfFrame(args), count = listTiles<V>(args, scratch, unit, n0);
    transformInput<V>(args, args, scratch, word(args, CONV_X), false, unit, n0, g, z, 0, word(args, CONV_CHANNELS), count, v, false);
    multiplyUnit<V>(args, scratch, unit, n0, g, z, run, count, v, true);
  }
}

/** Tiles: runs of channels, space, frames (or tiles in z, of six), images, groups. */
export function winogradInput<V>(args: usize, scratch: usize, first: i32, last: i32): void {
  const runs = word(args, CONV_PANEL_RUNS), channels = word(args, CONV_CHANNELS), units = unitsOfFrame(args), frames = word(args, CONV_OUT);
  for (let tile = first; tile < last; ++tile) {
    const run = tile % runs, unit = tile / runs % units, z = tile / runs / units % frames, rest = tile / runs / units / frames;
    const n0 = rest % batches(args) * word(args, CONV_TILE_BATCH), g = rest / batches(args);
    const count = listTiles<V>(args, scratch, unit, n0);
    const region = (g * batches(args) + rest % batches(args)) * units + unit;
    const v = <usize>(word(args, CONV_Y) + region * word(args, CONV_V_UNIT) + z * (word(args, CONV_SIDE_Z) > 1 ? 6 : 1) * frameBytes<V>(args));
    transformInput<V>(args, args, scratch, word(args, CONV_X), false, unit, n0, g, z, run * channels / runs, (run + 1) * channels / runs, count, v, true);
  }
}

/** Tiles as in `direct`, but for those in z. */
export function winogradMultiply<V>(args: usize, scratch: usize, first: i32, last: i32): void {
  memory.fill(scratch, 0, ZERO_BYTES);
  askForNothing(aheadAt(args, scratch));
  const units = unitsOfFrame(args), tall = ceilDivide(word(args, CONV_OUT), word(args, CONV_SIDE_Z));
  for (let tile = first; tile < last; ++tile) {
    const unit = tile % units, z = tile / units % tall, batch = tile / units / tall % batches(args), rest = tile / units / tall / batches(args);
    const run = rest % word(args, CONV_PANEL_RUNS), g = rest / word(args, CONV_PANEL_RUNS), n0 = batch * word(args, CONV_TILE_BATCH);
    const count = listTiles<V>(args, scratch, unit, n0);
    const region = (g * batches(args) + batch) * units + unit;
    multiplyUnit<V>(args, scratch, unit, n0, g, z, run, count, <usize>(word(args, CONV_X) + region * word(args, CONV_V_UNIT)), false);
  }
}

/** The record of what is asked for while products are made, in the line before the rows; before it, the sums of a lone tile. */
// @ts-ignore: decorator
@inline function aheadAt(args: usize, scratch: usize): usize {
  return scratch + <usize>word(args, CONV_SCRATCH_ROWS) - AHEAD_LINE;
}

/** From one frame to the next in a panel of transformed input. */
// @ts-ignore: decorator
@inline function frameBytes<V>(args: usize): i32 {
  return word(args, CONV_FRAME_TERMS) * word(args, CONV_TILE_NV) * vectorBytes<f32, V>();
}

/** The products of one output in z, of a whole pass. */
// @ts-ignore: decorator
@inline function depthBytes(args: usize): i32 {
  return word(args, CONV_POINTS) * word(args, CONV_POINTS) * word(args, CONV_M_POINT);
}

/** A run of filter panels over a unit whose transformed input stands at `v`: of all frames, or of the `own` one only. `z` counts tiles in z. */
function multiplyUnit<V>(
  args: usize, scratch: usize, unit: i32, n0: i32, g: i32, z: i32, run: i32, count: i32, v: usize, own: bool,
): void {
  const runs = word(args, CONV_PANEL_RUNS), panels = word(args, CONV_PANEL_COUNT), pass = word(args, CONV_PASS_PANELS), side = word(args, CONV_SIDE_Z);
  const row = unit / bandsX(args) * word(args, CONV_TILE_ROWS), column = unit % bandsX(args) * word(args, CONV_TILE_COLUMNS);
  const y = <usize>(word(args, CONV_Y) + n0 * word(args, CONV_Y_STRIDES) + g * word(args, CONV_Y_STRIDES + 4)
    + row * word(args, CONV_Y_STRIDES + 16) + column * word(args, CONV_Y_STRIDES + 20));
  const across = ceilDivide(count, word(args, CONV_TILE_NV) * lanes<f32, V>()), products = scratch + <usize>word(args, CONV_SCRATCH_M);
  for (let p0 = run * panels / runs, end = (run + 1) * panels / runs; p0 < end; p0 += pass) {
    const p1 = min(end, p0 + pass);
    if (word(args, CONV_W_ROWS)) multiplyRows<V>(args, scratch, g, z, p0, p1, count, v, own);
    else multiplyPoints<V>(args, scratch, g, z, p0, p1, count, v, own);
    for (let p = p0; p < p1; ++p) {
      for (let d = 0, last = min(side, word(args, CONV_OUT) - z * side); d < last; ++d) {
        const from = products + <usize>(d * depthBytes(args) + (p - p0) * across * word(args, CONV_M_SLOT));
        transformOutput<V>(args, scratch, g, p, from, count, y + <usize>((z * side + d) * word(args, CONV_Y_STRIDES + 12)));
      }
    }
  }
}

/**
 * The products of panels p0 … p1 − 1 at every point: sums over the taps in z and the channels, or over the channels for each of six points in z, of
 * which Aᵀ along z makes those of four outputs.
 */
function multiplyPoints<V>(args: usize, scratch: usize, g: i32, z: i32, p0: i32, p1: i32, count: i32, v: usize, own: bool): void {
  const points = word(args, CONV_POINTS), kept = min(points, 6), panels = <usize>word(args, CONV_PANELS), slot = word(args, CONV_M_SLOT);
  const across = ceilDivide(count, word(args, CONV_TILE_NV) * lanes<f32, V>());
  for (let i = 0; i < points * points; ++i, v += <usize>word(args, CONV_V_POINT)) {
    const u = min(i / points, kept - 1) * kept + min(i % points, kept - 1);
    const w = <usize>(word(args, CONV_W) + g * word(args, CONV_W_GROUP) + u * word(args, CONV_W_POINT));
    const depth = word(args, CONV_TAPS) * word(args, CONV_FRAME_TERMS) * 4;
    let filters = w + <usize>(entry(panels, p0) * depth), products = scratch + <usize>(word(args, CONV_SCRATCH_M) + i * word(args, CONV_M_POINT));
    if (word(args, CONV_SIDE_Z) == 1) {
      multiplyPanels<V>(args, scratch, own ? 0 : z * word(args, CONV_STRIDE) - word(args, CONV_LOW), p0, p1, filters, v, count, products);
      continue;
    }
    for (let p = p0; p < p1; ++p, products += <usize>(across * slot)) {
      const height = entry(panels, p + 1) - entry(panels, p);
      multiplyDeep<V>(args, scratch, z, height, filters, v, count, products, <usize>(across * slot));
      filters += <usize>(height * depth);
    }
  }
}

/**
 * The same with filters that are kept as rows of points: larger than the caches, they take longer to be read than to be transformed along x. The rows of
 * CONV_W_ROWS panels become points in scratch, and meet all tiles.
 */
function multiplyRows<V>(args: usize, scratch: usize, g: i32, z: i32, p0: i32, p1: i32, count: i32, v: usize, own: bool): void {
  const points = word(args, CONV_POINTS), panels = <usize>word(args, CONV_PANELS), slot = word(args, CONV_M_SLOT), numbers = <usize>word(args, CONV_NUMBERS);
  const across = ceilDivide(count, word(args, CONV_TILE_NV) * lanes<f32, V>()), point = <usize>word(args, CONV_W_POINT), depth = word(args, CONV_TAPS) * word(args, CONV_FRAME_TERMS) * 4;
  // Whole panels of tiles ask.
  const L = lanes<f32, V>(), wide = word(args, CONV_TILE_NV) * L, whole = wide > L ? (count + wide - L - 1) / wide : 0;
  const first = own ? 0 : z * word(args, CONV_STRIDE) - word(args, CONV_LOW), six = scratch + <usize>word(args, CONV_SCRATCH_ROWS), some = word(args, CONV_W_ROWS);
  const w = <usize>(word(args, CONV_W) + g * word(args, CONV_W_GROUP));
  for (let u = 0, row = w; u < 6; ++u, row += 3 * point) {
    for (let q = p0; q < p1; q += some) {
      const k0 = entry(panels, q), q1 = min(p1, q + some), bytes = (entry(panels, q1) - k0) * depth, next = (bytes + 63) & -64;
      const from = row + <usize>(k0 * depth);
      if (points == 6) filtersOfSix<V>(from, point, bytes, six, next, numbers);
      else filtersOfNine<V>(from, point, bytes, six, next, numbers);
      // With stride 2 the last of six rows and columns of filters serves four of nine.
      for (let i = u, end = u == 5 ? points : u + 1; i < end; ++i) {
        for (let j = 0; j < points; ++j) {
          const at = i * points + j;
          if (i == u) askForRows(args, scratch, w, u, j, q, p0, p1, 2 * whole);
          const products = scratch + <usize>(word(args, CONV_SCRATCH_M) + at * word(args, CONV_M_POINT) + (q - p0) * across * slot);
          multiplyPanels<V>(args, scratch, first, q, q1, six + <usize>(min(j, 5) * next), v + <usize>(at * word(args, CONV_V_POINT)), count, products);
        }
      }
    }
  }
}

/** While point j of row u is multiplied with panels from q on, ask for a sixth of those rows of filters that become points next. */
function askForRows(args: usize, scratch: usize, w: usize, u: i32, j: i32, q: i32, p0: i32, p1: i32, tiles: i32): void {
  const panels = <usize>word(args, CONV_PANELS), same = q + word(args, CONV_W_ROWS) < p1, next = same ? q + word(args, CONV_W_ROWS) : p0;
  if (j > 5 || !same && u == 5) return;
  const depth = word(args, CONV_TAPS) * word(args, CONV_FRAME_TERMS) * 4, k = entry(panels, next), half = (entry(panels, min(p1, next + word(args, CONV_W_ROWS))) - k) * depth / 2;
  askWhile(aheadAt(args, scratch), w + <usize>((3 * (same ? u : u + 1) + j / 2) * word(args, CONV_W_POINT) + k * depth + j % 2 * half), half, tiles);
}

/** Panels p … p1 − 1 at one point. A lone tile in the last vectors meets three panels at a time, where one frame is multiplied. */
function multiplyPanels<V>(args: usize, scratch: usize, first: i32, p: i32, p1: i32, filters: usize, v: usize, count: i32, products: usize): void {
  const panels = <usize>word(args, CONV_PANELS), taps = word(args, CONV_TAPS), terms = word(args, CONV_FRAME_TERMS), wide = word(args, CONV_TILE_NV) * lanes<f32, V>();
  const bytes = <usize>(ceilDivide(count, wide) * word(args, CONV_M_SLOT));
  const lone = lanes<f32, V>() == 4 && count % wide == 1 && taps == 1 && terms > 0 && <u32>first < <u32>word(args, CONV_FRAMES);
  while (p < p1) {
    const three = lone && areThree(panels, p, p1);
    const w = filters, to = products;
    for (let i = three ? 3 : 1; i > 0; --i, ++p, products += bytes) {
      const height = entry(panels, p + 1) - entry(panels, p);
      multiplyFrames<V>(args, scratch, first, height, filters, v, three ? count - 1 : count, products, bytes);
      filters += <usize>(taps * terms * height * 4);
    }
    if (three) multiplyLone<V>(args, scratch, p - 3, w, v + <usize>(first * frameBytes<V>(args) + count / wide * word(args, CONV_V_PANEL)), to + <usize>(count / wide * word(args, CONV_M_SLOT)), bytes);
  }
}

/** Three panels from p on and the one tile at `x`. Its products are vectors, one for each filter, of one number. */
function multiplyLone<V>(args: usize, scratch: usize, p: i32, w: usize, x: usize, to: usize, bytes: usize): void {
  const panels = <usize>word(args, CONV_PANELS), terms = word(args, CONV_FRAME_TERMS), vector = <usize>vectorBytes<f32, V>();
  const a = entry(panels, p + 1) - entry(panels, p), b = entry(panels, p + 2) - entry(panels, p + 1), c = entry(panels, p + 3) - entry(panels, p + 2);
  let sums = aheadAt(args, scratch) - LONE_SUMS;
  contractPixel<f32, V>(word(args, CONV_TILE_NV) * vector, terms, x, w, w + <usize>(a * terms * 4), w + <usize>((a + b) * terms * 4), a, b, c, scratch, 0, sums);
  for (let i = 0; i < 3; ++i, sums += 2 * vector, to += bytes) {
    const height = i == 0 ? a : i == 1 ? b : c;
    for (let r = 0; r < height; ++r) {
      // The second vector holds the last four filters.
      storeLanes<f32, V>(to + r * vector, loadSplat<f32, V>(sums + (r < 4 ? r * 4 : vector + (r + 4 - height) * 4)));
    }
  }
}

/** Over the frames from `first` on that taps meet, and their channels. */
function multiplyFrames<V>(args: usize, scratch: usize, first: i32, height: i32, filters: usize, v: usize, count: i32, products: usize, bytes: usize): void {
  const taps = word(args, CONV_TAPS), dilation = word(args, CONV_DILATION), frames = word(args, CONV_FRAMES), terms = word(args, CONV_FRAME_TERMS);
  // Frames side by side are one row of terms.
  const near = dilation == 1, end = near ? min(taps, frames - first) : taps;
  let opens = true;
  for (let t = near ? max(0, -first) : 0, run = near ? end - t : 1; t < end; t += run) {
    const frame = first + t * dilation;
    if (<u32>frame >= <u32>frames || terms == 0) continue;
    multiplyTerms<V>(args, scratch, height, run * terms, filters + <usize>(t * terms * height * 4), v + <usize>(frame * frameBytes<V>(args)), count, products, opens);
    opens = false;
  }
  if (opens) memory.fill(products, 0, bytes);
}

/** Over the channels of the six frames of a tile in z, with filters that become six, and Aᵀ of the six sums. */
function multiplyDeep<V>(args: usize, scratch: usize, z: i32, height: i32, filters: usize, v: usize, count: i32, products: usize, bytes: usize): void {
  const channels = word(args, CONV_FRAME_TERMS), frame = channels * height * 4, next = (frame + 63) & -64, depth = <usize>depthBytes(args);
  const sums = scratch + <usize>word(args, CONV_SCRATCH_ROWS), six = sums + 6 * bytes, numbers = <usize>word(args, CONV_NUMBERS);
  if (word(args, CONV_FETCHES)) fetchLines(filters, 3 * frame, sinkOf(sums - AHEAD_LINE));
  filtersOfSix<V>(filters, frame, frame, six, next, numbers);
  for (let s = 0; s < 6; ++s) {
    multiplyTerms<V>(args, scratch, height, channels, six + <usize>(s * next), v + <usize>((6 * z + s) * frameBytes<V>(args)), count, sums + <usize>s * bytes, true);
  }
  const vector = <usize>vectorBytes<f32, V>();
  fromSix<V>(products + bytes, sums, bytes, vector, false, products, products + depth, products + 2 * depth, products + 3 * depth, vector, numbers, 0, 0);
}

/** One sum over terms that follow each other in w and in every panel of x, in blocks. It `opens` with zeros. */
function multiplyTerms<V>(args: usize, scratch: usize, height: i32, terms: i32, w: usize, x: usize, count: i32, to: usize, opens: bool): void {
  const L = lanes<f32, V>(), nv = word(args, CONV_TILE_NV), wide = nv * L, vector = vectorBytes<f32, V>(), slot = word(args, CONV_M_SLOT), block = word(args, CONV_BLOCK_TERMS);
  // Whole panels of tiles, and a last one of one vector, if that is enough.
  const across = ceilDivide(count, wide), whole = (count + wide - L - 1) / wide, next = word(args, CONV_V_PANEL);
  const fetches = word(args, CONV_FETCHES) && word(args, CONV_SIDE_Z) == 1 && !word(args, CONV_W_ROWS), ahead = aheadAt(args, scratch);
  for (let t = 0; t < terms; t += block, opens = false) {
    const some = min(block, terms - t), end = w + <usize>(some * height * 4), from = opens ? scratch : to, fromNext = opens ? 0 : slot;
    if (fetches) fetchLines(w, some * height * 4, sinkOf(ahead));
    if (whole) contractRow<f32, V, Evenly>(height, nv, wide * 4, end, x, w, from, to, nv * vector, whole, next, fromNext, slot, ahead);
    if (whole < across) {
      contractRow<f32, V, Evenly>(height, 1, wide * 4, end, x + <usize>(whole * next), w, from + <usize>(whole * fromNext), to + <usize>(whole * slot), vector, 1, 0, 0, 0, ahead);
    }
    w = end;
    x += <usize>(some * wide * 4);
  }
}

/**
 * G along z, or x: `bytes` of filters of three taps, `apart` bytes from each other, become six, in whole vectors.
 *   G = [1 0 0; −√2/3 −1/3 −√½/3; −√2/3 1/3 −√½/3; √½/3 1/3 √2/3; √½/3 −1/3 √2/3; 0 0 1]
 */
function filtersOfSix<V>(from: usize, apart: usize, bytes: i32, to: usize, nextBytes: i32, numbers: usize): void {
  const near = loadSplat<f32, V>(numbers + 20), far = loadSplat<f32, V>(numbers + 24), third = loadSplat<f32, V>(numbers + 28), zero = splat<f32, V>(0);
  const next = <usize>nextBytes;
  for (const end = from + <usize>bytes; from < end; from += vectorBytes<f32, V>(), to += vectorBytes<f32, V>()) {
    const a = loadLanes<f32, V>(from), b = multiply<f32, V>(third, loadLanes<f32, V>(from + apart)), c = loadLanes<f32, V>(from + 2 * apart);
    const s = multiplyAdd<f32, V>(far, a, multiply<f32, V>(near, c)), t = multiplyAdd<f32, V>(near, a, multiply<f32, V>(far, c));
    storeLanes<f32, V>(to, a);
    storeLanes<f32, V>(to + next, subtract<f32, V>(subtract<f32, V>(zero, s), b));
    storeLanes<f32, V>(to + 2 * next, subtract<f32, V>(b, s));
    storeLanes<f32, V>(to + 3 * next, add<f32, V>(t, b));
    storeLanes<f32, V>(to + 4 * next, subtract<f32, V>(t, b));
    storeLanes<f32, V>(to + 5 * next, c);
  }
}

/** The same with stride 2, where taps 0 and 2 become five and tap 1 stays: see winograd-filters.ts. */
function filtersOfNine<V>(from: usize, apart: usize, bytes: i32, to: usize, nextBytes: i32, numbers: usize): void {
  const near = loadSplat<f32, V>(numbers + 20), far = loadSplat<f32, V>(numbers + 24), third = loadSplat<f32, V>(numbers + 28), zero = splat<f32, V>(0);
  const next = <usize>nextBytes;
  for (const end = from + <usize>bytes; from < end; from += vectorBytes<f32, V>(), to += vectorBytes<f32, V>()) {
    const a = loadLanes<f32, V>(from), c = loadLanes<f32, V>(from + 2 * apart);
    const s = multiply<f32, V>(far, a), t = multiply<f32, V>(near, a), h = multiply<f32, V>(third, c);
    storeLanes<f32, V>(to, subtract<f32, V>(subtract<f32, V>(zero, s), h));
    storeLanes<f32, V>(to + next, subtract<f32, V>(s, h));
    storeLanes<f32, V>(to + 2 * next, add<f32, V>(t, h));
    storeLanes<f32, V>(to + 3 * next, subtract<f32, V>(h, t));
    storeLanes<f32, V>(to + 4 * next, c);
    storeLanes<f32, V>(to + 5 * next, loadLanes<f32, V>(from + apart));
  }
}
