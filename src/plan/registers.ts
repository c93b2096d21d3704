/** What the planner knows of a binary: its lanes, its register tile and what a term costs in it. */
import type { DType } from "../tensor.ts";

export type BinaryName = "scalar" | "simd" | "relaxed";

/** Accumulators of the register tile: rows × vectors. */
export interface RegisterTile {
  readonly rows: number;
  readonly vectors: number;
}

/**
 * The largest tiles that V8 keeps in its 15 vector registers on x64, measured with `npm run bench` (contraction in L1):
 * a fused multiply-add needs no temporary, so relaxed holds 6×2 where the others spill beyond 5×2.
 */
export const registerTiles: Record<BinaryName, RegisterTile> = {
  relaxed: { rows: 6, vectors: 2 },
  simd: { rows: 5, vectors: 2 },
  scalar: { rows: 5, vectors: 2 },
};

export const LARGEST_TILE: RegisterTile = { rows: 6, vectors: 2 };

/** Elements of one vector. */
export function laneCount(binary: BinaryName, dtype: DType): number {
  return binary === "scalar" ? 1 : dtype === "float32" ? 4 : 2;
}

export function elementBytes(dtype: DType): number {
  return dtype === "float32" ? 4 : 8;
}

/** `count` filters or pixels cut evenly into tiles of at most `most`: how many tiles of which heights. */
export function evenly(count: number, most: number): { height: number; tiles: number }[] {
  const tiles = Math.ceil(count / most);
  if (tiles === 0) return [];
  const height = Math.floor(count / tiles);
  const taller = count - height * tiles;
  return [
    { height: height + 1, tiles: taller },
    { height, tiles: tiles - taller },
  ].filter((run) => run.tiles > 0);
}
