/**
 * Gradients with respect to filters of 3×3 taps, stride and dilation 1, by what F(4×4, 3×3) of winograd.ts is backwards: with y the gradient of
 * the outputs in tiles of 4 × 4, zeros beyond its edge,
 *
 *   w = Gᵀ [ Σ_tiles (A y Aᵀ) ⊙ (Bᵀ x B) ] G        36 products a tile, filter and channel, instead of 144
 *
 * Both operands are transformed unit by unit into scratch, lanes over channels (of y: filters): [panel][point][tile][channel of the panel]. The
 * products are a matrix product for each point, filters × tiles by tiles × channels, and the sums of all points rest in scratch until the last
 * unit of a tile's block. It is `correlate` that walks the tiles and blocks; its pieces are the units.
 *
 * Order of additions of one product: tile after tile of a block. float32 only.
 */
import {
  CONV_GRADIENT, CONV_LANES_W, CONV_M_POINT, CONV_M_SLOT, CONV_NUMBERS, CONV_SCRATCH_ACC, CONV_SCRATCH_M, CONV_SCRATCH_V, CONV_SCRATCH_Y,
  CONV_SPLATS, CONV_TERMS, CONV_TILE_MR, CONV_TILE_NV, CONV_V_PANEL, CONV_V_POINT, CONV_W_STRIDES, CONV_X, CONV_Y,
} from "./args";
import { contract, Filters } from "./contract";
import { add, lanes, loadLanes, loadSplat, multiply, multiplyAdd, multiplySubtract, storeApart, storeLanes, subtract, vectorBytes } from "./lanes";
import { transformInput } from "./winograd-input";
import { listTiles } from "./winograd-units";
import { ceilDivide, entry, word } from "./words";

/** Add a unit, one of the pieces of `correlate`, to the sums of channels from c and filters from k on; `w` as there. */
export function addUnit<V>(
  args: usize, scratch: usize, opens: bool, w: usize, n: i32, z: i32, unit: i32, g: i32, c: i32, channels: i32, k: i32, filters: i32,
): void {
  const count = listTiles<V>(args, scratch, unit, n);
  const v = scratch + <usize>word(args, CONV_SCRATCH_V), y = scratch + <usize>word(args, CONV_SCRATCH_Y), gradient = <usize>word(args, CONV_GRADIENT);
  transformInput<V>(args, args, scratch, word(args, CONV_X), true, unit, n, g, z, c, c + channels, count, v, false);
  transformInput<V>(args, gradient, scratch, word(args, CONV_Y), true, unit, n, g, z, k, k + filters, count, y, false);
  multiplyAcross<V>(args, scratch, filters, channels, count, opens, w);
}

/** Add the products of a unit; `w` as in correlate.ts. */
function multiplyAcross<V>(args: usize, scratch: usize, filters: i32, width: i32, count: i32, opens: bool, w: usize): void {
  const L = lanes<f32, V>(), wide = word(args, CONV_TILE_NV) * L, tall = word(args, CONV_TILE_MR), tiles = ceilDivide(filters, tall);
  const table = <usize>word(args, CONV_TERMS), end = table + (<usize>count << 2), point = <usize>word(args, CONV_V_POINT);
  const step: usize = opens && w ? 0 : word(args, CONV_M_SLOT), pitch = <usize>(wide * 4), pointOfM = <usize>word(args, CONV_M_POINT);
  let acc = scratch + <usize>word(args, CONV_SCRATCH_M), v = scratch + <usize>word(args, CONV_SCRATCH_V);
  for (let c = 0; c < width; c += wide, v += <usize>word(args, CONV_V_PANEL)) {
    for (let t = 0; t < tiles; ++t, acc += step) {
      const k = t * filters / tiles, height = (t + 1) * filters / tiles - k, places = <usize>word(args, CONV_SPLATS) + (<usize>k << 2);
      let x = scratch + <usize>word(args, CONV_SCRATCH_Y), to = acc;
      for (let i: usize = 0; i < 36; ++i, x += point, to += pointOfM) {
        contract<f32, V, Filters>(height, word(args, CONV_TILE_NV), table, end, x, places, v + i * point, opens ? scratch : to, to, pitch);
      }
      if (w) storeTaps<V>(args, scratch, acc, height, min(wide, width - c), w + <usize>(k * word(args, CONV_W_STRIDES + 4) + c * word(args, CONV_W_STRIDES + 8)));
    }
  }
}

/** Gᵀ along y and x of the sums of a register tile, and their way to w. */
function storeTaps<V>(args: usize, scratch: usize, acc: usize, height: i32, width: i32, w: usize): void {
  const L = lanes<f32, V>(), vector = <usize>vectorBytes<f32, V>(), step = <usize>word(args, CONV_M_POINT), numbers = <usize>word(args, CONV_NUMBERS);
  const places = <usize>word(args, CONV_LANES_W), between = scratch + <usize>word(args, CONV_SCRATCH_ACC), taps = between + 18 * vector;
  const channel = <usize>word(args, CONV_W_STRIDES + 8);
  for (let r = 0; r < height; ++r, w += <usize>word(args, CONV_W_STRIDES + 4)) {
    let to = w;
    for (let c = 0; c < width; c += L, to += <usize>L * channel) {
      toThree<V>(acc + <usize>((r * word(args, CONV_TILE_NV) * L + c) * 4), 6 * step, step, between, 6 * vector, vector, 6, numbers);
      toThree<V>(between, vector, 6 * vector, taps, vector, 3 * vector, 3, numbers);
      for (let i: usize = 0, from = taps; i < 9; ++i, from += vector) {
        const at = to + <usize>entry(places, <i32>i);
        if (c + L <= width) storeApart<V>(at, at + channel, at + 2 * channel, at + 3 * channel, loadLanes<f32, V>(from));
        else for (let l = 0; l < width - c; ++l) store<f32>(at + <usize>l * channel, load<f32>(from + (<usize>l << 2)));
      }
    }
  }
}

/** Gᵀ = [1 −√2/3 −√2/3 √½/3 √½/3 0; 0 −1/3 1/3 1/3 −1/3 0; 0 −√½/3 −√½/3 √2/3 √2/3 1] on six vectors, `count` times. */
function toThree<V>(from: usize, step: usize, next: usize, to: usize, toStep: usize, toNext: usize, count: i32, numbers: usize): void {
  const near = loadSplat<f32, V>(numbers + 20), far = loadSplat<f32, V>(numbers + 24), third = loadSplat<f32, V>(numbers + 28);
  for (; count; --count, from += next, to += toNext) {
    const m1 = loadLanes<f32, V>(from + step), m2 = loadLanes<f32, V>(from + 2 * step), m3 = loadLanes<f32, V>(from + 3 * step), m4 = loadLanes<f32, V>(from + 4 * step);
    const s = add<f32, V>(m1, m2), t = add<f32, V>(m3, m4);
    storeLanes<f32, V>(to, multiplyAdd<f32, V>(near, t, multiplySubtract<f32, V>(far, s, loadLanes<f32, V>(from))));
    storeLanes<f32, V>(to + toStep, multiply<f32, V>(third, add<f32, V>(subtract<f32, V>(m2, m1), subtract<f32, V>(m3, m4))));
    storeLanes<f32, V>(to + 2 * toStep, multiplyAdd<f32, V>(far, t, multiplySubtract<f32, V>(near, s, loadLanes<f32, V>(from + 5 * step))));
  }
}
