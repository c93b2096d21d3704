/**
 * One plane with a filter of 3×3 taps, which are kept in registers, all nine of them: vector by vector down the columns, each row of inputs
 * is read once and added to all outputs that it is a term of. A register tile (rows.ts) reads a weight and an offset for each term instead,
 * and each input three times. Order of additions: y, x, then bias.
 *
 * Outputs of neighbouring rows are on their way at the same time, so that no addition waits for another for long.
 */
import { ACTIVATION_LINEAR, CONV_ACTIVATION, CONV_NINE_TAPS, CONV_SCRATCH_ACC, CONV_Y_STRIDES } from "./args";
import { evenLanes, lanes, loadEvenLanes, loadLanes, loadNextLanes, loadSplat, multiplyAdd, oddLanes, splat, storeLanes, vectorBytes } from "./lanes";
import { finishTile, storeRows } from "./store";
import { ceilDivide, entry, word } from "./words";

/** Rows of outputs that wait in scratch for bias and activation. */
const FINISHED_ROWS = 4;

/** As planeRows (rows.ts), for the nine offsets in `table`, stride `CONV_NINE_TAPS` both ways, and at least a vector of columns. */
export function nineTaps<T, V>(
  args: usize, scratch: usize, x: usize, xRow: i32, table: usize, w: usize, b: usize, y: usize, rows: i32, columns: i32,
): void {
  const size = <i32>sizeof<T>(), yRow = word(args, CONV_Y_STRIDES + 16), yColumn = word(args, CONV_Y_STRIDES + 20), activation = word(args, CONV_ACTIVATION);
  const every = word(args, CONV_NINE_TAPS) == 1;
  if (!b && activation == ACTIVATION_LINEAR && yColumn == size) {
    if (every) everyRow<T, V>(x, table, w, y, yRow, rows, columns);
    else everySecond<T, V>(x, table, w, y, yRow, rows, columns);
    return;
  }
  const acc = scratch + <usize>word(args, CONV_SCRATCH_ACC), vectors = ceilDivide(columns, lanes<T, V>()), pitch = vectors * vectorBytes<T, V>();
  for (let r = 0; r < rows; r += FINISHED_ROWS, x += <usize>(FINISHED_ROWS * xRow), y += <usize>(FINISHED_ROWS * yRow)) {
    const count = min(FINISHED_ROWS, rows - r);
    if (every) everyRow<T, V>(x, table, w, acc, pitch, count, columns);
    else everySecond<T, V>(x, table, w, acc, pitch, count, columns);
    finishTile<T, V>(acc, count, vectors, b, 0, 0, activation);
    storeRows<T, V>(acc, pitch, count, columns, y, yRow, yColumn);
  }
}

/** The sums alone, where each row of inputs begins an output. The last vector of a row overlaps the one before it. */
function everyRow<T, V>(x: usize, table: usize, w: usize, y: usize, yRow: i32, rows: i32, columns: i32): void {
  const size = sizeof<T>(), vector = <usize>vectorBytes<T, V>(), bytes = <usize>columns * size;
  const w0 = loadSplat<T, V>(w), w1 = loadSplat<T, V>(w + size), w2 = loadSplat<T, V>(w + 2 * size);
  const w3 = loadSplat<T, V>(w + 3 * size), w4 = loadSplat<T, V>(w + 4 * size), w5 = loadSplat<T, V>(w + 5 * size);
  const w6 = loadSplat<T, V>(w + 6 * size), w7 = loadSplat<T, V>(w + 7 * size), w8 = loadSplat<T, V>(w + 8 * size);
  const o1 = <usize>entry(table, 1), o2 = <usize>entry(table, 2), down = <usize>entry(table, 3);
  for (let at: usize = 0; at < bytes; at += vector) {
    const c = min(at, bytes - vector);
    let p = x + c, to = y + c;
    let d = loadLanes<T, V>(p), e = loadLanes<T, V>(p + o1), f = loadLanes<T, V>(p + o2);
    let second = multiplyAdd<T, V>(w2, f, multiplyAdd<T, V>(w1, e, multiplyAdd<T, V>(w0, d, splat<T, V>(0))));
    p += down;
    d = loadLanes<T, V>(p); e = loadLanes<T, V>(p + o1); f = loadLanes<T, V>(p + o2);
    second = multiplyAdd<T, V>(w5, f, multiplyAdd<T, V>(w4, e, multiplyAdd<T, V>(w3, d, second)));
    let first = multiplyAdd<T, V>(w2, f, multiplyAdd<T, V>(w1, e, multiplyAdd<T, V>(w0, d, splat<T, V>(0))));
    for (let r = 0; r < rows; ++r, to += <usize>yRow) {
      p += down;
      d = loadLanes<T, V>(p); e = loadLanes<T, V>(p + o1); f = loadLanes<T, V>(p + o2);
      storeLanes<T, V>(to, multiplyAdd<T, V>(w8, f, multiplyAdd<T, V>(w7, e, multiplyAdd<T, V>(w6, d, second))));
      second = multiplyAdd<T, V>(w5, f, multiplyAdd<T, V>(w4, e, multiplyAdd<T, V>(w3, d, first)));
      first = multiplyAdd<T, V>(w2, f, multiplyAdd<T, V>(w1, e, multiplyAdd<T, V>(w0, d, splat<T, V>(0))));
    }
  }
}

/** The same where every second row and column of inputs begins an output. */
function everySecond<T, V>(x: usize, table: usize, w: usize, y: usize, yRow: i32, rows: i32, columns: i32): void {
  const size = sizeof<T>(), vector = <usize>vectorBytes<T, V>(), bytes = <usize>columns * size;
  const w0 = loadSplat<T, V>(w), w1 = loadSplat<T, V>(w + size), w2 = loadSplat<T, V>(w + 2 * size);
  const w3 = loadSplat<T, V>(w + 3 * size), w4 = loadSplat<T, V>(w + 4 * size), w5 = loadSplat<T, V>(w + 5 * size);
  const w6 = loadSplat<T, V>(w + 6 * size), w7 = loadSplat<T, V>(w + 7 * size), w8 = loadSplat<T, V>(w + 8 * size);
  const down = <usize>entry(table, 3);
  for (let at: usize = 0; at < bytes; at += vector) {
    const c = min(at, bytes - vector);
    let p = x + 2 * c, to = y + c;
    let a = loadLanes<T, V>(p), b = loadNextLanes<T, V>(p), d = evenLanes<T, V>(a, b), e = oddLanes<T, V>(a, b), f = loadEvenLanes<T, V>(p + 2 * size);
    let first = multiplyAdd<T, V>(w2, f, multiplyAdd<T, V>(w1, e, multiplyAdd<T, V>(w0, d, splat<T, V>(0))));
    for (let r = 0; r < rows; ++r, to += <usize>yRow) {
      p += down;
      a = loadLanes<T, V>(p); b = loadNextLanes<T, V>(p); d = evenLanes<T, V>(a, b); e = oddLanes<T, V>(a, b); f = loadEvenLanes<T, V>(p + 2 * size);
      first = multiplyAdd<T, V>(w5, f, multiplyAdd<T, V>(w4, e, multiplyAdd<T, V>(w3, d, first)));
      p += down;
      a = loadLanes<T, V>(p); b = loadNextLanes<T, V>(p); d = evenLanes<T, V>(a, b); e = oddLanes<T, V>(a, b); f = loadEvenLanes<T, V>(p + 2 * size);
      storeLanes<T, V>(to, multiplyAdd<T, V>(w8, f, multiplyAdd<T, V>(w7, e, multiplyAdd<T, V>(w6, d, first))));
      first = multiplyAdd<T, V>(w2, f, multiplyAdd<T, V>(w1, e, multiplyAdd<T, V>(w0, d, splat<T, V>(0))));
    }
  }
}
