/**
 * One plane with a filter of 3×3 taps, which are kept in registers, all nine of them: vector by vector down the columns, each row of inputs
 * is read once and added to all outputs that it is a term of. A register tile (rows.ts) reads a weight and an offset for each term instead,
 * and each input three times. Order of additions: y, x, then bias.
 *
 * Outputs of neighbouring rows are on their way at the same time, so that no addition waits for another for long.
 *
 * Rows and columns outside of the plane count as zeros. The columns are read all the same (see MOST_BEFORE and MOST_AFTER, args.ts), and a
 * row of masks, ones where there is a column and zeros elsewhere, stands in scratch beside them.
 */
import {
  ACTIVATION_LINEAR, CONV_ACTIVATION, CONV_BIAS, CONV_FILTERS, CONV_IN, CONV_LOW, CONV_NINE_TAPS, CONV_PACKED, CONV_PLACES, CONV_SCRATCH_ACC, CONV_SCRATCH_X, CONV_STRIDE,
  CONV_TERMS, CONV_W, CONV_W_GROUP, CONV_Y_STRIDES,
} from "./args";
import { N1, N2, N3, N4 } from "./contract";
import {
  evenLanes, lanes, loadEvenLanes, loadLanes, loadNextLanes, loadSplat, masked, multiplyAdd, oddLanes, splat, storeLanes, vectorBytes,
} from "./lanes";
import { finishTile, storeRows } from "./store";
import { ceilDivide, entry, word } from "./words";

/** Which of the three vectors of a strip's row reach outside of the plane: none, the first, the last, or it may be all. */
type Inside = N1;
type First = N2;
type Last = N3;
type Edge = N4;

/** Rows of outputs that wait in scratch for bias and activation. */
const FINISHED_ROWS = 4;

/** The masks of the inputs that outputs from `column` on read. */
export function maskColumns(args: usize, scratch: usize, column: i32): void {
  if (word(args, CONV_PACKED)) return;
  const left = column * word(args, CONV_STRIDE + 8) - word(args, CONV_LOW + 8), wide = word(args, CONV_IN + 8);
  let p = scratch + <usize>word(args, CONV_SCRATCH_X);
  for (let i = left, end = left + word(args, CONV_PLACES + 8); i < end; ++i, p += 4) store<i32>(p, <u32>i < <u32>wide ? -1 : 0);
}

/**
 * Outputs `row` … and `column` … of `planes` groups from g on, each with its filters k0 … k1 − 1: for stride `CONV_NINE_TAPS` both ways, and
 * at least a vector of columns, those of `maskColumns`. `x` is the address of the first operand; zeros stand in scratch at 0.
 */
export function nineTaps<T, V>(
  args: usize, scratch: usize, x: usize, xStep: i32, y: usize, g: i32, planes: i32, k0: i32, k1: i32, row: i32, column: i32, rows: i32, columns: i32,
): void {
  const size = <i32>sizeof<T>(), yRow = word(args, CONV_Y_STRIDES + 16), yColumn = word(args, CONV_Y_STRIDES + 20), activation = word(args, CONV_ACTIVATION);
  const stride = word(args, CONV_NINE_TAPS), table = <usize>word(args, CONV_TERMS), down = entry(table, 3);
  // A padded copy holds all that is read.
  const padded = word(args, CONV_PACKED) != 0;
  const top = padded ? 0 : row * stride - word(args, CONV_LOW + 4), left = padded ? 0 : column * stride - word(args, CONV_LOW + 8);
  const high = padded ? i32.MAX_VALUE : word(args, CONV_IN + 4), wide = padded ? i32.MAX_VALUE : word(args, CONV_IN + 8);
  const masks = scratch + <usize>word(args, CONV_SCRATCH_X), filters = word(args, CONV_FILTERS), bias = word(args, CONV_BIAS);
  const acc = scratch + <usize>word(args, CONV_SCRATCH_ACC), vectors = ceilDivide(columns, lanes<T, V>()), pitch = vectors * vectorBytes<T, V>();
  const straight = yColumn == size && !bias && activation == ACTIVATION_LINEAR, most = straight ? rows : FINISHED_ROWS;
  const whole = yColumn == size && columns % lanes<T, V>() == 0;
  for (const end = g + planes; g < end; ++g, x += <usize>xStep, y += <usize>word(args, CONV_Y_STRIDES + 4)) {
    let w = <usize>(word(args, CONV_W) + g * word(args, CONV_W_GROUP) + k0 * 9 * size);
    for (let k = k0; k < k1; ++k, w += 9 * size) {
      const yPlane = y + <usize>(k * word(args, CONV_Y_STRIDES + 8)), b = bias ? <usize>(bias + (g * filters + k) * size) : 0;
      for (let r = 0; r < rows; r += most) {
        const count = min(most, rows - r), from = x + <usize>(r * stride * down), to = yPlane + <usize>(r * yRow);
        const sums = straight ? to : acc, sumsRow = straight ? yRow : pitch;
        if (stride == 1) everyRow<T, V>(scratch, masks, from, top + r, left, high, wide, table, w, sums, sumsRow, count, columns);
        else everySecond<T, V>(scratch, masks, from, top + 2 * r, left, high, wide, table, w, sums, sumsRow, count, columns);
        if (straight) continue;
        finishTile<T, V>(acc, pitch, count, vectors, whole ? to : acc, whole ? yRow : pitch, b, 0, 0, activation);
        if (!whole) storeRows<T, V>(acc, pitch, count, columns, to, yRow, yColumn);
      }
    }
  }
}

/** The sums alone, where each row of inputs begins an output. The last vector of a row overlaps the one before it. */
function everyRow<T, V>(
  zeros: usize, masks: usize, x: usize, top: i32, left: i32, high: i32, wide: i32, table: usize, w: usize, y: usize, yRow: i32, rows: i32, columns: i32,
): void {
  const size = sizeof<T>(), vector = <usize>vectorBytes<T, V>(), bytes = <usize>columns * size;
  const w0 = loadSplat<T, V>(w), w1 = loadSplat<T, V>(w + size), w2 = loadSplat<T, V>(w + 2 * size);
  const w3 = loadSplat<T, V>(w + 3 * size), w4 = loadSplat<T, V>(w + 4 * size), w5 = loadSplat<T, V>(w + 5 * size);
  const w6 = loadSplat<T, V>(w + 6 * size), w7 = loadSplat<T, V>(w + 7 * size), w8 = loadSplat<T, V>(w + 8 * size);
  const o1 = <usize>entry(table, 1), o2 = <usize>entry(table, 2), down = <usize>entry(table, 3), apart = <i32>(o1 / size);
  for (let at: usize = 0; at < bytes; at += vector) {
    const c = min(at, bytes - vector), first = left + <i32>(c / size);
    const room = wide - lanes<T, V>() - first;
    if (first >= 0 && room >= 2 * apart) {
      everyStrip<T, V, Inside>(zeros, masks + c, x + c, top, high, o1, o2, down, w0, w1, w2, w3, w4, w5, w6, w7, w8, y + c, yRow, rows);
    } else if (first + apart >= 0 && room >= 2 * apart) {
      everyStrip<T, V, First>(zeros, masks + c, x + c, top, high, o1, o2, down, w0, w1, w2, w3, w4, w5, w6, w7, w8, y + c, yRow, rows);
    } else if (first >= 0 && room >= apart) {
      everyStrip<T, V, Last>(zeros, masks + c, x + c, top, high, o1, o2, down, w0, w1, w2, w3, w4, w5, w6, w7, w8, y + c, yRow, rows);
    } else {
      everyStrip<T, V, Edge>(zeros, masks + c, x + c, top, high, o1, o2, down, w0, w1, w2, w3, w4, w5, w6, w7, w8, y + c, yRow, rows);
    }
  }
}

// @ts-ignore: decorator
@inline function everyStrip<T, V, E>(
  zeros: usize, mask: usize, p: usize, r: i32, high: i32, o1: usize, o2: usize, down: usize,
  w0: V, w1: V, w2: V, w3: V, w4: V, w5: V, w6: V, w7: V, w8: V, to: usize, yRow: i32, rows: i32,
): void {
  const m0 = maskAt<T, V, E>(mask), m1 = maskAt<T, V, E>(mask + o1), m2 = maskAt<T, V, E>(mask + o2);
  let q = rowAt(p, r, high, zeros);
  let d = firstTerm<T, V, E>(loadLanes<T, V>(q), m0), e = term<T, V, E>(loadLanes<T, V>(q + o1), m1), f = lastTerm<T, V, E>(loadLanes<T, V>(q + o2), m2);
  let second = multiplyAdd<T, V>(w2, f, multiplyAdd<T, V>(w1, e, multiplyAdd<T, V>(w0, d, splat<T, V>(0))));
  p += down; ++r;
  q = rowAt(p, r, high, zeros);
  d = firstTerm<T, V, E>(loadLanes<T, V>(q), m0); e = term<T, V, E>(loadLanes<T, V>(q + o1), m1); f = lastTerm<T, V, E>(loadLanes<T, V>(q + o2), m2);
  second = multiplyAdd<T, V>(w5, f, multiplyAdd<T, V>(w4, e, multiplyAdd<T, V>(w3, d, second)));
  let first = multiplyAdd<T, V>(w2, f, multiplyAdd<T, V>(w1, e, multiplyAdd<T, V>(w0, d, splat<T, V>(0))));
  for (let left = rows; left > 0;) {
    p += down; ++r;
    q = rowAt(p, r, high, zeros);
    // Rows inside follow each other, those outside come one by one: also where the zeros happen to stand just behind the plane.
    const n = <u32>r < <u32>high ? min(left, high - r) : 1;
    for (const end = to + <usize>(n * yRow); to != end; to += <usize>yRow, q += down) {
      d = firstTerm<T, V, E>(loadLanes<T, V>(q), m0); e = term<T, V, E>(loadLanes<T, V>(q + o1), m1); f = lastTerm<T, V, E>(loadLanes<T, V>(q + o2), m2);
      storeLanes<T, V>(to, multiplyAdd<T, V>(w8, f, multiplyAdd<T, V>(w7, e, multiplyAdd<T, V>(w6, d, second))));
      second = multiplyAdd<T, V>(w5, f, multiplyAdd<T, V>(w4, e, multiplyAdd<T, V>(w3, d, first)));
      first = multiplyAdd<T, V>(w2, f, multiplyAdd<T, V>(w1, e, multiplyAdd<T, V>(w0, d, splat<T, V>(0))));
    }
    p += <usize>(n - 1) * down; r += n - 1; left -= n;
  }
}

/** The same where every second row and column of inputs begins an output. */
function everySecond<T, V>(
  zeros: usize, masks: usize, x: usize, top: i32, left: i32, high: i32, wide: i32, table: usize, w: usize, y: usize, yRow: i32, rows: i32, columns: i32,
): void {
  const size = sizeof<T>(), vector = <usize>vectorBytes<T, V>(), bytes = <usize>columns * size;
  const w0 = loadSplat<T, V>(w), w1 = loadSplat<T, V>(w + size), w2 = loadSplat<T, V>(w + 2 * size);
  const w3 = loadSplat<T, V>(w + 3 * size), w4 = loadSplat<T, V>(w + 4 * size), w5 = loadSplat<T, V>(w + 5 * size);
  const w6 = loadSplat<T, V>(w + 6 * size), w7 = loadSplat<T, V>(w + 7 * size), w8 = loadSplat<T, V>(w + 8 * size);
  const down = <usize>entry(table, 3);
  for (let at: usize = 0; at < bytes; at += vector) {
    const c = min(at, bytes - vector), first = left + 2 * <i32>(c / size);
    const room = wide - 2 * lanes<T, V>() - first;
    if (first >= 0 && room >= 1) {
      secondStrip<T, V, Inside>(zeros, masks + 2 * c, x + 2 * c, top, high, down, w0, w1, w2, w3, w4, w5, w6, w7, w8, y + c, yRow, rows);
    } else if (first >= -1 && room >= 1) {
      secondStrip<T, V, First>(zeros, masks + 2 * c, x + 2 * c, top, high, down, w0, w1, w2, w3, w4, w5, w6, w7, w8, y + c, yRow, rows);
    } else if (first >= 0 && room >= 0) {
      secondStrip<T, V, Last>(zeros, masks + 2 * c, x + 2 * c, top, high, down, w0, w1, w2, w3, w4, w5, w6, w7, w8, y + c, yRow, rows);
    } else {
      secondStrip<T, V, Edge>(zeros, masks + 2 * c, x + 2 * c, top, high, down, w0, w1, w2, w3, w4, w5, w6, w7, w8, y + c, yRow, rows);
    }
  }
}

// @ts-ignore: decorator
@inline function secondStrip<T, V, E>(
  zeros: usize, mask: usize, p: usize, r: i32, high: i32, down: usize,
  w0: V, w1: V, w2: V, w3: V, w4: V, w5: V, w6: V, w7: V, w8: V, to: usize, yRow: i32, rows: i32,
): void {
  const size = sizeof<T>();
  const m0 = evenMaskAt<T, V, E>(mask), m1 = evenMaskAt<T, V, E>(mask + size), m2 = evenMaskAt<T, V, E>(mask + 2 * size);
  let q = rowAt(p, r, high, zeros);
  let a = loadLanes<T, V>(q), b = loadNextLanes<T, V>(q);
  let d = firstTerm<T, V, E>(evenLanes<T, V>(a, b), m0), e = term<T, V, E>(oddLanes<T, V>(a, b), m1), f = lastTerm<T, V, E>(loadEvenLanes<T, V>(q + 2 * size), m2);
  let first = multiplyAdd<T, V>(w2, f, multiplyAdd<T, V>(w1, e, multiplyAdd<T, V>(w0, d, splat<T, V>(0))));
  for (let left = rows; left > 0;) {
    p += down; ++r;
    q = rowAt(p, r, high, zeros);
    let next = rowAt(p + down, r + 1, high, zeros);
    const n = r >= 0 && r + 1 < high ? min(left, (high - r) >> 1) : 1;
    for (const end = to + <usize>(n * yRow); to != end; to += <usize>yRow, q += 2 * down, next += 2 * down) {
      a = loadLanes<T, V>(q); b = loadNextLanes<T, V>(q);
      d = firstTerm<T, V, E>(evenLanes<T, V>(a, b), m0); e = term<T, V, E>(oddLanes<T, V>(a, b), m1); f = lastTerm<T, V, E>(loadEvenLanes<T, V>(q + 2 * size), m2);
      first = multiplyAdd<T, V>(w5, f, multiplyAdd<T, V>(w4, e, multiplyAdd<T, V>(w3, d, first)));
      a = loadLanes<T, V>(next); b = loadNextLanes<T, V>(next);
      d = firstTerm<T, V, E>(evenLanes<T, V>(a, b), m0); e = term<T, V, E>(oddLanes<T, V>(a, b), m1); f = lastTerm<T, V, E>(loadEvenLanes<T, V>(next + 2 * size), m2);
      storeLanes<T, V>(to, multiplyAdd<T, V>(w8, f, multiplyAdd<T, V>(w7, e, multiplyAdd<T, V>(w6, d, first))));
      first = multiplyAdd<T, V>(w2, f, multiplyAdd<T, V>(w1, e, multiplyAdd<T, V>(w0, d, splat<T, V>(0))));
    }
    p += <usize>(2 * n - 1) * down; r += 2 * n - 1; left -= n;
  }
}

/** Row r of a plane of `high` rows, or zeros. */
// @ts-ignore: decorator
@inline function rowAt(p: usize, r: i32, high: i32, zeros: usize): usize {
  return <u32>r < <u32>high ? p : zeros;
}

// @ts-ignore: decorator
@inline function maskAt<T, V, E>(p: usize): V {
  if (lengthof<E>() == lengthof<Inside>()) return splat<T, V>(0);
  return loadLanes<T, V>(p);
}

// @ts-ignore: decorator
@inline function evenMaskAt<T, V, E>(p: usize): V {
  if (lengthof<E>() == lengthof<Inside>()) return splat<T, V>(0);
  return loadEvenLanes<T, V>(p);
}

// @ts-ignore: decorator
@inline function firstTerm<T, V, E>(a: V, mask: V): V {
  if (lengthof<E>() == lengthof<First>() || lengthof<E>() == lengthof<Edge>()) return masked<T, V>(a, mask);
  return a;
}

// @ts-ignore: decorator
@inline function term<T, V, E>(a: V, mask: V): V {
  if (lengthof<E>() == lengthof<Edge>()) return masked<T, V>(a, mask);
  return a;
}

// @ts-ignore: decorator
@inline function lastTerm<T, V, E>(a: V, mask: V): V {
  if (lengthof<E>() == lengthof<Last>() || lengthof<E>() == lengthof<Edge>()) return masked<T, V>(a, mask);
  return a;
}
