/** The binaries of simdconv, each ready to convolve the same picture, or with the reason why it cannot. */
import { type CompiledOp, createEngine, type Engine, OptionError, tensor } from "simdconv";
import type { Picture } from "../shared/picture.ts";
import type { FilterBank } from "./filter-bank.ts";

export const BINARIES = ["scalar", "simd", "relaxed"] as const;
export type Binary = (typeof BINARIES)[number];

export interface Ready {
  readonly binary: Binary;
  readonly engine: Engine;
  readonly layer: CompiledOp;
  /** Filters, rows, columns. */
  readonly maps: Float32Array;
  /** Milliseconds of each timed run. */
  readonly times: number[];
  run(): Promise<unknown>;
}

export type Entry = Ready | { readonly binary: Binary; readonly why: string };

export function isReady(entry: Entry): entry is Ready {
  return "engine" in entry;
}

/** Plans the convolution for this picture and packs the filters, so that a run does nothing but convolve. */
export async function enter(binary: Binary, picture: Picture, bank: FilterBank): Promise<Entry> {
  let engine: Engine;
  try {
    engine = await createEngine({ binary });
  } catch (error) {
    // A binary that the runtime does not know is worth a line in the table; anything else is a real failure.
    if (error instanceof OptionError && error.argument === "binary") {
      return { binary, why: error.message.replace(/^binary: /, "") };
    }
    throw error;
  }
  const { width, height, margin } = picture;
  const imageShape = [1, 1, height + 2 * margin, width + 2 * margin];
  const layer = await engine.nnet.conv2d.compile({ imageShape, filterShape: bank.shape, borderMode: "valid" });
  await layer.setFilters(tensor(bank.weights, bank.shape));
  const input = tensor(picture.grey, imageShape);
  // Writing into the same array each time spares every run a fresh one of many megabytes.
  const maps = new Float32Array(bank.filters.length * height * width);
  const out = { data: maps, shape: [1, bank.filters.length, height, width] };
  return { binary, engine, layer, maps, times: [], run: () => layer.run(input, { out }) };
}

/** Timed runs, taken in turn so that a busy moment of the machine falls on all alike. */
export async function measure(entries: readonly Ready[], patience = 4000): Promise<void> {
  const begin = performance.now();
  for (let round = 0; round < 3 || (round < 9 && performance.now() - begin < patience); round++) {
    for (const entry of entries) {
      const start = performance.now();
      await entry.run();
      entry.times.push(performance.now() - start);
    }
  }
}

/** Compared round by round, because the machine's speed changes more between rounds than within one. */
export function speedUp(entry: Ready, reference: Ready): number {
  return median(entry.times.map((time, round) => reference.times[round] / time));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
