/** Winograd's transform of the filters, G w Gᵀ. See winograd.ts. */
import {
  PACK_CHANNELS, PACK_GROUP, PACK_PANEL_COUNT, PACK_PANELS, PACK_POINT, PACK_POINTS, PACK_ROWS, PACK_SOURCE, PACK_STRIDES, PACK_TAP_BLOCKS, PACK_TAP_STARTS,
  PACK_TAP_STEPS, PACK_TAPS, PACK_TARGET,
} from "./args";
import { ceilDivide, entry, word } from "./words";

/**
 * Filters G w Gᵀ, or G w, into panels: [group][point, or row of points and tap][panel][z][channel][block of taps][filter of the panel]. A tile is one panel of one group. Computed in
 * double precision and rounded once.
 */
export function winogradFilters(args: usize, scratch: usize, first: i32, last: i32): void {
  const panels = <usize>word(args, PACK_PANELS), panelCount = word(args, PACK_PANEL_COUNT), channels = word(args, PACK_CHANNELS), taps = word(args, PACK_TAPS);
  const high = word(args, PACK_TAP_BLOCKS), broad = word(args, PACK_TAP_BLOCKS + 4), starts = <usize>word(args, PACK_TAP_STARTS);
  for (let tile = first; tile < last; ++tile) {
    const g = tile / panelCount, start = entry(panels, tile % panelCount), filters = entry(panels, tile % panelCount + 1) - start;
    let to = <usize>(word(args, PACK_TARGET) + g * word(args, PACK_GROUP) + start * taps * channels * high * broad * 4);
    for (let z = 0; z < taps; ++z) {
      for (let c = 0; c < channels; ++c) {
        for (let b = 0; b < high * broad; ++b) {
          const row = entry(starts, b / broad), column = entry(starts, high + b % broad);
          let from = <usize>(word(args, PACK_SOURCE) + g * word(args, PACK_STRIDES) + start * word(args, PACK_STRIDES + 4) + c * word(args, PACK_STRIDES + 8)
            + z * word(args, PACK_STRIDES + 12) + row * word(args, PACK_STRIDES + 16) + column * word(args, PACK_STRIDES + 20));
          for (let k = 0; k < filters; ++k, from += <usize>word(args, PACK_STRIDES + 4), to += 4) transformFilter(args, scratch, from, to, row, column);
        }
      }
    }
  }
}

/** The block of a filter that begins with the tap at `row` and `column`, or the rows of its points, three taps each. Taps beyond the last are zeros. */
function transformFilter(args: usize, scratch: usize, from: usize, to: usize, row: i32, column: i32): void {
  const stepY = word(args, PACK_TAP_STEPS), stepX = word(args, PACK_TAP_STEPS + 4), point = <usize>word(args, PACK_POINT), points = word(args, PACK_POINTS);
  const sY = <usize>(stepY * word(args, PACK_STRIDES + 16)), sX = <usize>(stepX * word(args, PACK_STRIDES + 20)), kept = min(points, 6);
  const rows = ceilDivide(word(args, PACK_TAPS + 4) - row, stepY), columns = ceilDivide(word(args, PACK_TAPS + 8) - column, stepX);
  const half = word(args, PACK_ROWS);
  for (let j = 0, at = scratch; j < 3; ++j, from += sX, at += 8) {
    const inside = j < columns, a = tap(from, inside), b = tap(from + sY, inside && rows > 1), c = tap(from + 2 * sY, inside && rows > 2);
    if (half) storePoints<f32>(to + <usize>j * point, 3 * point, points, a, b, c);
    else storePoints<f64>(at, 24, points, a, b, c);
  }
  if (half) return;
  for (let i = 0; i < kept; ++i, scratch += 24, to += <usize>kept * point) {
    storePoints<f32>(to, point, points, load<f64>(scratch), load<f64>(scratch, 8), load<f64>(scratch, 16));
  }
}

// @ts-ignore: decorator
@inline function tap(at: usize, inside: bool): f64 {
  return inside ? load<f32>(at) : 0;
}

/**
 * G = [1 0 0; −√2/3 −1/3 −√½/3; −√2/3 1/3 −√½/3; √½/3 1/3 √2/3; √½/3 −1/3 √2/3; 0 0 1] for six points, its rows scaled so that Aᵀ has ones,
 * [1 0 0; 1/2 1/2 1/2; 1/2 −1/2 1/2; 0 0 1] for four, and for nine [−√2/3 0 −1/3; √2/3 0 −1/3; √½/3 0 1/3; −√½/3 0 1/3; 0 0 1; 0 1 0], the last
 * of which serves four points.
 */
// @ts-ignore: decorator
@inline function storePoints<T>(to: usize, step: usize, points: i32, a: f64, b: f64, c: f64): void {
  const near: f64 = 0.23570226039551584, far: f64 = 0.47140452079103168; // √½/3, √2/3
  if (points == 4) {
    const s = 0.5 * (a + c), h = 0.5 * b;
    store<T>(to, <T>a);
    store<T>(to + step, <T>(s + h));
    store<T>(to + 2 * step, <T>(s - h));
    store<T>(to + 3 * step, <T>c);
  } else if (points == 6) {
    const s = far * a + near * c, h = b * (1.0 / 3.0), t = near * a + far * c;
    store<T>(to, <T>a);
    store<T>(to + step, <T>(-s - h));
    store<T>(to + 2 * step, <T>(h - s));
    store<T>(to + 3 * step, <T>(t + h));
    store<T>(to + 4 * step, <T>(t - h));
    store<T>(to + 5 * step, <T>c);
  } else {
    const h = c * (1.0 / 3.0), s = far * a, t = near * a;
    store<T>(to, <T>(-s - h));
    store<T>(to + step, <T>(s - h));
    store<T>(to + 2 * step, <T>(t + h));
    store<T>(to + 3 * step, <T>(h - t));
    store<T>(to + 4 * step, <T>c);
    store<T>(to + 5 * step, <T>b);
  }
}
