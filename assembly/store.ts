/**
 * The way of a finished tile of accumulators into y: bias, activation, tails and strides. Where nothing of that is
 * needed the tile is stored into y at once and never comes here.
 */
import { ACTIVATION_LINEAR } from "./args";
import { activate } from "./activation";
import { add, lanes, loadLanes, loadSplat, splat, storeLanes, vectorBytes } from "./lanes";

/**
 * Add the bias and apply the activation to `rows` rows of `vectors` vectors, `pitch` bytes apart, on their way to `to`, where they are
 * `toPitch` apart. That may be where they are, in scratch, but not in y: a late thread would do it to what is finished.
 * `bias` is 0 or the address of the first row's bias, which moves by `biasRow` bytes a row. It is one value for the row
 * if `biasColumn` is 0, else one value for each column, contiguous and readable to whole vectors.
 */
export function finishTile<T, V>(
  acc: usize, pitch: usize, rows: i32, vectors: i32, to: usize, toPitch: usize, bias: usize, biasRow: usize, biasColumn: usize, activation: i32,
): void {
  if (to == acc && !bias && activation == ACTIVATION_LINEAR) return;
  const step = <usize>vectorBytes<T, V>(), size = <usize>vectors * step;
  for (let r = 0; r < rows; ++r, bias += biasRow, acc += pitch, to += toPitch) {
    let b = bias ? loadSplat<T, V>(bias) : splat<T, V>(0);
    for (let i: usize = 0; i < size; i += step) {
      let value = loadLanes<T, V>(acc + i);
      if (bias) {
        if (biasColumn) b = loadLanes<T, V>(bias + i);
        value = add<T, V>(value, b);
      }
      if (activation != ACTIVATION_LINEAR) value = activate<T, V>(value, activation);
      storeLanes<T, V>(to + i, value);
    }
  }
}

/** Copy `rows` rows of `columns` elements to y along lanes, rows of accumulators `pitch` bytes apart. */
export function storeRows<T, V>(
  acc: usize, pitch: usize, rows: i32, columns: i32, y: usize, yRow: usize, yColumn: usize,
): void {
  const step = <usize>vectorBytes<T, V>(), L = lanes<T, V>(), size = sizeof<T>();
  for (let r = 0; r < rows; ++r, acc += pitch, y += yRow) {
    let c = 0, from = acc, to = y;
    if (yColumn == size) for (; c + L <= columns; c += L, from += step, to += step) storeLanes<T, V>(to, loadLanes<T, V>(from));
    for (; c < columns; ++c, from += size, to += yColumn) store<T>(to, load<T>(from));
  }
}

/**
 * Copy `rows` rows of `columns` elements to y across lanes: row r goes to `places[r]`, columns are `yColumn` bytes apart. Where these
 * follow each other (channels last) a row is whole vectors; else rows, which may be neighbours in y, go inside.
 */
export function storeColumns<T, V>(acc: usize, pitch: usize, rows: i32, columns: i32, y: usize, places: usize, yColumn: usize): void {
  const size = sizeof<T>();
  if (yColumn == size) {
    for (let r = 0; r < rows; ++r, acc += pitch, places += 4) storeRows<T, V>(acc, pitch, 1, columns, y + load<u32>(places), 0, size);
    return;
  }
  for (let c = 0; c < columns; ++c, acc += size, y += yColumn) {
    for (let r = 0, from = acc, at = places; r < rows; ++r, from += pitch, at += 4) store<T>(y + load<u32>(at), load<T>(from));
  }
}
