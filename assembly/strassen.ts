/**
 * One tap by seven products instead of eight (V. Strassen, Gaussian elimination is not optimal, 1969). Filters, channels and pixels are halved:
 * y = w x in blocks of halves is
 *
 *   y₁₁ = P₁ + P₄ − P₅ + P₇    P₁ = (w₁₁ + w₂₂)(x₁₁ + x₂₂)    P₅ = (w₁₁ + w₁₂) x₂₂
 *   y₁₂ = P₃ + P₅              P₂ = (w₂₁ + w₂₂) x₁₁           P₆ = (w₂₁ − w₁₁)(x₁₁ + x₁₂)
 *   y₂₁ = P₂ + P₄              P₃ = w₁₁ (x₁₂ − x₂₂)           P₇ = (w₁₂ − w₂₂)(x₂₁ + x₂₂)
 *   y₂₂ = P₁ − P₂ + P₃ + P₆    P₄ = w₂₂ (x₂₁ − x₁₁)
 *
 * with the rows of w over filters, those of x over channels, columns of x over pixels. The halves of filters and channels are those of the group; of
 * pixels every other `HALF` of a row belong together, so that the bits of an output do not depend on the tile. Integers whose sums are exact come out exact.
 *
 * Tiles as in `direct`, of one row each: columns, rows, depth, images, panel runs, groups; panels are those of half the filters. Inside: the input tile
 * becomes seven matrices in scratch, panels of filters meet those of their product, and outputs are put together while the products are in L2.
 */
import {
  ACTIVATION_LINEAR, CONV_ACTIVATION, CONV_BATCH, CONV_BIAS, CONV_BLOCK_TERMS, CONV_CHANNELS, CONV_FILTERS, CONV_M_POINT, CONV_M_SLOT, CONV_OUT,
  CONV_PANEL_COUNT, CONV_PANEL_RUNS, CONV_PANELS, CONV_PASS_PANELS, CONV_SCRATCH_M, CONV_SCRATCH_ROWS, CONV_SCRATCH_V, CONV_TERMS,
  CONV_TILE_COLUMNS, CONV_TILE_NV, CONV_V_PANEL, CONV_V_POINT, CONV_W, CONV_W_GROUP, CONV_W_POINT, CONV_X, CONV_X_STRIDES, CONV_Y, CONV_Y_STRIDES,
  PACK_CHANNELS, PACK_GROUP, PACK_PANEL_COUNT, PACK_PANELS, PACK_POINT, PACK_SOURCE, PACK_STRIDES, PACK_TARGET, PACK_WIDTH,
  STRASSEN_HALF as HALF, ZERO_BYTES,
} from "./args";
import { activate } from "./activation";
import { fetchLines } from "./ahead";
import { contractRow, Evenly } from "./contract";
import { add, lanes, loadLanes, loadSplat, storeLanes, subtract, vectorBytes } from "./lanes";
import { inputTile, packRow } from "./pack";
import { storeRows } from "./store";
import { ceilDivide, entry, word } from "./words";

const PRODUCTS: i32 = 7;

export function strassen<V>(args: usize, scratch: usize, first: i32, last: i32): void {
  memory.fill(scratch, 0, ZERO_BYTES);
  const outZ = word(args, CONV_OUT), outY = word(args, CONV_OUT + 4), outX = word(args, CONV_OUT + 8), batch = word(args, CONV_BATCH);
  const tileColumns = word(args, CONV_TILE_COLUMNS), bands = ceilDivide(outX, tileColumns);
  const runs = word(args, CONV_PANEL_RUNS), panels = word(args, CONV_PANEL_COUNT);
  for (let tile = first; tile < last; ++tile) {
    let rest = tile;
    const column = rest % bands * tileColumns; rest /= bands;
    const row = rest % outY; rest /= outY;
    const z = rest % outZ; rest /= outZ;
    const n = rest % batch; rest /= batch;
    const run = rest % runs, g = rest / runs, columns = min(tileColumns, outX - column);
    const image = <usize>(word(args, CONV_X) + n * word(args, CONV_X_STRIDES) + g * word(args, CONV_X_STRIDES + 4));
    combineInput<V>(args, scratch, inputTile<f32, V>(args, scratch, image, word(args, CONV_CHANNELS), z, row, column), columns);
    const y = <usize>(word(args, CONV_Y) + n * word(args, CONV_Y_STRIDES) + g * word(args, CONV_Y_STRIDES + 4) + z * word(args, CONV_Y_STRIDES + 12)
      + row * word(args, CONV_Y_STRIDES + 16) + column * word(args, CONV_Y_STRIDES + 20));
    multiplyHalves<V>(args, scratch, g, run * panels / runs, (run + 1) * panels / runs, columns, y);
  }
}

/** A row of pixels into [product][panel of pixels][half the channels][pixel]. What is beyond `columns` is zero. */
function combineInput<V>(args: usize, scratch: usize, x: usize, columns: i32): void {
  const half = word(args, CONV_CHANNELS) / 2, wide = <usize>(word(args, CONV_TILE_NV) * vectorBytes<f32, V>()), panel = <usize>word(args, CONV_V_PANEL), point = <usize>word(args, CONV_V_POINT);
  const apart: usize = HALF * 4, vector = <usize>vectorBytes<f32, V>();
  // The last pair of halves, if it is not whole.
  const whole = columns / (2 * HALF) * (2 * HALF), tail = scratch + <usize>word(args, CONV_SCRATCH_ROWS);
  let v = scratch + <usize>word(args, CONV_SCRATCH_V), table = <usize>word(args, CONV_TERMS);
  for (let c = 0; c < half; ++c, v += wide, table += 4) {
    const near = x + load<u32>(table), far = x + load<u32>(table + (<usize>half << 2));
    for (let p = 0, to = v; p < columns; p += 2 * HALF) {
      let a = near + <usize>(p * 4), b = far + <usize>(p * 4);
      if (p == whole) {
        packRow<f32, V>(tail, 2 * HALF, a, 4, 0, columns - whole);
        packRow<f32, V>(tail + 2 * apart, 2 * HALF, b, 4, 0, columns - whole);
        a = tail;
        b = tail + 2 * apart;
      }
      for (let end = a + apart; a < end; to += panel) {
        for (let at = to, last = to + wide; at < last; at += vector, a += vector, b += vector) combine<V>(a, a + apart, b, b + apart, at, point);
      }
    }
  }
}

// @ts-ignore: decorator
@inline function combine<V>(a: usize, b: usize, c: usize, d: usize, to: usize, point: usize): void {
  const x11 = loadLanes<f32, V>(a), x12 = loadLanes<f32, V>(b), x21 = loadLanes<f32, V>(c), x22 = loadLanes<f32, V>(d);
  storeLanes<f32, V>(to, add<f32, V>(x11, x22)); to += point;
  storeLanes<f32, V>(to, x11); to += point;
  storeLanes<f32, V>(to, subtract<f32, V>(x12, x22)); to += point;
  storeLanes<f32, V>(to, subtract<f32, V>(x21, x11)); to += point;
  storeLanes<f32, V>(to, x22); to += point;
  storeLanes<f32, V>(to, add<f32, V>(x11, x12)); to += point;
  storeLanes<f32, V>(to, add<f32, V>(x21, x22));
}

/** Panels p0 … p1 − 1 of both halves of the filters. */
function multiplyHalves<V>(args: usize, scratch: usize, g: i32, p0: i32, p1: i32, columns: i32, y: usize): void {
  const half = word(args, CONV_CHANNELS) / 2, nv = word(args, CONV_TILE_NV), wide = nv * vectorBytes<f32, V>(), block = word(args, CONV_BLOCK_TERMS), slot = word(args, CONV_M_SLOT);
  const panels = <usize>word(args, CONV_PANELS), point = <usize>word(args, CONV_V_POINT), next = <usize>word(args, CONV_V_PANEL);
  const count = ceilDivide(columns, 2 * HALF) * HALF * 4 / wide, apart = <usize>word(args, CONV_M_POINT), pass = word(args, CONV_PASS_PANELS);
  const yK = word(args, CONV_Y_STRIDES + 8), bias = word(args, CONV_BIAS), row = <usize>(count * slot);
  for (; p0 < p1; p0 += pass) {
    const end = min(p1, p0 + pass);
    let filters = <usize>(word(args, CONV_W) + g * word(args, CONV_W_GROUP)), v = scratch + <usize>word(args, CONV_SCRATCH_V), products = scratch + <usize>word(args, CONV_SCRATCH_M);
    for (let i = 0; i < PRODUCTS; ++i, filters += <usize>word(args, CONV_W_POINT), v += point, products += apart) {
      for (let p = p0, to = products; p < end; ++p, to += row) {
        const k = entry(panels, p), height = entry(panels, p + 1) - k, w = filters + <usize>(k * half * 4);
        for (let c = 0; c < half; c += block) {
          const last = w + <usize>(min(half, c + block) * height * 4);
          contractRow<f32, V, Evenly>(height, nv, wide, last, v + <usize>(c * wide), w + <usize>(c * height * 4), c ? to : scratch, to, wide, count, next, c ? slot : 0, slot, 0);
        }
      }
    }
    products = scratch + <usize>word(args, CONV_SCRATCH_M);
    for (let p = p0; p < end; ++p, products += row) {
      const k = entry(panels, p), height = entry(panels, p + 1) - k, b = bias ? <usize>(bias + (g * word(args, CONV_FILTERS) + k) * 4) : 0;
      for (let r = 0; r < height; ++r) combineOutput<V>(args, scratch, products + <usize>(r * wide), columns, b ? b + 4 * r : 0, y + <usize>((k + r) * yK));
    }
  }
}

/** The outputs of a filter of the first half, and of that which belongs to it in the second. */
function combineOutput<V>(args: usize, scratch: usize, from: usize, columns: i32, bias: usize, y: usize): void {
  const half = word(args, CONV_FILTERS) / 2, activation = word(args, CONV_ACTIVATION), yColumn = word(args, CONV_Y_STRIDES + 20), far = <usize>(half * word(args, CONV_Y_STRIDES + 8));
  const vector = <usize>vectorBytes<f32, V>(), wide = word(args, CONV_TILE_NV) * lanes<f32, V>(), row = <usize>(4 * wide), skip = <usize>word(args, CONV_M_SLOT) - row, apart = <usize>word(args, CONV_M_POINT);
  // What is not whole, or not side by side in y, goes there by way of two rows in scratch.
  const whole = yColumn == 4 ? columns / (2 * HALF) * (2 * HALF) : 0, rows = scratch + <usize>word(args, CONV_SCRATCH_ROWS), next: usize = HALF * 4;
  if (whole) { // see ahead.ts
    fetchLines(y, 4 * columns, rows + 4 * next);
    fetchLines(y + far, 4 * columns, rows + 4 * next);
  }
  let near = loadLanes<f32, V>(scratch), other = near;
  if (bias) { near = loadSplat<f32, V>(bias); other = loadSplat<f32, V>(bias + half * 4); }
  for (let p = 0; p < columns; p += 2 * HALF) {
    let to = p < whole ? y + <usize>(p * 4) : rows, under = p < whole ? to + far : rows + 2 * next;
    for (let i = 0; i < HALF; i += wide, from += skip) {
      for (const end = from + row; from < end; from += vector, to += vector, under += vector) {
        let at = from;
        const p1 = loadLanes<f32, V>(at); at += apart;
        const p2 = loadLanes<f32, V>(at); at += apart;
        const p3 = loadLanes<f32, V>(at); at += apart;
        const p4 = loadLanes<f32, V>(at); at += apart;
        const p5 = loadLanes<f32, V>(at); at += apart;
        const p6 = loadLanes<f32, V>(at), p7 = loadLanes<f32, V>(at + apart);
        storeLanes<f32, V>(to, finished<V>(add<f32, V>(add<f32, V>(subtract<f32, V>(p4, p5), p1), p7), bias, near, activation));
        storeLanes<f32, V>(to + next, finished<V>(add<f32, V>(p3, p5), bias, near, activation));
        storeLanes<f32, V>(under, finished<V>(add<f32, V>(p2, p4), bias, other, activation));
        storeLanes<f32, V>(under + next, finished<V>(add<f32, V>(add<f32, V>(subtract<f32, V>(p3, p2), p1), p6), bias, other, activation));
      }
    }
    if (p >= whole) storeRows<f32, V>(rows, 2 * next, 2, min(2 * HALF, columns - p), y + <usize>(p * yColumn), far, yColumn);
  }
}

// @ts-ignore: decorator
@inline function finished<V>(value: V, bias: usize, b: V, activation: i32): V {
  if (bias) value = add<f32, V>(value, b);
  return activation == ACTIVATION_LINEAR ? value : activate<f32, V>(value, activation);
}

/** Filters into [group][product][panel of half the filters][half the channels][filter]. A tile is one panel of one group. */
export function strassenFilters(args: usize, first: i32, last: i32): void {
  const panels = <usize>word(args, PACK_PANELS), panelCount = word(args, PACK_PANEL_COUNT), half = word(args, PACK_CHANNELS) / 2, point = <usize>word(args, PACK_POINT);
  const sK = word(args, PACK_STRIDES + 4), sC = word(args, PACK_STRIDES + 8), right = <usize>(half * sC), down = <usize>(word(args, PACK_WIDTH) / 2 * sK);
  for (let tile = first; tile < last; ++tile) {
    const g = tile / panelCount, start = entry(panels, tile % panelCount), filters = entry(panels, tile % panelCount + 1) - start;
    const source = <usize>(word(args, PACK_SOURCE) + g * word(args, PACK_STRIDES) + start * sK);
    let to = <usize>(word(args, PACK_TARGET) + g * word(args, PACK_GROUP) + start * half * 4);
    for (let c = 0; c < half; ++c) {
      let from = source + <usize>(c * sC);
      for (let k = 0; k < filters; ++k, from += <usize>sK, to += 4) {
        const w11 = load<f32>(from), w12 = load<f32>(from + right), w21 = load<f32>(from + down), w22 = load<f32>(from + down + right);
        let at = to;
        store<f32>(at, w11 + w22); at += point;
        store<f32>(at, w21 + w22); at += point;
        store<f32>(at, w11); at += point;
        store<f32>(at, w22); at += point;
        store<f32>(at, w11 + w12); at += point;
        store<f32>(at, w21 - w11); at += point;
        store<f32>(at, w12 - w22);
      }
    }
  }
}
