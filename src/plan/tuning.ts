/** Theano's unrolling keywords, as what they set here: the register tile and the images of a tile. */
import type { Lanes } from "./plan.ts";
import type { BinaryName, RegisterTile } from "./registers.ts";
import { LARGEST_TILE, registerTiles } from "./registers.ts";

export interface Unrolling {
  readonly batch?: number | undefined;
  readonly kern?: number | undefined;
  readonly patch?: boolean | undefined;
}

export interface Tuning {
  readonly key: string;
  /** Images of one tile. */
  readonly batch: number;
  readonly notes: readonly string[];
  register(binary: BinaryName, lanes: number, form: Lanes): RegisterTile;
}

/** The largest divisor of `count` up to `wanted`, as Theano reduces a value that does not divide. */
function divisorBelow(count: number, wanted: number): number {
  if (wanted >= count) return Math.max(1, count);
  let divisor = wanted;
  while (count % divisor !== 0) divisor--;
  return divisor;
}

/**
 * `unrollBatch`: images of one tile. `unrollKern`: filters of the register tile. Setting one makes the other 1.
 * `unrollPatch: false`: one vector of pixels instead of two. They ask for direct sums, and among those none changes a bit.
 */
export function tuningOf(unroll: Unrolling, batchSize: number, filterCount: number): Tuning {
  const both = unroll.batch !== undefined || unroll.kern !== undefined;
  const batch = both ? divisorBelow(batchSize, unroll.batch ?? 1) : 1;
  const kern = both ? divisorBelow(filterCount, unroll.kern ?? 1) : undefined;
  const notes: string[] = [];
  const say = (name: string, given: number | undefined, taken: number | undefined) => {
    const reduced = given !== undefined && taken !== given ? ` (${given} given, reduced to a divisor)` : "";
    notes.push(`${name}: ${taken}${reduced}`);
  };
  if (both) {
    say("unrollBatch", unroll.batch, batch);
    say("unrollKern", unroll.kern, kern);
  }
  if (unroll.patch !== undefined) notes.push(`unrollPatch: ${unroll.patch}`);
  return {
    key: `${batch},${kern},${unroll.patch}`,
    batch,
    notes,
    register(binary, lanes, form) {
      const best = registerTiles[binary];
      const vectors = unroll.patch === false ? 1 : best.vectors;
      if (kern === undefined) return { rows: best.rows, vectors };
      if (form === "pixels") return { rows: Math.min(kern, LARGEST_TILE.rows), vectors };
      return { rows: best.rows, vectors: kern > lanes ? LARGEST_TILE.vectors : 1 };
    },
  };
}
