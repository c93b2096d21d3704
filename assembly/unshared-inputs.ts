/**
 * The transposed sum, element by element: `unshared` with respect to its input, and other convolutions whose subsample has too many
 * phases to be cut into them. An output gathers what it was a term of, from four channels at a time; a tile is four channels × one
 * output row of a group, all images.
 *
 *   y[n,g,k,z,y,x] = act( bias[g,k] + Σ_c Σ_p w[g,k,c,r,p] · x[n,g,c,p] )      p ascending, with s·p + d·r − lo = (z, y, x)
 *
 * Order of additions: channel, z, y, x of the position in x, then bias, as in `direct`. Where weights differ by position it is p that counts.
 */
import {
  CONV_BATCH, CONV_CHANNELS, CONV_DILATION, CONV_FILTERS, CONV_IN, CONV_LOW, CONV_OUT, CONV_STRIDE, CONV_TAPS, CONV_W, CONV_W_STRIDES,
  CONV_X, CONV_X_STRIDES,
} from "./args";
import { storeFour } from "./unshared";
import { ceilDivide, word } from "./words";

/** First position whose window may reach `place`, the output with the padding before it. `axis` is 0, 4 or 8. */
function firstPosition(args: usize, axis: i32, place: i32): i32 {
  const before = place - (word(args, CONV_TAPS + axis) - 1) * word(args, CONV_DILATION + axis);
  return before <= 0 ? 0 : ceilDivide(before, word(args, CONV_STRIDE + axis));
}

/** One past the last. */
function endPosition(args: usize, axis: i32, place: i32): i32 {
  return place < 0 ? 0 : min(word(args, CONV_IN + axis), place / word(args, CONV_STRIDE + axis) + 1);
}

export function unsharedInputs<T>(args: usize, first: i32, last: i32): void {
  const depth = word(args, CONV_OUT), rows = word(args, CONV_OUT + 4), columns = word(args, CONV_OUT + 8), batch = word(args, CONV_BATCH);
  const fours = ceilDivide(word(args, CONV_FILTERS), 4);
  for (let tile = first; tile < last; ++tile) {
    let rest = tile;
    const k = rest % fours * 4; rest /= fours;
    const y = rest % rows; rest /= rows;
    const z = rest % depth, g = rest / depth;
    for (let x = 0; x < columns; ++x) {
      for (let n = 0; n < batch; ++n) fourChannels<T>(args, n, g, k, z, y, x);
    }
  }
}

/** Output (z, y, x) of image n for channels k … k + 3 of group g; where there are fewer, the last is computed again. */
function fourChannels<T>(args: usize, n: i32, g: i32, k: i32, z: i32, y: i32, x: i32): void {
  const filters = word(args, CONV_FILTERS), sK = word(args, CONV_W_STRIDES + 4);
  const one = min(1, filters - 1 - k) * sK, two = min(2, filters - 1 - k) * sK, three = min(3, filters - 1 - k) * sK;
  const zAt = z + word(args, CONV_LOW), yAt = y + word(args, CONV_LOW + 4), xAt = x + word(args, CONV_LOW + 8);
  const z0 = firstPosition(args, 0, zAt), z1 = endPosition(args, 0, zAt);
  const y0 = firstPosition(args, 4, yAt), y1 = endPosition(args, 4, yAt);
  const x0 = firstPosition(args, 8, xAt), x1 = endPosition(args, 8, xAt);
  const image = word(args, CONV_X) + n * word(args, CONV_X_STRIDES) + g * word(args, CONV_X_STRIDES + 4);
  const panel = word(args, CONV_W) + g * word(args, CONV_W_STRIDES) + k * sK;
  const strideX = word(args, CONV_STRIDE + 8), dilationX = word(args, CONV_DILATION + 8), stepX = word(args, CONV_X_STRIDES + 20);
  const stepJ = word(args, CONV_W_STRIDES + 20), stepS = word(args, CONV_W_STRIDES + 28);
  let a0: T = 0, a1: T = 0, a2: T = 0, a3: T = 0;
  for (let c = 0, channels = word(args, CONV_CHANNELS); c < channels; ++c) {
    for (let q = z0; q < z1; ++q) {
      const zTap = zAt - q * word(args, CONV_STRIDE);
      if (zTap % word(args, CONV_DILATION)) continue;
      for (let r = y0; r < y1; ++r) {
        const yTap = yAt - r * word(args, CONV_STRIDE + 4);
        if (yTap % word(args, CONV_DILATION + 4)) continue;
        const row = image + c * word(args, CONV_X_STRIDES + 8) + q * word(args, CONV_X_STRIDES + 12) + r * word(args, CONV_X_STRIDES + 16);
        const w = panel + c * word(args, CONV_W_STRIDES + 8) + zTap / word(args, CONV_DILATION) * word(args, CONV_W_STRIDES + 12)
          + yTap / word(args, CONV_DILATION + 4) * word(args, CONV_W_STRIDES + 16) + r * word(args, CONV_W_STRIDES + 24);
        for (let s = x0; s < x1; ++s) {
          const xTap = xAt - s * strideX;
          if (xTap % dilationX) continue;
          const value = load<T>(<usize>(row + s * stepX));
          const p = <usize>(w + xTap / dilationX * stepJ + s * stepS);
          a0 += value * load<T>(p);
          a1 += value * load<T>(p + <usize>one);
          a2 += value * load<T>(p + <usize>two);
          a3 += value * load<T>(p + <usize>three);
        }
      }
    }
  }
  storeFour<T>(args, n, g, k, z, y, x, a0, a1, a2, a3);
}
