// Every tile of the kernel, forced on problems that it would not be chosen for: edges of tiles, padding, vec4s, sums in parts.
import { createEngine } from "simdconv";
import { expect, inject, it } from "vitest";
import { TILES, type TileShape } from "../../src/webgpu/tile.ts";
import { checkBits } from "../support/check.ts";
import { countCalls, note } from "../support/record.ts";
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

/** The same for every tile: made once. */
const problems = Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, numbers(spec)]));

const adapter = await navigator.gpu.requestAdapter();
const hasSubgroups = adapter?.features.has("subgroups") === true;

/** Tiles that read operands in place share them out in subgroups where the device has those: once with and once without. */
const rows = TILES.flatMap((tile) => {
  const row = (features: GPUFeatureName[], text: string) =>
    [tile.rows, tile.columns, tile.tall, text, tile, features] as const;
  return tile.staged || !hasSubgroups ? [row([], "")] : [row([], ""), row(["subgroups"], ", subgroups")];
});

// Isolation is nothing to a GPU: once is enough.
it.skipIf(!inject("isolated")).for(rows)(
  "%i × %i threads, %i filters each%s",
  { timeout: 120_000 },
  async ([, , , , tile, requiredFeatures], test) => {
    const gpuDevice = await (await navigator.gpu.requestAdapter())!.requestDevice({ requiredFeatures });
    await using engine = (await createEngine({ gpuDevice, device: "webgpu", workers: 0 })) as Engine;
    if (!hasSubgroups) note(test, "this adapter has no subgroups: the kernels that broadcast were not tried");
    (await (engine as unknown as Inside).runtime.gpu.open()).tiles = [tile];
    for (const [name, problem] of Object.entries(problems)) {
      const how = { binary: "webgpu", form: "webgpu" } as const;
      expect(await checkBits(engine, problem, expected(problem).y, how), name).toBeUndefined();
      countCalls(test, "webgpu");
    }
    gpuDevice.destroy();
  },
);
