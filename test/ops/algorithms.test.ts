// Which algorithm a plan takes, and what each refuses: found by reading the finished change with fresh eyes, so that it stays so.
import { createEngine } from "simdconv";
import { describe, expect, it } from "vitest";
import { enginesOfThisFile } from "../support/engines.ts";
import { mustFail } from "../support/errors.ts";
import { reals } from "../support/fixtures.ts";
import { gather } from "../support/place.ts";
import type { Engine } from "../support/spec.ts";

const engines = await enginesOfThisFile();
const engine = await engines.get("simd");

const operand = (shape: readonly number[], seed = 1) => reals(shape, seed);

const signalPlan = (imageShape: readonly number[], filterShape: readonly number[], more: object = {}, on = engine) =>
  on.signal.conv2d.compile({ imageShape, filterShape, ...more });

describe("fft", () => {
  it("serves c01b of one channel, whatever its batch, and agrees with sums", async () => {
    const [images, filters] = [operand([1, 30, 29, 6]), operand([1, 9, 7, 3], 2)];
    for (const algorithm of ["fft", "depthwise"] as const) {
      const y = gather(await engine.c01b.filterActs(images, filters, { algorithm, pad: 3 }));
      const want = gather(await engine.c01b.filterActs(images, filters, { algorithm: "direct", pad: 3 }));
      const worst = y.reduce((most, value, i) => Math.max(most, Math.abs(value - want[i]!)), 0);
      expect(worst).toBeLessThan(2e-5);
      expect(y.length).toBe(want.length);
    }
  });

  it("serves filters of several hundred taps a side", async () => {
    for (const [image, filter] of [[768, 380], [768, 400], [1000, 500], [2048, 511]] as const) {
      using op = await signalPlan([image, image], [filter, filter]);
      expect(op.plan.algorithm, `${image}² with ${filter}²`).toBe("fft");
    } // biome-ignore format: pairs
    const call = () => signalPlan([1, 3000], [1, 1500], { algorithm: "fft" });
    expect(await mustFail(call, "OptionError", ["algorithm"])).toBeUndefined();
    await expect(call()).rejects.toThrow("at most 1024 taps");
  });

  it("cuts many filters into tiles that do not hold the thread", async () => {
    for (const [image, filters] of [[512, [64, 31, 31]], [512, [400, 31, 31]], [256, [1000, 63, 63]]] as const) {
      using op = await signalPlan([image, image], filters, { algorithm: "fft" });
      const { tiles } = op.plan.steps.at(-1)!;
      // A cost model's cycle is about a third of a nanosecond; tiles of 1 to 2 ms.
      const { chosen } = op as unknown as { chosen: { cycles: number } };
      expect(chosen.cycles / tiles).toBeLessThan(1e7);
    } // biome-ignore format: pairs
  });

  it("is not taken by itself where its spectra do not fit and sums do", async () => {
    await using small = (await createEngine({ binary: "simd", workers: 0, maximumMemory: 160 * 2 ** 20 })) as Engine;
    const shapes = { imageShape: [1, 1024, 128, 128], filterShape: [1024, 1, 31, 31], numGroups: 1024 };
    using op = await small.nnet.conv2d.compile(shapes);
    expect(op.plan.workspaceBytes).toBeLessThan(160 * 2 ** 20);
    using large = await engine.nnet.conv2d.compile(shapes);
    expect([op.plan.algorithm, large.plan.algorithm]).toEqual(["depthwise", "fft"]);
  });
});

describe("separable", () => {
  it("says what it wants", async () => {
    const image = operand([8, 9]);
    const call = (shape: readonly number[], seed: number) => () =>
      engine.signal.conv2d(image, operand(shape, seed), { algorithm: "separable" });
    await expect(call([1, 3], 1)()).rejects.toThrow("taps on both axes");
    await expect(call([3, 3], 1)()).rejects.toThrow("rank one");
  });

  it("leaves filters to sums whose factors would lose digits, and those of rank two", async () => {
    const of = (values: readonly number[]) => ({ data: Float32Array.from(values), shape: [2, 2] });
    const [big, small, tiny] = [2 ** 60, 2 ** -100, 2 ** -149];
    for (const filter of [of([big, small, big, small]), of([tiny, 0, 0, tiny])]) {
      using op = await signalPlan([400, 400], [2, 2]);
      await op.setFilters(filter);
      expect(op.plan.algorithm).not.toBe("separable");
    }
    const y = await engine.signal.conv2d(
      { data: Float32Array.of(1, 0, 1, 0), shape: [2, 2] },
      of([big, small, big, small]),
    );
    expect(y.data[0]).toBe(2 * small);
  });

  it("cuts many filters into runs", async () => {
    using op = await signalPlan([512, 512], [200, 101, 101], { algorithm: "separable" });
    expect(op.plan.steps[0]!.tiles).toBeGreaterThan(1000);
  });
});
