// Jobs of more steps than a slot of the ring holds: posted in batches, to the caller one job.
import { describe, expect, it } from "vitest";
import { MOST_STEPS } from "../../workers/ring.ts";
import { firstDifference } from "../support/compare.ts";
import { stillGood } from "../support/fixtures.ts";
import { gather } from "../support/place.ts";
import { fill, random } from "../support/random.ts";
import type { Engine } from "../support/spec.ts";
import { engineOf } from "./bits.ts";
import { becomes } from "./jobs.ts";

// 256 phases: as many steps that pack filters, and as many that compute.
const imageShape = [2, 3, 128, 112];
const values = (shape: readonly number[], seed: number) => {
  const total = shape.reduce((a, b) => a * b, 1);
  return { data: Float32Array.from(fill("zero-mean", total, random(seed), "float32")), shape };
};
const [g, w] = [values([2, 64, 8, 7], 1), values([64, 3, 16, 16], 2)];
const call = (engine: Engine, more: object) =>
  engine.nnet.conv2dGradWrtInputs(g, w, { imageShape, subsample: [16, 16], ...more });

describe("a gradient of 256 phases", () => {
  it("has the bits of one thread, tells of its progress in one count, and gives its memory back", async () => {
    await using engine = await engineOf(2);
    using op = await engine.nnet.conv2dGradWrtInputs.compile({ imageShape, filterShape: w.shape, subsample: [16, 16] });
    expect(op.plan.steps.length).toBeGreaterThan(4 * MOST_STEPS);
    const want = gather(await call(engine, { openmp: false }));
    const live = engine.liveBytes;
    for (let round = 0; round < 5; round++) {
      const told: [number, number][] = [];
      const got = await call(engine, {
        openmp: true,
        onProgress: (done: number, all: number) => told.push([done, all]),
      });
      expect(firstDifference(gather(got), want)).toBe(-1);
      const all = told.at(-1)![1];
      expect(told.at(-1)).toEqual([all, all]);
      for (const [i, [done, total]] of told.entries()) {
        expect(total).toBe(all);
        expect(done).toBeGreaterThanOrEqual(i === 0 ? 0 : told[i - 1]![0]);
      }
      expect(told.length).toBeGreaterThan(4); // every batch has an end
      expect(await becomes(() => engine.liveBytes <= live + 2 ** 20, 2000)).toBe(true); // but for the scratch of slots
    }
  });

  it("is stopped by its signal between batches and within them", async () => {
    await using engine = await engineOf(2);
    for (let after = 0; after < 6; after++) {
      const abort = new AbortController();
      let told = 0;
      const onProgress = () => {
        if (told++ === after) abort.abort(new Error("enough"));
      };
      await expect(call(engine, { openmp: true, signal: abort.signal, onProgress })).rejects.toThrow("enough");
      expect(await stillGood(engine)).toBeUndefined();
    }
  });
});
