/**
 * The way of a finished tile of accumulators into y: bias, activation, tails and strides. It is one pass over a few
 * vectors in L1 for every block of hundreds of multiply-adds, so it may be general.
 */
import { ACTIVATION_LINEAR } from "./args";
import { activate } from "./activation";
import { add, lanes, loadLanes, loadSplat, storeLanes, vectorBytes } from "./lanes";

/**
 * Finish and write `rows` rows of `columns` elements, from accumulators whose rows are `pitch` bytes apart.
 * `bias` is 0 or the address of the first row's bias, which moves by `biasRow` bytes a row. It is one value for the row
 * if `biasColumn` is 0, else one value for each column, contiguous and readable to whole vectors.
 */
export function storeTile<T, V>(
  acc: usize, pitch: usize, rows: i32, columns: i32, y: usize, yRow: usize, yColumn: usize,
  bias: usize, biasRow: usize, biasColumn: usize, activation: i32,
): void {
  const step = <usize>vectorBytes<T, V>(), L = lanes<T, V>(), size = sizeof<T>();
  const contiguous = yColumn == size;
  for (let r = 0; r < rows; ++r, acc += pitch, y += yRow) {
    let target = y, b = bias;
    for (let c = 0, p = acc; c < columns; c += L, p += step) {
      let v = loadLanes<T, V>(p);
      if (bias) {
        v = add<T, V>(v, biasColumn ? loadLanes<T, V>(b) : loadSplat<T, V>(b));
        if (biasColumn) b += step;
      }
      if (activation != ACTIVATION_LINEAR) v = activate<T, V>(v, activation);
      if (contiguous && c + L <= columns) {
        storeLanes<T, V>(target, v);
        target += step;
      } else {
        storeLanes<T, V>(p, v);
        const count = min(L, columns - c);
        for (let i = 0; i < count; ++i, target += yColumn) store<T>(target, load<T>(p + <usize>i * size));
      }
    }
    if (bias) bias += biasRow;
  }
}
