/**
 * The gradient with respect to unshared filters in two dimensions: every weight met one output position only, so its gradient is a sum over
 * the images, and memory is the limit. For the gradient y of the outputs:
 *
 *   w[g, k, r, s, c, i, j] = Σ_n  y[n, g, k, r, s] · x[n, g, c, r·s0 + i·d0 − lo0, s·s1 + j·d1 − lo1]
 *
 * and 0 where that lies outside the image. A tile is one filter × one output row; n ascending. Depth must be 1.
 */
import {
  CONV_BATCH, CONV_CHANNELS, CONV_DILATION, CONV_FILTERS, CONV_IN, CONV_LOW, CONV_OUT, CONV_STRIDE, CONV_TAPS, CONV_W, CONV_W_STRIDES,
  CONV_X, CONV_X_STRIDES, CONV_Y, CONV_Y_STRIDES,
} from "./args";
import { word } from "./words";

export function unsharedFilters<T>(args: usize, first: i32, last: i32): void {
  const outY = word(args, CONV_OUT + 4), filters = word(args, CONV_FILTERS);
  for (let tile = first; tile < last; ++tile) {
    const r = tile % outY, k = tile / outY % filters, g = tile / outY / filters;
    const x = word(args, CONV_X) + g * word(args, CONV_X_STRIDES + 4);
    let y = word(args, CONV_Y) + g * word(args, CONV_Y_STRIDES + 4) + k * word(args, CONV_Y_STRIDES + 8) + r * word(args, CONV_Y_STRIDES + 16);
    let w = word(args, CONV_W) + g * word(args, CONV_W_STRIDES) + k * word(args, CONV_W_STRIDES + 4) + r * word(args, CONV_W_STRIDES + 24);
    for (let s = 0; s < word(args, CONV_OUT + 8); ++s, y += word(args, CONV_Y_STRIDES + 20), w += word(args, CONV_W_STRIDES + 28)) {
      position<T>(args, x, y, w, r * word(args, CONV_STRIDE + 4) - word(args, CONV_LOW + 4), s * word(args, CONV_STRIDE + 8) - word(args, CONV_LOW + 8));
    }
  }
}

/** The weights of one filter at one output position, whose window begins at (row, column) of the image. */
function position<T>(args: usize, x: i32, y: i32, w: i32, row: i32, column: i32): void {
  const xImage = <usize>word(args, CONV_X_STRIDES), yImage = <usize>word(args, CONV_Y_STRIDES);
  for (let c = 0; c < word(args, CONV_CHANNELS); ++c) {
    for (let i = 0; i < word(args, CONV_TAPS + 4); ++i) {
      for (let j = 0; j < word(args, CONV_TAPS + 8); ++j) {
        const yAt = row + i * word(args, CONV_DILATION + 4), xAt = column + j * word(args, CONV_DILATION + 8);
        let sum: T = 0;
        if (<u32>yAt < <u32>word(args, CONV_IN + 4) && <u32>xAt < <u32>word(args, CONV_IN + 8)) {
          let p = <usize>(x + c * word(args, CONV_X_STRIDES + 8) + yAt * word(args, CONV_X_STRIDES + 16) + xAt * word(args, CONV_X_STRIDES + 20)), q = <usize>y;
          for (let n = 0; n < word(args, CONV_BATCH); ++n, p += xImage, q += yImage) sum += load<T>(p) * load<T>(q);
        }
        store<T>(<usize>(w + c * word(args, CONV_W_STRIDES + 8) + i * word(args, CONV_W_STRIDES + 16) + j * word(args, CONV_W_STRIDES + 20)), sum);
      }
    }
  }
}
