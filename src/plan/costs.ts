/**
 * The cost model's constants, in cycles of one core. They were fitted to layers of `npm run bench` (forms forced, one after the
 * other) and only have to rank the candidates of one problem; a new machine changes them all in much the same proportion.
 */
import type { ConvProblem } from "../problem/problem.ts";
import type { InputTile } from "./input-tile.ts";
import type { Lanes } from "./plan.ts";
import type { BinaryName } from "./registers.ts";

/** Entering and leaving a register tile: its accumulators loaded and stored once. */
export const TILE_CYCLES = 24;
/** An output stored along the lanes, or one by one across them, or each into a cache line that others need again. */
export const STORE_CYCLES = 0.4;
const SCATTER_CYCLES = 2;
const FAR_CYCLES = 12;
/** Neighbours so many elements apart share no line. */
const FAR = 16;
/** An element of packed filters, and a multiply-add of unshared ones. */
export const PACK_CYCLES = 2;
export const UNSHARED_CYCLES = 2;
/** A row of the input tile, and each of its elements by how they are copied. */
const ROW_CYCLES = 12;
const COPY_CYCLES = 0.25;
const EVEN_CYCLES = 0.5;
const GATHER_CYCLES = 1.5;

/**
 * Cycles that one term costs a register tile: the slowest of the arithmetic (two units; a plain multiply-add is two
 * operations), the additions waiting for each other (4 cycles), and decoding 6 operations a cycle. `extra` counts the
 * loads and address sums of the form.
 */
export function termCycles(binary: BinaryName, rows: number, vectors: number, extra: number): number {
  const operations = rows * vectors * (binary === "relaxed" ? 1 : 2);
  return Math.max(4, operations / 2, (operations + extra + 3) / 6);
}

/** Reading, transposing, multiplying and storing a vector of complex numbers on its way through the transforms of one filter. */
export const TRANSFORM_COPY_CYCLES = 8.5;
/** Spectra of filters are computed once, and most calls are repeated. */
export const FILTER_SPECTRUM_SHARE = 0.5;
const STAGE_CYCLES: Readonly<Record<number, number>> = { 2: 4.4, 3: 6.5, 4: 5.8, 5: 9.4 };

/** One stage of a transform, for a vector of complex numbers. */
export function stageCycles(binary: BinaryName, radix: number): number {
  return STAGE_CYCLES[radix]! * (binary === "relaxed" ? 1 : 1.25);
}

/** Storing an output from registers whose lanes run over `form`. */
export function storeCycles({ y }: ConvProblem, form: Lanes): number {
  if ((form === "pixels" ? y.space[2] : y.channel) === 1) return STORE_CYCLES;
  // Across the lanes, pixel by pixel: their columns decide whether a line is filled at once.
  return Math.abs(y.space[2]) < FAR ? SCATTER_CYCLES : FAR_CYCLES;
}

/** Bytes that are used again stay in L2 up to so many; a byte from beyond costs this. */
const NEAR_BYTES = 1280 * 1024;
const FAR_BYTE_CYCLES = 0.13;

/** Reading the same bytes so many times, beside the arithmetic. */
export function streamCycles(bytes: number, times: number): number {
  return bytes > NEAR_BYTES ? bytes * times * FAR_BYTE_CYCLES : 0;
}

/** Copying the input tile of all channels once. */
export function copyCycles(input: InputTile, binary: BinaryName): number {
  const scalar = binary === "scalar" ? 4 : 1;
  const gather = input.step < FAR ? GATHER_CYCLES : FAR_CYCLES;
  const each = input.step === 1 ? COPY_CYCLES * scalar : input.step === 2 ? EVEN_CYCLES * scalar : gather;
  return input.copiedRows * ROW_CYCLES + input.copied * each;
}
