/** What `correlate` does to the pieces of y on their way in, and to the sums on their way out. */
import { lanes, loadLanes, storeLanes, transpose, vectorBytes } from "./lanes";
import { storeColumns } from "./store";

/** One row of one filter: [vector of pixels][mask, pixels]; pixels that are not there are 0 under a mask of 0. */
export function packPixels<T, V>(to: usize, from: usize, step: usize, columns: i32): usize {
  const size = sizeof<T>(), L = lanes<T, V>(), vector = <usize>vectorBytes<T, V>();
  let c = 0;
  if (L > 1 && step == size) {
    for (; c + L <= columns; c += L, to += 2 * vector, from += vector) {
      store<i64>(to, -1); store<i64>(to, -1, 8);
      storeLanes<T, V>(to + vector, loadLanes<T, V>(from));
    }
  }
  for (; c < columns; c += L, to += vector) {
    for (let l = 0; l < L; ++l, from += step, to += size) {
      const there = c + l < columns;
      if (size == 4) store<i32>(to, there ? -1 : 0);
      else store<i64>(to, there ? -1 : 0);
      store<T>(to + vector, there ? load<T>(from) : 0);
    }
  }
  return to;
}

/** One row of up to `vectors` vectors of filters: [pixel][filter]. Lanes beyond the filters hold anything: no sum of theirs is stored. */
export function packFilterLanes<T, V>(to: usize, from: usize, step: usize, columns: i32, filterStep: usize, filters: i32, vectors: i32): usize {
  const size = sizeof<T>(), L = lanes<T, V>(), vector = <usize>vectorBytes<T, V>(), pitch = <usize>vectors * vector;
  for (let k = 0; k < filters; k += L, from += <usize>L * filterStep) {
    let c = 0, target = to + <usize>k * size, source = from;
    if (k + L <= filters && step == size) {
      for (; c + L <= columns; c += L, target += <usize>L * pitch, source += vector) transpose<T, V>(source, filterStep, target, pitch);
    }
    for (const there = min(L, filters - k); c < columns; ++c, target += pitch, source += step) {
      for (let l = 0; l < there; ++l) store<T>(target + <usize>l * size, load<T>(source + <usize>l * filterStep));
    }
  }
  return to + <usize>columns * pitch;
}

/** A register tile: rows at `places` from w, filters `sK` bytes apart. Of Dots the lanes are added up, neighbours first. */
export function storeTile<T, V>(dots: bool, acc: usize, pitch: usize, rows: i32, filters: i32, w: usize, places: usize, sK: usize): void {
  if (!dots) return storeColumns<T, V>(acc, pitch, rows, filters, w, places, sK);
  const L = lanes<T, V>(), size = sizeof<T>();
  for (let r = 0; r < rows; ++r, acc += pitch, places += 4) {
    let sum = load<T>(acc);
    if (L > 1) sum += load<T>(acc, size);
    if (L > 2) sum += load<T>(acc, 2 * size) + load<T>(acc, 3 * size);
    store<T>(w + load<u32>(places), sum);
  }
}
