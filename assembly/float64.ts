/** What the whole binaries export besides: the kernels for float64. Only the build names this file, as a second entry. */
import { Filters, Pixels } from "./contract";
import { correlate, DOTS, FILTERS } from "./correlate";
import { depthwise, Factors, Whole } from "./depthwise";
import { direct } from "./direct";
import { Vector, VECTORS } from "./lanes";
import { overlapSave } from "./overlap-save";
import { packFilters } from "./pack";
import { spectraOfFilters } from "./spectra";
import { sumBlocks } from "./sum-blocks";
import { unshared } from "./unshared";
import { unsharedFilters } from "./unshared-filters";
import { unsharedInputs } from "./unshared-inputs";

export function direct_pixels_f64(args: usize, scratch: usize, first: i32, last: i32): void {
  if (VECTORS) direct<f64, Vector, Pixels>(args, scratch, first, last);
  else direct<f64, f64, Pixels>(args, scratch, first, last);
}

export function direct_filters_f64(args: usize, scratch: usize, first: i32, last: i32): void {
  if (VECTORS) direct<f64, Vector, Filters>(args, scratch, first, last);
  else direct<f64, f64, Filters>(args, scratch, first, last);
}

export function depthwise_f64(args: usize, scratch: usize, first: i32, last: i32): void {
  if (VECTORS) depthwise<f64, Vector, Whole>(args, scratch, first, last);
  else depthwise<f64, f64, Whole>(args, scratch, first, last);
}

export function unshared_f64(args: usize, scratch: usize, first: i32, last: i32): void {
  unshared<f64>(args, first, last);
}

export function unshared_inputs_f64(args: usize, scratch: usize, first: i32, last: i32): void {
  unsharedInputs<f64>(args, first, last);
}

export function pack_filters_f64(args: usize, scratch: usize, first: i32, last: i32): void {
  packFilters<f64>(args, first, last);
}

export function separable_f64(args: usize, scratch: usize, first: i32, last: i32): void {
  if (VECTORS) depthwise<f64, Vector, Factors>(args, scratch, first, last);
  else depthwise<f64, f64, Factors>(args, scratch, first, last);
}

export function fft_f64(args: usize, scratch: usize, first: i32, last: i32): void {
  if (VECTORS) overlapSave<f64, Vector>(args, scratch, first, last);
  else overlapSave<f64, f64>(args, scratch, first, last);
}

export function fft_filters_f64(args: usize, scratch: usize, first: i32, last: i32): void {
  if (VECTORS) spectraOfFilters<f64, Vector>(args, scratch, first, last);
  else spectraOfFilters<f64, f64>(args, scratch, first, last);
}

export function correlate_filters_f64(args: usize, scratch: usize, first: i32, last: i32): void {
  correlate(args, scratch, first, last, 8, FILTERS);
}

export function correlate_dots_f64(args: usize, scratch: usize, first: i32, last: i32): void {
  correlate(args, scratch, first, last, 8, DOTS);
}

export function sum_blocks_f64(args: usize, scratch: usize, first: i32, last: i32): void {
  if (VECTORS) sumBlocks<f64, Vector>(args, scratch, first, last);
  else sumBlocks<f64, f64>(args, scratch, first, last);
}

export function unshared_filters_f64(args: usize, scratch: usize, first: i32, last: i32): void {
  unsharedFilters<f64>(args, first, last);
}
