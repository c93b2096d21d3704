/** What `correlate` does to the pieces of y on their way in, and to the sums on their way out. */
import { lanes, loadLanes, storeLanes, transposeRows, vectorBytes } from "./lanes";
import { entry } from "./words";

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

/**
 * One row of what `count` lanes read, each at its place from `from`: [pixel][lane]. Lanes and pixels beyond these hold anything: no sum of
 * theirs is stored, and the next row comes where they are.
 */
export function packLanes<T, V>(to: usize, from: usize, step: usize, columns: i32, places: usize, count: i32, vectors: i32): usize {
  const size = sizeof<T>(), L = lanes<T, V>(), vector = <usize>vectorBytes<T, V>(), pitch = <usize>vectors * vector;
  for (let k = 0; k < count; k += L) {
    let target = to + <usize>k * size;
    if (step == size) {
      let p = from + entry(places, k), q = p, r = p, s = p;
      if (L > 1) q = from + entry(places, min(k + 1, count - 1));
      if (L > 2) { r = from + entry(places, min(k + 2, count - 1)); s = from + entry(places, min(k + 3, count - 1)); }
      for (let c = 0; c < columns; c += L, target += <usize>L * pitch, p += vector, q += vector, r += vector, s += vector) {
        transposeRows<T, V>(p, q, r, s, target, pitch);
      }
    } else {
      for (let c = 0, source = from; c < columns; ++c, target += pitch, source += step) {
        for (let l = 0, there = min(L, count - k); l < there; ++l) store<T>(target + <usize>l * size, load<T>(source + entry(places, k + l)));
      }
    }
  }
  return to + <usize>columns * pitch;
}

/**
 * A register tile, `rows` × `columns`, to places that add up: whole vectors where those of lanes follow each other (they ascend). Of Dots
 * the lanes are added up, neighbours first.
 */
export function storeTile<T, V>(dots: bool, acc: usize, pitch: usize, rows: i32, columns: i32, w: usize, places: usize, lanePlaces: usize): void {
  const L = lanes<T, V>(), size = sizeof<T>();
  if (dots) {
    for (let r = 0; r < rows; ++r, acc += pitch, places += 4) {
      let sum = load<T>(acc);
      if (L > 1) sum += load<T>(acc, size);
      if (L > 2) sum += load<T>(acc, 2 * size) + load<T>(acc, 3 * size);
      store<T>(w + load<u32>(places) + load<u32>(lanePlaces), sum);
    }
    return;
  }
  for (let c = 0; c < columns;) {
    const at = entry(lanePlaces, c), to = w + at;
    const whole = c + L <= columns && entry(lanePlaces, c + L - 1) - at == (L - 1) * <i32>size;
    for (let r = 0, from = acc + <usize>c * size, place = places; r < rows; ++r, from += pitch, place += 4) {
      if (whole) storeLanes<T, V>(to + load<u32>(place), loadLanes<T, V>(from));
      else store<T>(to + load<u32>(place), load<T>(from));
    }
    c += whole ? L : 1;
  }
}
