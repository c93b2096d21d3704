// Every tile of the kernel, forced on problems that it would not be chosen for: edges of tiles, padding, vec4s, sums in parts.
import { createEngine } from "simdconv";
import { expect, inject, it } from "vitest";
import { TILES, type TileShape } from "../../src/webgpu/tile.ts";
import { checkBits } from "../support/check.ts";
import { countCalls } from "../support/record.ts";
import { type Engine, expected, numbers, type Spec } from "../support/spec.ts";

/** What the pages of a test may not see: the runtime inside. */
interface Inside {
  readonly runtime: { readonly gpu: { open(): Promise<{ tiles: readonly TileShape[] }> } };
}

const specs: Readonly<Record<string, Spec>> = {
  "padding, tiles not full": {
    op: "conv3d2d.conv3d",
    input: [2, 3, 3, 9, 11],
    filters: [70, 3, 3, 3, 3],
    borderMode: "half",
    seed: 21,
  },
  "more taps than a word has bits": {
    op: "signal.conv2d",
    input: [2, 23, 19],
    filters: [3, 18, 15],
    borderMode: "full",
    seed: 22,
  },
  "columns of vec4s": { op: "c01b.filterActs", input: [5, 7, 6, 36], filters: [5, 3, 3, 18], pad: 1, seed: 23 },
  "sums in parts": {
    input: [1, 64, 6, 5],
    filters: [9, 64, 3, 3],
    borderMode: "half",
    bias: true,
    activation: "relu",
    seed: 24,
  },
};

// Isolation is nothing to a GPU: once is enough.
it.skipIf(!inject("isolated")).for(TILES.map((tile) => [tile.rows, tile.columns, tile.tall, tile] as const))(
  "%i × %i threads, %i filters each",
  { timeout: 120_000 },
  async ([, , , tile], test) => {
    await using engine = (await createEngine({ device: "webgpu", workers: 0 })) as Engine;
    (await (engine as unknown as Inside).runtime.gpu.open()).tiles = [tile];
    for (const [name, spec] of Object.entries(specs)) {
      const problem = numbers(spec);
      const how = { binary: "webgpu", form: "webgpu" } as const;
      expect(await checkBits(engine, problem, expected(problem).y, how), name).toBeUndefined();
      countCalls(test, "webgpu");
    }
  },
);
