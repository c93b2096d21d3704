/** The export table: the kernels for float32, with the lanes of the binary. README.md has the contract. */
import { Filters, Pixels } from "./contract";
import { correlate, DOTS, FILTERS, WINOGRAD } from "./correlate";
import { depthwise, Factors, Whole } from "./depthwise";
import { direct } from "./direct";
import { gather } from "./gather";
import { FUSED, Vector, VECTORS } from "./lanes";
import { overlapSave } from "./overlap-save";
import { packFilters } from "./pack";
import { depthwisePlanes } from "./planes";
import { spectraOfFilters } from "./spectra";
import { strassen, strassenFilters } from "./strassen";
import { sumBlocks } from "./sum-blocks";
import { unshared } from "./unshared";
import { unsharedFilters } from "./unshared-filters";
import { unsharedInputs } from "./unshared-inputs";
import { winograd, winogradInput, winogradMultiply } from "./winograd";
import { winogradFilters } from "./winograd-filters";

/** Which binary this is: 0 scalar, 1 simd, 2 relaxed. The register tile depends on it. */
export function binary(): i32 {
  return FUSED ? 2 : VECTORS ? 1 : 0;
}

export function direct_pixels_f32(args: usize, scratch: usize, first: i32, last: i32): void {
  if (VECTORS) direct<f32, Vector, Pixels>(args, scratch, first, last);
  else direct<f32, f32, Pixels>(args, scratch, first, last);
}

export function direct_filters_f32(args: usize, scratch: usize, first: i32, last: i32): void {
  if (VECTORS) direct<f32, Vector, Filters>(args, scratch, first, last);
  else direct<f32, f32, Filters>(args, scratch, first, last);
}

export function depthwise_f32(args: usize, scratch: usize, first: i32, last: i32): void {
  if (VECTORS) depthwise<f32, Vector, Whole>(args, scratch, first, last);
  else depthwise<f32, f32, Whole>(args, scratch, first, last);
}

export function depthwise_planes_f32(args: usize, scratch: usize, first: i32, last: i32): void {
  if (VECTORS) depthwisePlanes<f32, Vector>(args, scratch, first, last);
  else depthwisePlanes<f32, f32>(args, scratch, first, last);
}

export function unshared_f32(args: usize, scratch: usize, first: i32, last: i32): void {
  unshared<f32>(args, first, last);
}

export function unshared_inputs_f32(args: usize, scratch: usize, first: i32, last: i32): void {
  unsharedInputs<f32>(args, first, last);
}

export function pack_filters_f32(args: usize, scratch: usize, first: i32, last: i32): void {
  packFilters<f32>(args, first, last);
}

export function gather_f32(args: usize, scratch: usize, first: i32, last: i32): void {
  if (VECTORS) gather<f32, Vector>(args, first, last);
  else gather<f32, f32>(args, first, last);
}

export function separable_f32(args: usize, scratch: usize, first: i32, last: i32): void {
  if (VECTORS) depthwise<f32, Vector, Factors>(args, scratch, first, last);
  else depthwise<f32, f32, Factors>(args, scratch, first, last);
}

export function fft_f32(args: usize, scratch: usize, first: i32, last: i32): void {
  if (VECTORS) overlapSave<f32, Vector>(args, scratch, first, last);
  else overlapSave<f32, f32>(args, scratch, first, last);
}

export function fft_filters_f32(args: usize, scratch: usize, first: i32, last: i32): void {
  if (VECTORS) spectraOfFilters<f32, Vector>(args, scratch, first, last);
  else spectraOfFilters<f32, f32>(args, scratch, first, last);
}

export function winograd_f32(args: usize, scratch: usize, first: i32, last: i32): void {
  if (VECTORS) winograd<Vector>(args, scratch, first, last);
  else winograd<f32>(args, scratch, first, last);
}

export function winograd_input_f32(args: usize, scratch: usize, first: i32, last: i32): void {
  if (VECTORS) winogradInput<Vector>(args, scratch, first, last);
  else winogradInput<f32>(args, scratch, first, last);
}

export function winograd_multiply_f32(args: usize, scratch: usize, first: i32, last: i32): void {
  if (VECTORS) winogradMultiply<Vector>(args, scratch, first, last);
  else winogradMultiply<f32>(args, scratch, first, last);
}

export function winograd_filters_f32(args: usize, scratch: usize, first: i32, last: i32): void {
  winogradFilters(args, scratch, first, last);
}

export function strassen_f32(args: usize, scratch: usize, first: i32, last: i32): void {
  if (VECTORS) strassen<Vector>(args, scratch, first, last);
  else strassen<f32>(args, scratch, first, last);
}

export function strassen_filters_f32(args: usize, scratch: usize, first: i32, last: i32): void {
  strassenFilters(args, first, last);
}

export function winograd_gradient_f32(args: usize, scratch: usize, first: i32, last: i32): void {
  correlate(args, scratch, first, last, 4, WINOGRAD);
}

export function correlate_filters_f32(args: usize, scratch: usize, first: i32, last: i32): void {
  correlate(args, scratch, first, last, 4, FILTERS);
}

export function correlate_dots_f32(args: usize, scratch: usize, first: i32, last: i32): void {
  correlate(args, scratch, first, last, 4, DOTS);
}

export function sum_blocks_f32(args: usize, scratch: usize, first: i32, last: i32): void {
  if (VECTORS) sumBlocks<f32, Vector>(args, scratch, first, last);
  else sumBlocks<f32, f32>(args, scratch, first, last);
}

export function unshared_filters_f32(args: usize, scratch: usize, first: i32, last: i32): void {
  unsharedFilters<f32>(args, first, last);
}
