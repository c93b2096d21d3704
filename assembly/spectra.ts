/** The spectra of filters, as overlap-save multiplies with them. */
import {
  FFT_BUFFER, FFT_COLUMNS, FFT_CONSTANTS, FFT_FILTER, FFT_FLAG, FFT_IMAGINARY, FFT_PITCH, FFT_PLANE, FFT_ROWS, FFT_STAGES_X, FFT_TAPS,
  PACK_GROUP, PACK_PANEL_COUNT, PACK_SOURCE, PACK_STRIDES, PACK_TAPS, PACK_TARGET, PACK_TRANSFORM,
} from "./args";
import { Forward } from "./fft";
import { lanes, vectorBytes } from "./lanes";
import { alongY, clear, mayTransform, rowsToSpectrum } from "./overlap-save";
import { word } from "./words";

/**
 * Filters into spectra: tap (i, j) stands at (−i, −j) modulo the plane, so that the product is a correlation; its imaginary
 * part is zero. A tile is one filter. Behind the spectrum stand the taps themselves, and whether they may be transformed.
 */
export function spectraOfFilters<T, V>(args: usize, scratch: usize, first: i32, last: i32): void {
  const table = <usize>word(args, PACK_TRANSFORM), filters = word(args, PACK_PANEL_COUNT);
  const plane = scratch + <usize>word(table, FFT_PLANE), buffer = scratch + <usize>word(table, FFT_BUFFER), pitch = word(table, FFT_PITCH);
  const rows = word(table, FFT_ROWS), columns = word(table, FFT_COLUMNS), ky = word(args, PACK_TAPS + 4), kx = word(args, PACK_TAPS + 8);
  const scale = load<T>(table + <usize>word(table, FFT_CONSTANTS) + 6 * sizeof<T>());
  for (let tile = first; tile < last; ++tile) {
    const source = <usize>(word(args, PACK_SOURCE) + tile / filters * word(args, PACK_STRIDES) + tile % filters * word(args, PACK_STRIDES + 4));
    let to = <usize>(word(args, PACK_TARGET) + tile / filters * word(args, PACK_GROUP) + tile % filters * word(table, FFT_FILTER));
    let taps = to + <usize>word(table, FFT_TAPS), largest: T = 0;
    clear<T>(table, plane);
    clear<T>(table, plane + <usize>word(table, FFT_IMAGINARY));
    for (let i = 0; i < ky; ++i) {
      for (let j = 0; j < kx; ++j, taps += sizeof<T>()) {
        const tap = load<T>(source + <usize>(i * word(args, PACK_STRIDES + 16) + j * word(args, PACK_STRIDES + 20)));
        store<T>(taps, tap);
        largest = max<T>(largest, abs<T>(tap));
        store<T>(plane + <usize>((rows - i) % rows * pitch + (columns - j) % columns * <i32>sizeof<T>()), tap * scale);
      }
    }
    store<i32>(to + <usize>word(table, FFT_FLAG), mayTransform<T>(largest) ? 1 : 0);
    alongY<T, V, Forward>(table, plane, buffer, columns);
    const stages = table + <usize>word(table, FFT_STAGES_X), bytes = <usize>(2 * columns * vectorBytes<T, V>());
    for (let r = 0; r < rows; r += lanes<T, V>(), to += bytes) rowsToSpectrum<T, V>(table, stages, plane + <usize>(r * pitch), to);
  }
}
