// compile(): plan once, run often. Filters are read when given and kept; runs in flight keep the old ones.
import { beforeAll, describe, expect, it } from "vitest";
import { checkAccuracy } from "../support/check.ts";
import { enginesOfThisFile } from "../support/engines.ts";
import { failureOf, mustFail, wrongError } from "../support/errors.ts";
import { good, goodAnswer, goodShapes, ramp } from "../support/fixtures.ts";
import { forms } from "../support/forms.ts";
import { gather, place } from "../support/place.ts";
import { countCalls } from "../support/record.ts";
import { type Engine, expected, formsOf, numbers, operandsOf, optionsOf, type Spec } from "../support/spec.ts";

const engines = await enginesOfThisFile();
const spec = { imageShape: goodShapes.input, filterShape: goodShapes.filters };
let engine: Engine;
beforeAll(async () => {
  engine = await engines.get("simd");
});

function negated(operand: { readonly data: Float32Array; readonly shape: number[] }) {
  return { ...operand, data: operand.data.map((x) => -x) };
}
const minus = goodAnswer.y.map((y) => (y === 0 ? 0 : -y));

describe("compiled op", () => {
  it("runs as often as one likes, run and runSync alike, on every binary and form", async (test) => {
    for (const binary of engines.binaries) {
      for (const algorithm of [{}, { lanes: "pixels" }, { lanes: "filters" }] as const) {
        using layer = await (await engines.get(binary)).nnet.conv2d.compile({ ...spec, ...algorithm });
        const { input, filters } = good();
        await layer.setFilters(filters);
        for (let round = 0; round < 5; round++) {
          expect(gather(await layer.run(input))).toEqual(goodAnswer.y);
          expect(gather(layer.runSync(input))).toEqual(goodAnswer.y);
          countCalls(test, binary, 2);
        }
      }
    }
  });

  it("describes its plan", async () => {
    for (const binary of engines.binaries) {
      using layer = await (await engines.get(binary)).nnet.conv2d.compile(spec);
      const { plan } = layer;
      expect(plan).toMatchObject({ algorithm: "direct", device: "wasm", binary, workers: 0 });
      expect(plan.multiplyAdds).toBe(2 * 4 * 5 * 5 * 18);
      expect(plan.workspaceBytes).toBeGreaterThan(0);
      expect(plan.steps.length).toBeGreaterThan(0);
      for (const { kernel, tiles } of plan.steps) {
        expect(kernel).toMatch(/^[a-z]\w*_f32$/);
        expect(tiles).toBeGreaterThan(0);
      }
      expect(plan.describe()).toContain(binary);
      expect(Object.isFrozen(plan)).toBe(true);
    }
  });

  it("run before setFilters is an OptionError naming filters", async () => {
    using layer = await engine.nnet.conv2d.compile(spec);
    const { input, filters } = good();
    expect(await mustFail(() => layer.run(input), "OptionError", ["filters"])).toBeUndefined();
    expect(await mustFail(() => layer.runSync(input), "OptionError", ["filters"])).toBeUndefined();
    await layer.setFilters(filters);
    expect(gather(await layer.run(input))).toEqual(goodAnswer.y);
  });

  it("filters are read before setFilters returns", async () => {
    using layer = await engine.nnet.conv2d.compile(spec);
    const { input, filters } = good();
    const done = layer.setFilters(filters);
    filters.data.fill(Number.NaN);
    await done;
    expect(gather(await layer.run(input))).toEqual(goodAnswer.y);
  });

  it("input is read before run returns control for good: changing it after the result changes nothing", async () => {
    using layer = await engine.nnet.conv2d.compile(spec);
    const { input, filters } = good();
    await layer.setFilters(filters);
    const result = await layer.run(input);
    input.data.fill(0);
    expect(gather(result)).toEqual(goodAnswer.y);
  });

  it("runs in flight keep the old filters, later ones have the new", async () => {
    using layer = await engine.nnet.conv2d.compile(spec);
    const { input, filters } = good();
    await layer.setFilters(filters);
    const before = [layer.run(input), layer.run(input)];
    const changing = layer.setFilters(negated(filters));
    for (const result of await Promise.all(before)) expect(gather(result)).toEqual(goodAnswer.y);
    await changing;
    expect(gather(await layer.run(input))).toEqual(minus);
  });

  it("a long run keeps its filters while others are set and packed", async () => {
    const shapes = { imageShape: [4, 32, 40, 40], filterShape: [32, 32, 3, 3], algorithm: "direct" } as const; // exact
    using layer = await (await engines.get("scalar")).nnet.conv2d.compile(shapes);
    const ones = { data: new Float32Array(32 * 32 * 9).fill(1), shape: shapes.filterShape };
    await layer.setFilters(ones);
    const image = { data: new Float32Array(4 * 32 * 1600).fill(1), shape: shapes.imageShape };
    const running = layer.run(image);
    await new Promise((resolve) => setImmediate(resolve));
    for (const factor of [2, 3]) await layer.setFilters({ ...ones, data: ones.data.map((x) => x * factor) });
    expect(new Set((await running).data)).toEqual(new Set([288]));
    expect(new Set((await layer.run(image)).data)).toEqual(new Set([3 * 288]));
  });

  it("overlapping runs of one op give each its own answer", async () => {
    using layer = await engine.nnet.conv2d.compile(spec);
    const { input, filters } = good();
    await layer.setFilters(filters);
    const images = Array.from({ length: 8 }, (_, i) => ({ ...input, data: input.data.map((x) => x * (i + 1)) }));
    const results = await Promise.all(images.map((image) => layer.run(image)));
    results.forEach((result, i) => {
      expect(gather(result)).toEqual(goodAnswer.y.map((y) => y * (i + 1)));
    });
  });

  it("setBias sets, replaces and removes the bias", async () => {
    using layer = await engine.nnet.conv2d.compile({ ...spec, activation: "relu" });
    const { input, filters } = good();
    await layer.setFilters(filters);
    const want = (bias: readonly number[]) =>
      goodAnswer.y.map((y, i) => Math.max(0, y + bias[Math.floor(i / 25) % 4]!));
    for (const bias of [
      [1, 2, 3, 4],
      [-9, 0, 9, 700],
      [0, 0, 0, 0],
    ]) {
      const data = Float32Array.from(bias);
      layer.setBias({ data, shape: [4] });
      data.fill(Number.NaN); // read before setBias returns
      expect(gather(await layer.run(input))).toEqual(want(bias));
      expect(gather(layer.runSync(input))).toEqual(want(bias));
    }
    layer.setBias(null);
    expect(gather(await layer.run(input))).toEqual(want([0, 0, 0, 0]));
  });

  it("writes out, and refuses what does not fit the plan", async () => {
    using layer = await engine.nnet.conv2d.compile(spec);
    const { input, filters } = good();
    await layer.setFilters(filters);
    const out = place(undefined, [2, 4, 5, 5], "float32", "gapped");
    for (const run of [
      () => layer.run(input, { out: out.operand }),
      async () => layer.runSync(input, { out: out.operand }),
    ]) {
      await run();
      expect(out.read()).toEqual(goodAnswer.y);
      expect(out.damage(true)).toBeUndefined();
    }
    const other = { data: ramp(500), shape: [2, 3, 7, 7] };
    const double = { data: new Float64Array(252), shape: goodShapes.input };
    expect(await mustFail(() => layer.run(other), "ShapeError", ["input"])).toBeUndefined();
    expect(await mustFail(() => layer.runSync(other), "ShapeError", ["input"])).toBeUndefined();
    expect(await mustFail(() => layer.run(double), "DTypeError", ["input"])).toBeUndefined();
    expect(await mustFail(() => layer.setFilters(other), "ShapeError", ["filters"])).toBeUndefined();
    expect(await mustFail(() => layer.setBias({ data: ramp(5), shape: [5] }), "ShapeError", ["bias"])).toBeUndefined();
    expect(gather(await layer.run(input))).toEqual(goodAnswer.y); // a refused setFilters changed nothing
  });

  it("after dispose everything is a DisposedError, and dispose may be repeated", async () => {
    const layer = await engine.nnet.conv2d.compile(spec);
    const { input, filters } = good();
    await layer.setFilters(filters);
    layer[Symbol.dispose]();
    layer[Symbol.dispose]();
    for (const call of [
      () => layer.run(input),
      () => layer.runSync(input),
      () => layer.setFilters(filters),
      () => layer.setBias(null),
    ]) {
      const failure = await failureOf(call);
      expect(failure && wrongError(failure.error, "DisposedError", [])).toBeUndefined();
      expect(failure, String(call)).toBeDefined();
    }
  });

  it("disposed with runs in flight: each settles, with its answer or a DisposedError", async () => {
    const { input, filters } = good();
    const layer = await engine.nnet.conv2d.compile(spec);
    await layer.setFilters(filters);
    const running = [layer.run(input), layer.run(input)];
    layer[Symbol.dispose]();
    for (const outcome of await Promise.allSettled(running)) {
      if (outcome.status === "fulfilled") expect(gather(outcome.value)).toEqual(goodAnswer.y);
      else expect(wrongError(outcome.reason, "DisposedError", [])).toBeUndefined();
    }
  });

  it("every option compiles", async () => {
    const specs: readonly Spec[] = [
      { input: [2, 4, 9, 8], filters: [6, 2, 3, 2], seed: 1, numGroups: 2, borderMode: "half", subsample: [2, 1] },
      { input: [2, 4, 9, 8], filters: [4, 1, 3, 3], seed: 2, numGroups: 4, borderMode: [[1, 2], 0], filterFlip: false },
      { input: [1, 2, 5, 6], filters: [3, 2, 2, 2], seed: 3, unshared: true },
      {
        input: [1, 2, 7, 6],
        filters: [3, 2, 2, 2],
        seed: 4,
        dtype: "float64",
        filterDilation: [2, 3],
        borderMode: "full",
      },
    ];
    for (const one of specs) {
      const problem = numbers(one);
      const { y } = expected(problem);
      const { input, filters } = operandsOf(problem);
      const shapes = { imageShape: input.operand.shape, filterShape: filters.operand.shape, dtype: problem.dtype };
      for (const form of formsOf(one)) {
        using layer = await engine.nnet.conv2d.compile({ ...optionsOf(one), ...shapes, ...forms[form].options });
        await layer.setFilters(filters.operand);
        const got = gather(await layer.run(input.operand));
        if (forms[form].exact) expect(got, form).toEqual(y);
        else {
          const { problem: wrong } = checkAccuracy(got, expected(problem), problem, { binary: "auto", form });
          expect(wrong).toBeUndefined();
        }
      }
    }
  });
});
