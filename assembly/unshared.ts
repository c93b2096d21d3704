/**
 * Unshared ("locally connected") convolution in two dimensions: every output position has filters of its own, so each
 * weight is used once per image and memory is the limit. Plain loops over the taps that fall inside the image, for four filters
 * at a time so that their sums need not wait for each other. A tile is four filters × one output row of a group, all images.
 *
 * Order of additions: channel, y, x, then bias, as in `direct`. Depth must be 1.
 */
import {
  CONV_ACTIVATION, CONV_BATCH, CONV_BIAS, CONV_CHANNELS, CONV_DILATION, CONV_FILTERS, CONV_IN, CONV_LOW, CONV_OUT, CONV_STRIDE,
  CONV_TAPS, CONV_W, CONV_W_STRIDES, CONV_X, CONV_X_STRIDES, CONV_Y, CONV_Y_STRIDES, ACTIVATION_LINEAR,
} from "./args";
import { activate } from "./activation";
import { ceilDivide, word } from "./words";

/** First tap whose input `start + tap·dilation` is not before 0. */
// @ts-ignore: decorator
@inline function firstTap(start: i32, dilation: i32): i32 {
  return start >= 0 ? 0 : ceilDivide(-start, dilation);
}

/** One past the last tap whose input is inside `extent`. */
// @ts-ignore: decorator
@inline function endTap(start: i32, dilation: i32, taps: i32, extent: i32): i32 {
  return start >= extent ? 0 : min(taps, ceilDivide(extent - start, dilation));
}

export function unshared<T>(args: usize, first: i32, last: i32): void {
  const rows = word(args, CONV_OUT + 4), columns = word(args, CONV_OUT + 8), batch = word(args, CONV_BATCH);
  const fours = ceilDivide(word(args, CONV_FILTERS), 4);
  for (let tile = first; tile < last; ++tile) {
    const k = tile % fours * 4, r = tile / fours % rows, g = tile / fours / rows;
    for (let s = 0; s < columns; ++s) {
      const w = word(args, CONV_W) + g * word(args, CONV_W_STRIDES) + r * word(args, CONV_W_STRIDES + 24) + s * word(args, CONV_W_STRIDES + 28);
      for (let n = 0; n < batch; ++n) fourFilters<T>(args, <usize>w, n, g, k, r, s);
    }
  }
}

/** Outputs k … k+3 (as far as they exist) of image n at (r, s); `w` is the address of the position's filter 0. */
function fourFilters<T>(args: usize, w: usize, n: i32, g: i32, k: i32, r: i32, s: i32): void {
  const filters = word(args, CONV_FILTERS), sK = word(args, CONV_W_STRIDES + 4);
  const yDilation = word(args, CONV_DILATION + 4), xDilation = word(args, CONV_DILATION + 8);
  const y0 = r * word(args, CONV_STRIDE + 4) - word(args, CONV_LOW + 4), x0 = s * word(args, CONV_STRIDE + 8) - word(args, CONV_LOW + 8);
  const i0 = firstTap(y0, yDilation), i1 = endTap(y0, yDilation, word(args, CONV_TAPS + 4), word(args, CONV_IN + 4));
  const j0 = firstTap(x0, xDilation), j1 = endTap(x0, xDilation, word(args, CONV_TAPS + 8), word(args, CONV_IN + 8));
  const xStep = xDilation * word(args, CONV_X_STRIDES + 20), wStep = word(args, CONV_W_STRIDES + 20);
  // Filters that do not exist repeat the last one; their sums are not stored.
  const k1 = min(k + 1, filters - 1), k2 = min(k + 2, filters - 1), k3 = min(k + 3, filters - 1);
  let a0: T = 0, a1: T = 0, a2: T = 0, a3: T = 0;
  for (let c = 0, channels = word(args, CONV_CHANNELS); c < channels; ++c) {
    for (let i = i0; i < i1; ++i) {
      let x = <usize>(word(args, CONV_X) + n * word(args, CONV_X_STRIDES) + g * word(args, CONV_X_STRIDES + 4) + c * word(args, CONV_X_STRIDES + 8)
        + (y0 + i * yDilation) * word(args, CONV_X_STRIDES + 16) + (x0 + j0 * xDilation) * word(args, CONV_X_STRIDES + 20));
      let p = w + <usize>(c * word(args, CONV_W_STRIDES + 8) + i * word(args, CONV_W_STRIDES + 16) + j0 * wStep);
      for (let j = j0; j < j1; ++j, x += xStep, p += wStep) {
        const value = load<T>(x);
        a0 += value * load<T>(p + <usize>(k * sK));
        a1 += value * load<T>(p + <usize>(k1 * sK));
        a2 += value * load<T>(p + <usize>(k2 * sK));
        a3 += value * load<T>(p + <usize>(k3 * sK));
      }
    }
  }
  storeFour<T>(args, n, g, k, 0, r, s, a0, a1, a2, a3);
}

/** Bias, activation and output (z, y, x) of image n for filters k … k + 3 of group g, or as many as there are. */
export function storeFour<T>(args: usize, n: i32, g: i32, k: i32, z: i32, y: i32, x: i32, a0: T, a1: T, a2: T, a3: T): void {
  const size = <i32>sizeof<T>(), filters = word(args, CONV_FILTERS), sY = word(args, CONV_Y_STRIDES + 8);
  let to = <usize>(word(args, CONV_Y) + n * word(args, CONV_Y_STRIDES) + g * word(args, CONV_Y_STRIDES + 4) + k * sY
    + z * word(args, CONV_Y_STRIDES + 12) + y * word(args, CONV_Y_STRIDES + 16) + x * word(args, CONV_Y_STRIDES + 20));
  const bias = word(args, CONV_BIAS) ? <usize>(word(args, CONV_BIAS) + (g * filters + k) * size) : 0;
  const activation = word(args, CONV_ACTIVATION);
  for (let i = 0, count = min(4, filters - k); i < count; ++i, to += sY) {
    let v = i == 0 ? a0 : i == 1 ? a1 : i == 2 ? a2 : a3;
    if (bias) v += load<T>(bias + <usize>(i * size));
    store<T>(to, activation == ACTIVATION_LINEAR ? v : activate<T, T>(v, activation));
  }
}
