/** Argument blocks at addresses: in an engine's memory, and in that of a worker which has its own. */
import type { BlockImage, Pointer, Region } from "../plan/plan.ts";

/** Addresses of regions; null for what there is not. They may lie before the memory that is really there, if only a part of it is. */
export type Bases = Readonly<Record<Region, number | null>>;

export const NO_BASES: Bases = { x: null, y: null, bias: null, source: null, filters: null, work: null };

/** Write a block to `address`; its pointers are left to `point`. */
export function placeBlock(
  i32: Int32Array,
  { words, relative }: Pick<BlockImage, "words" | "relative">,
  address: number,
): void {
  i32.set(words, address >>> 2);
  for (const offset of relative) i32[(address + offset) >>> 2]! += address;
}

export function point(i32: Int32Array, pointers: readonly Pointer[], address: number, bases: Bases): void {
  for (const { word, region, offset } of pointers) {
    const base = bases[region];
    i32[(address + word) >>> 2] = base === null ? 0 : base + offset;
  }
}

/** Bytes of a block where several stand one after the other. */
export function blockBytes({ words }: Pick<BlockImage, "words">): number {
  return Math.ceil(words.byteLength / 64) * 64;
}
