// Options that must not change the result: shape hints, unrolling, openmp; and what they may and may not say.
import { beforeAll, describe, expect, it } from "vitest";
import { optionKeys } from "../hostile/options.ts";
import { enginesOfThisFile } from "../support/engines.ts";
import { type ErrorName, mustFail } from "../support/errors.ts";
import { good, goodAnswer, goodShapes } from "../support/fixtures.ts";
import { gather } from "../support/place.ts";
import type { Conv2dOptions, Engine } from "../support/spec.ts";

const engines = await enginesOfThisFile();
const [imageShape, filterShape] = [goodShapes.input, goodShapes.filters];
const declared = { imageShape, filterShape };
type Unrolling = Pick<Conv2dOptions, "unrollBatch" | "unrollKern" | "unrollPatch">;
let engine: Engine;
beforeAll(async () => {
  engine = await engines.get("simd");
});

async function answer(options: Conv2dOptions): Promise<Float64Array> {
  const { input, filters } = good();
  return gather(await engine.nnet.conv2d(input, filters, options));
}

describe("options that never change the result", () => {
  const harmless: readonly Conv2dOptions[] = [
    {},
    declared,
    { imageShape: [2, 3, 7, 6] },
    { imageShape: [null, 3, null, 6], filterShape: [null, null, null, null] },
    { filterShape: [4, 3, 3, 2] },
    { ...declared, unrollBatch: 1 },
    { ...declared, unrollBatch: 2, unrollKern: 2 },
    { ...declared, unrollBatch: 2 },
    { ...declared, unrollKern: 4 },
    { ...declared, unrollKern: 3 },
    { ...declared, unrollBatch: 100, unrollKern: 100 },
    { ...declared, unrollPatch: true },
    { ...declared, unrollPatch: false },
    { unrollPatch: true },
    { unrollPatch: false },
    { openmp: true },
    { openmp: false },
    { device: "auto" },
    { device: "wasm" },
    { algorithm: "auto" },
    { activation: "linear" },
    { filterFlip: true, numGroups: 1, unshared: false, borderMode: "valid", subsample: [1, 1], filterDilation: [1, 1] },
  ];
  it.each(harmless)("%o", async (options) => {
    expect(await answer(options)).toEqual(goodAnswer.y);
  });
  it("undefined is the same as absent", async () => {
    const keys = [
      "borderMode",
      "subsample",
      "filterFlip",
      "numGroups",
      "bias",
      "out",
      "signal",
      "openmp",
      "imageShape",
    ];
    for (const key of keys) expect(await answer({ [key]: undefined })).toEqual(goodAnswer.y);
  });
  it("null is the same as absent", async () => {
    for (const key of optionKeys) expect(await answer({ [key]: null }), key).toEqual(goodAnswer.y);
  });
  it("repeated calls with the same and with other options in between (plan cache)", async () => {
    for (let round = 0; round < 5; round++) {
      const other = await answer({ borderMode: "full" });
      expect(other.length).toBe(2 * 4 * 9 * 7);
      expect(await answer({})).toEqual(goodAnswer.y);
    }
  });
});

describe("unrolling shows in the plan", () => {
  const describeWith = async (options: Unrolling) => {
    using layer = await engine.nnet.conv2d.compile({ imageShape: [4, 3, 8, 7], filterShape: [6, 3, 3, 2], ...options });
    return layer.plan.describe();
  };
  it("unrollBatch and unrollKern are named with the values used", async () => {
    const plain = await describeWith({});
    const unrolled = await describeWith({ unrollBatch: 2, unrollKern: 3 });
    expect(unrolled).not.toBe(plain);
    expect(unrolled).toMatch(/unrollBatch\D{0,3}2\b/);
    expect(unrolled).toMatch(/unrollKern\D{0,3}3\b/);
  });
  it("setting one makes the other 1", async () => {
    expect(await describeWith({ unrollKern: 3 })).toMatch(/unrollBatch\D{0,3}1\b/);
    expect(await describeWith({ unrollBatch: 2 })).toMatch(/unrollKern\D{0,3}1\b/);
  });
  it("a value that does not divide becomes the largest divisor below it, one above the extent the extent", async () => {
    expect(await describeWith({ unrollBatch: 3, unrollKern: 5 })).toMatch(/unrollBatch\D.*\b2\b/);
    expect(await describeWith({ unrollBatch: 3, unrollKern: 5 })).toMatch(/unrollKern\D.*\b3\b/);
    expect(await describeWith({ unrollBatch: 99, unrollKern: 99 })).toMatch(/unrollBatch\D.*\b4\b/);
    expect(await describeWith({ unrollBatch: 99, unrollKern: 99 })).toMatch(/unrollKern\D.*\b6\b/);
  });
  it("different tiles are different plans with the same answer", async () => {
    const tilings: readonly Unrolling[] = [
      {},
      { unrollKern: 1, unrollBatch: 1 },
      { unrollKern: 4 },
      { unrollPatch: true },
    ];
    const texts = new Set<string>();
    for (const options of tilings) {
      using layer = await engine.nnet.conv2d.compile({ imageShape, filterShape, ...options });
      const { input, filters } = good();
      await layer.setFilters(filters);
      expect(gather(await layer.run(input))).toEqual(goodAnswer.y);
      texts.add(layer.plan.describe());
    }
    expect(texts.size).toBeGreaterThanOrEqual(3);
  });
});

describe("options that are refused", () => {
  const refused: readonly (readonly [options: Record<string, unknown>, error: ErrorName, name: string])[] = [
    [{ imageShape: [2, 3, 8, 6] }, "ShapeError", "imageShape"],
    [{ imageShape: [2, 3, 7] }, "ShapeError", "imageShape"],
    [{ imageShape: [2, 3, 7, 6, 1] }, "ShapeError", "imageShape"],
    [{ filterShape: [4, 3, 3, 3] }, "ShapeError", "filterShape"],
    [{ filterShape: [4, 3, 4, 5, 3, 2] }, "ShapeError", "filterShape"],
    [{ imageShape: [null, 4, null, null] }, "ShapeError", "imageShape"],
    [{ unrollBatch: 2 }, "OptionError", "unrollBatch"],
    [{ unrollKern: 2 }, "OptionError", "unrollKern"],
    [{ imageShape: [2, 3, null, 6], filterShape, unrollKern: 2 }, "OptionError", "unrollKern"],
    [{ ...declared, unrollKern: 0 }, "OptionError", "unrollKern"],
    [{ ...declared, unrollBatch: 1.5 }, "OptionError", "unrollBatch"],
    [{ ...declared, unrollBatch: -1 }, "OptionError", "unrollBatch"],
    [{ unrollPatch: 1 }, "OptionError", "unrollPatch"],
    [{ algorithm: "depthwise" }, "OptionError", "algorithm"],
    [{ algorithm: "winograd" }, "OptionError", "algorithm"],
    [{ algorithm: "fft" }, "OptionError", "algorithm"],
    [{ algorithm: "fastest" }, "OptionError", "algorithm"],
    [{ lanes: "batch" }, "OptionError", "lanes"],
    [{ border_mode: "full" }, "OptionError", "border_mode"],
    [{ imshpLogical: [3, 8, 8] }, "OptionError", "imshpLogical"],
    [{ kshpLogical: [8, 8] }, "OptionError", "kshpLogical"],
    [{ version: 1 }, "OptionError", "version"],
  ];
  for (const [options, error, name] of refused) {
    it(`${error} ${name}: ${JSON.stringify(options)}`, async () => {
      const { input, filters } = good();
      const call = () => engine.nnet.conv2d(input, filters, options as Conv2dOptions);
      expect(await mustFail(call, error, [name])).toBeUndefined();
      // To compile(), the shapes are the truth and not hints: these rows do not apply there.
      if ("imageShape" in options || "filterShape" in options || name.startsWith("unroll")) return;
      const compile = () => engine.nnet.conv2d.compile({ ...declared, ...(options as Unrolling) });
      expect(await mustFail(compile, error, [name])).toBeUndefined();
    });
  }

  it("depthwise serves one channel per group only, unshared only its own kernel", async () => {
    const ones = (...shape: number[]) => ({ data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1), shape });
    const depthwise = { algorithm: "depthwise" } as const;
    const two = { ...depthwise, numGroups: 2 };
    expect(gather(await engine.nnet.conv2d(ones(1, 2, 3, 3), ones(4, 1, 2, 2), two))).toEqual(
      new Float64Array(16).fill(4),
    );
    const wide = () => engine.nnet.conv2d(ones(1, 4, 3, 3), ones(4, 2, 2, 2), two);
    expect(await mustFail(wide, "OptionError", ["algorithm"])).toBeUndefined();
    const unshared = (options: Conv2dOptions) => () =>
      engine.nnet.conv2d(ones(1, 1, 3, 3), ones(1, 2, 2, 1, 2, 2), { unshared: true, ...options });
    expect(await mustFail(unshared(depthwise), "OptionError", ["algorithm"])).toBeUndefined();
    expect(gather(await unshared({})())).toEqual(new Float64Array(4).fill(4));
    const fewer = () => engine.nnet.conv2d(ones(1, 1, 3, 3), ones(1, 1, 2, 1, 2, 2), { unshared: true });
    expect(await mustFail(fewer, "ShapeError", ["filters"])).toBeUndefined();
  });
});
