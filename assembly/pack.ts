/**
 * Copies that make the contraction's reads simple: the input tile, padded and split into column phases, and the filters
 * in panels. Both read through strides, so layout, flipping and cropping cost nothing here.
 */
import {
  CONV_IN, CONV_LOW, CONV_PACKED, CONV_PITCHES, CONV_PLACES, CONV_RUN_START, CONV_RUN_STEP, CONV_RUNS, CONV_SCRATCH_X, CONV_STRIDE,
  CONV_X_STRIDES, PACK_ALIGN, PACK_BLOCK_TERMS, PACK_CHANNELS, PACK_CHANNELS_LAST, PACK_GROUP, PACK_PANEL_COUNT, PACK_PANELS, PACK_SOURCE,
  PACK_STRIDES, PACK_TAPS, PACK_TARGET, PACK_WIDTH,
} from "./args";
import { lanes, loadEvenLanes, loadLanes, splat, storeLanes, vectorBytes } from "./lanes";
import { ceilDivide, entry, word } from "./words";

/** Zeros in elements `first … count − 1`, and nowhere else: late threads gather again what others read. */
export function zeroRow<T, V>(target: usize, first: i32, count: i32): void {
  const L = lanes<T, V>(), zero = splat<T, V>(0);
  let i = first;
  for (; i + L <= count; i += L) storeLanes<T, V>(target + <usize>i * sizeof<T>(), zero);
  for (; i < count; ++i) store<T>(target + <usize>i * sizeof<T>(), 0);
}

/**
 * One run of one row: `count` elements, of which `[before, after)` come from `source`, `step` bytes apart, and the
 * others are zeros. `source` is the address of element `before`. The last vector overlaps the one before it.
 */
export function packRow<T, V>(target: usize, count: i32, source: usize, step: usize, before: i32, after: i32): void {
  const size = sizeof<T>(), L = lanes<T, V>(), vector = <usize>vectorBytes<T, V>(), inside = after - before;
  if (before) zeroRow<T, V>(target, 0, before);
  if (after < count) zeroRow<T, V>(target, after, count);
  target += <usize>before * size;
  if (step == size && inside >= L) {
    for (let i = inside; i > L; i -= L, target += vector, source += vector) storeLanes<T, V>(target, loadLanes<T, V>(source));
    const back = <usize>((-inside) & (L - 1)) * size;
    storeLanes<T, V>(target - back, loadLanes<T, V>(source - back));
  } else if (step == 2 * size && inside >= L) {
    for (let i = inside; i > L; i -= L, target += vector, source += 2 * vector) storeLanes<T, V>(target, loadEvenLanes<T, V>(source));
    const back = <usize>((-inside) & (L - 1)) * size;
    storeLanes<T, V>(target - back, loadEvenLanes<T, V>(source - 2 * back));
  } else {
    for (let i = 0; i < inside; ++i, target += size, source += step) store<T>(target, load<T>(source));
  }
}

/**
 * The input tile of the outputs from depth `z`, row `row` and column `column` on, for `channels` channels from address `x`
 * on (that of the image, group and first channel at the origin of space). Positions outside the input become zeros.
 */
export function packTile<T, V>(args: usize, target: usize, x: usize, channels: i32, z: i32, row: i32, column: i32): void {
  const zStart = z * word(args, CONV_STRIDE) - word(args, CONV_LOW);
  const yStart = row * word(args, CONV_STRIDE + 4) - word(args, CONV_LOW + 4);
  const xStart = column * word(args, CONV_STRIDE + 8) - word(args, CONV_LOW + 8);
  const zIn = word(args, CONV_IN), yIn = word(args, CONV_IN + 4), xIn = word(args, CONV_IN + 8);
  const zRuns = word(args, CONV_RUNS), yRuns = word(args, CONV_RUNS + 4), xRuns = word(args, CONV_RUNS + 8);
  const rows = word(args, CONV_PLACES + 4), places = word(args, CONV_PLACES + 8);
  const yStep = word(args, CONV_RUN_STEP + 4), xStep = word(args, CONV_RUN_STEP + 8);
  const xRow = word(args, CONV_X_STRIDES + 16), xColumn = word(args, CONV_X_STRIDES + 20);

  for (let xRun = 0; xRun < xRuns; ++xRun) {
    // Those places p of the run for which 0 ≤ first + p·xStep < xIn.
    const first = xStart + xRun * word(args, CONV_RUN_START + 8);
    const before = min(places, first >= 0 ? 0 : ceilDivide(-first, xStep));
    const after = max(before, min(places, xIn <= first ? 0 : ceilDivide(xIn - first, xStep)));
    const from = (first + before * xStep) * xColumn;
    for (let c = 0; c < channels; ++c) {
      for (let zRun = 0; zRun < zRuns; ++zRun) {
        const zAt = zStart + zRun * word(args, CONV_RUN_START), inDepth = <u32>zAt < <u32>zIn;
        const plane = x + <usize>(c * word(args, CONV_X_STRIDES + 8) + zAt * word(args, CONV_X_STRIDES + 12) + from);
        const toPlane = target + <usize>(c * word(args, CONV_PITCHES) + zRun * word(args, CONV_PITCHES + 4) + xRun * word(args, CONV_PITCHES + 16));
        for (let yRun = 0; yRun < yRuns; ++yRun) {
          let to = toPlane + <usize>(yRun * word(args, CONV_PITCHES + 8));
          let y = yStart + yRun * word(args, CONV_RUN_START + 4);
          for (let i = 0; i < rows; ++i, y += yStep, to += word(args, CONV_PITCHES + 12)) {
            if (inDepth && <u32>y < <u32>yIn) {
              packRow<T, V>(to, places, plane + <usize>(y * xRow), xColumn * xStep, before, after);
            } else {
              zeroRow<T, V>(to, 0, places);
            }
          }
        }
      }
    }
  }
}

/** Where the operands of a tile stand: x itself, when no tap can fall outside it, else their padded copy in scratch. */
export function inputTile<T, V>(args: usize, scratch: usize, x: usize, channels: i32, z: i32, row: i32, column: i32): usize {
  if (word(args, CONV_PACKED)) {
    const target = scratch + <usize>word(args, CONV_SCRATCH_X);
    packTile<T, V>(args, target, x, channels, z, row, column);
    return target;
  }
  return x + <usize>((z * word(args, CONV_STRIDE) - word(args, CONV_LOW)) * word(args, CONV_X_STRIDES + 12)
    + (row * word(args, CONV_STRIDE + 4) - word(args, CONV_LOW + 4)) * word(args, CONV_X_STRIDES + 16)
    + (column * word(args, CONV_STRIDE + 8) - word(args, CONV_LOW + 8)) * word(args, CONV_X_STRIDES + 20));
}

/**
 * Filters into panels: [group][block of terms][panel][term of the block][filter of the panel], terms in the order of the problem.
 * A tile is one panel of one group, all its blocks. Writes zeros where a panel's width is rounded up.
 */
export function packFilters<T>(args: usize, first: i32, last: i32): void {
  const size = <i32>sizeof<T>();
  const panels = <usize>word(args, PACK_PANELS), panelCount = word(args, PACK_PANEL_COUNT), align = word(args, PACK_ALIGN);
  const block = word(args, PACK_BLOCK_TERMS), width = word(args, PACK_WIDTH), sK = word(args, PACK_STRIDES + 4);
  const terms = word(args, PACK_CHANNELS) * word(args, PACK_TAPS) * word(args, PACK_TAPS + 4) * word(args, PACK_TAPS + 8);
  for (let tile = first; tile < last; ++tile) {
    const g = tile / panelCount, panel = tile % panelCount;
    const start = entry(panels, panel), filters = entry(panels, panel + 1) - start;
    const padded = ceilDivide(filters, align) * align;
    const source = <usize>word(args, PACK_SOURCE) + <usize>(g * word(args, PACK_STRIDES) + start * sK);
    const target = <usize>word(args, PACK_TARGET) + <usize>(g * word(args, PACK_GROUP));
    for (let t0 = 0; t0 < terms; t0 += block) {
      const count = min(block, terms - t0);
      let to = target + <usize>((t0 * width + start * count) * size);
      for (let t = t0; t < t0 + count; ++t) {
        let from = source + termOfFilter(args, t);
        for (let k = 0; k < filters; ++k, from += sK, to += size) store<T>(to, load<T>(from));
        for (let k = filters; k < padded; ++k, to += size) store<T>(to, 0);
      }
    }
  }
}

/** Bytes from a filter's origin to its term `t`. */
function termOfFilter(args: usize, t: i32): usize {
  const ky = word(args, PACK_TAPS + 4), kx = word(args, PACK_TAPS + 8);
  let rest = t, c = 0;
  if (word(args, PACK_CHANNELS_LAST)) {
    c = rest % word(args, PACK_CHANNELS); rest /= word(args, PACK_CHANNELS);
  }
  const x = rest % kx; rest /= kx;
  const y = rest % ky; rest /= ky;
  let z = rest;
  if (!word(args, PACK_CHANNELS_LAST)) {
    z = rest % word(args, PACK_TAPS); c = rest / word(args, PACK_TAPS);
  }
  return <usize>(c * word(args, PACK_STRIDES + 8) + z * word(args, PACK_STRIDES + 12) + y * word(args, PACK_STRIDES + 16) + x * word(args, PACK_STRIDES + 20));
}
