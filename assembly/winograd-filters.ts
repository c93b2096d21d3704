/** Winograd's transform of the filters, G w Gᵀ. See winograd.ts. */
import { PACK_CHANNELS, PACK_GROUP, PACK_PANEL_COUNT, PACK_PANELS, PACK_POINT, PACK_POINTS, PACK_SOURCE, PACK_STRIDES, PACK_TAPS, PACK_TARGET } from "./args";
import { entry, word } from "./words";

/**
 * Filters G w Gᵀ into panels: [group][point][panel][z][channel][filter of the panel]. A tile is one panel of one group. Computed in
 * double precision and rounded once.
 */
export function winogradFilters(args: usize, scratch: usize, first: i32, last: i32): void {
  const panels = <usize>word(args, PACK_PANELS), panelCount = word(args, PACK_PANEL_COUNT), channels = word(args, PACK_CHANNELS), taps = word(args, PACK_TAPS);
  const points = word(args, PACK_POINTS), point = <usize>word(args, PACK_POINT);
  for (let tile = first; tile < last; ++tile) {
    const g = tile / panelCount, start = entry(panels, tile % panelCount), filters = entry(panels, tile % panelCount + 1) - start;
    let to = <usize>(word(args, PACK_TARGET) + g * word(args, PACK_GROUP) + start * taps * channels * 4);
    for (let z = 0; z < taps; ++z) {
      for (let c = 0; c < channels; ++c) {
        let from = <usize>(word(args, PACK_SOURCE) + g * word(args, PACK_STRIDES) + start * word(args, PACK_STRIDES + 4) + c * word(args, PACK_STRIDES + 8) + z * word(args, PACK_STRIDES + 12));
        for (let k = 0; k < filters; ++k, from += <usize>word(args, PACK_STRIDES + 4), to += 4) transformFilter(args, scratch, from, to, point, points);
      }
    }
  }
}

function transformFilter(args: usize, scratch: usize, from: usize, to: usize, point: usize, points: i32): void {
  const sY = <usize>word(args, PACK_STRIDES + 16), sX = <usize>word(args, PACK_STRIDES + 20), kept = min(points, 6);
  for (let j: usize = 0; j < 3; ++j, from += sX) {
    storePoints<f64>(scratch + 8 * j, 24, points, load<f32>(from), load<f32>(from + sY), load<f32>(from + 2 * sY));
  }
  for (let i = 0; i < kept; ++i, scratch += 24, to += <usize>kept * point) {
    storePoints<f32>(to, point, points, load<f64>(scratch), load<f64>(scratch, 8), load<f64>(scratch, 16));
  }
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
