/** Transforms as the kernels read them (assembly/args.ts, "transform"): radices, twiddles, and where a plane lies in scratch. */
import * as A from "../../assembly/args.ts";
import type { DType } from "../tensor.ts";
import { roundUp } from "./input-tile.ts";
import { elementBytes } from "./registers.ts";

/** Lengths that the kernels transform, 2ᵃ·3ᵇ·5ᶜ: whole vectors of any binary, and fine enough that little of a plane is wasted. */
export const LENGTHS: readonly number[] = [
  16, 24, 32, 40, 48, 64, 72, 80, 96, 120, 128, 144, 160, 192, 240, 256, 288, 320, 384, 480, 512, 576, 640, 768, 1024,
];

/** Of a stage, largest blocks first. */
export function radicesOf(length: number): number[] {
  const radices: number[] = [];
  let rest = length;
  for (const radix of [5, 3, 4, 2]) {
    for (; rest % radix === 0; rest /= radix) radices.push(radix);
  }
  if (rest !== 1) throw new Error(`no transform of length ${length}`);
  return radices;
}

/** The constants of assembly/fft.ts, in their order; the seventh makes the product of two spectra the transform of a sum. */
function constants(points: number): number[] {
  const at = (fifths: number) => (2 * Math.PI * fifths) / 5;
  return [0.5, Math.sqrt(0.75), Math.cos(at(1)), Math.cos(at(2)), Math.sin(at(1)), Math.sin(at(2)), 1 / points];
}

function twiddles(radix: number, length: number): number[] {
  const values: number[] = [];
  for (let j = 0; j < length / radix; j++) {
    for (let p = 1; p < radix; p++) {
      const angle = (2 * Math.PI * ((j * p) % length)) / length;
      values.push(Math.cos(angle), -Math.sin(angle));
    }
  }
  return values;
}

export interface Plane {
  readonly rows: number;
  readonly columns: number;
  /** Vectors of columns that are transformed side by side, of `lanes` elements. */
  readonly vectors: number;
  readonly lanes: number;
  /** The taps of one filter. */
  readonly taps: number;
  /** Whether the spectrum of the plane is kept for several filters. */
  readonly keepsSpectrum: boolean;
  /** Where scratch is free. */
  readonly scratch: number;
}

export interface Transform {
  readonly table: Int32Array;
  /** Bytes of a plane's row, and of a filter as it is kept. */
  readonly pitch: number;
  readonly filterRecord: number;
  readonly scratchBytes: number;
}

/** Register rows of the sums that replace a transform: the buffer holds so many rows of a plane. */
export const BUFFER_ROWS = 4;

export function layOutTransform(plane: Plane, dtype: DType): Transform {
  const size = elementBytes(dtype);
  const { rows, columns, vectors, lanes } = plane;
  const vector = lanes * size;
  const imaginary = columns * size;
  // An odd number of cache lines, so that the rows of a column spread over the sets of the cache.
  const pitch = 64 * (Math.ceil((2 * imaginary) / 64) | 1);
  const scratchPlane = roundUp(plane.scratch, 64);
  const buffer = scratchPlane + rows * pitch + 64;
  const bufferBytes = Math.max(2 * rows * vectors * vector, 2 * columns * vector, BUFFER_ROWS * imaginary);
  const spectrum = roundUp(buffer + bufferBytes, 64);
  const spectrumBytes = 2 * rows * columns * size;
  const taps = roundUp(spectrumBytes, 64);
  const flag = roundUp(taps + plane.taps * size, 64);
  const filterRecord = flag + 64;

  const stages = [rows, columns].map((length) => {
    let block = length;
    return radicesOf(length).map((radix) => {
      const stage = { radix, length: block, values: twiddles(radix, block) };
      block /= radix;
      return stage;
    });
  });
  const listBytes = (i: number) => A.STAGES_FIRST + A.STAGE_BYTES * stages[i]!.length;
  const lists = [A.FFT_BYTES, A.FFT_BYTES + listBytes(0)];
  const first = lists[1]! + listBytes(1);
  const numbers = constants(rows * columns);
  const offsets = stages.map((list) =>
    list.map(({ values }) => {
      const offset = first + numbers.length * size;
      numbers.push(...values);
      return offset;
    }),
  );
  // The constants stand before the twiddles.
  const table = new Int32Array((first + numbers.length * size) >> 2);
  const put = (offset: number, ...words: readonly number[]) => table.set(words, offset >> 2);
  put(A.FFT_ROWS, rows, columns, pitch, imaginary, lists[0]!, lists[1]!, vectors);
  put(A.FFT_PLANE, scratchPlane, buffer, spectrum, filterRecord, taps, flag, first);
  stages.forEach((list, axis) => {
    put(lists[axis]!, list.length, axis === 0 ? rows : columns);
    list.forEach(({ radix, length }, i) => {
      put(lists[axis]! + A.STAGES_FIRST + i * A.STAGE_BYTES, radix, length, offsets[axis]![i]!);
    });
  });
  const floats = dtype === "float32" ? Float32Array.from(numbers) : Float64Array.from(numbers);
  table.set(new Int32Array(floats.buffer), first >> 2);
  return { table, pitch, filterRecord, scratchBytes: spectrum + (plane.keepsSpectrum ? spectrumBytes : 0) };
}
