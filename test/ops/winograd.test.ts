// Winograd forced on random problems of every op, and of one tap Strassen: within their bounds on reals of every kind and on integers, both tile sizes, fused and in
// two steps, in planes and in depth, the same bits wherever it is computed; what is not finite stays within its tiles and is never lost.
import { createEngine } from "simdconv";
import { describe, expect, inject, it } from "vitest";
import { checkAccuracy } from "../support/check.ts";
import { firstDifference } from "../support/compare.ts";
import { enginesOfThisFile } from "../support/engines.ts";
import { mustFail } from "../support/errors.ts";
import {
  drawDilated,
  drawInDepth,
  drawInHalves,
  drawInNines,
  drawManyFilters,
  drawNineTaps,
} from "../support/nine-taps.ts";
import { opOf } from "../support/ops.ts";
import { gather } from "../support/place.ts";
import { random } from "../support/random.ts";
import { countCalls, note } from "../support/record.ts";
import { compute, declaredOf, type Engine, expected, numbers, operandsOf, settingsOf } from "../support/spec.ts";

const engines = await enginesOfThisFile();
const cases = 300;
const inNines = 150;
const manyFilters = 5;
const inDepth = 12;
const inHalves = 200;
const dilated = 60;

describe("random problems", () => {
  // Numbers and answers are the same for every binary.
  const drawn = [
    { count: cases, draw: (seed: number) => drawNineTaps(seed, 2) },
    { count: inNines, draw: drawInNines },
    { count: manyFilters, draw: drawManyFilters },
    { count: inDepth, draw: drawInDepth },
    { count: inHalves, draw: drawInHalves },
    { count: dilated, draw: drawDilated },
  ];
  const problems = drawn.flatMap(({ count, draw }) =>
    Array.from({ length: count }, (_, i) => numbers(draw(inject("seed") + i, i))),
  );

  for (const binary of engines.binaries) {
    it(`${binary}: within the bounds of Winograd`, { timeout: 120_000 }, async (test) => {
      const engine = await engines.get(binary);
      const seen = new Map<string, number>();
      const failures: string[] = [];
      for (const problem of problems) {
        const { spec } = problem;
        const how = { binary, form: "winograd" };
        const operands = operandsOf(problem);
        const got = await compute(engine, spec, operands, how);
        const { problem: wrong } = checkAccuracy(got, expected(problem), problem, how);
        if (wrong) failures.push(wrong);
        const { op = "nnet.conv2d" } = spec;
        using layer = await opOf(engine, op).compile({
          ...settingsOf(spec, "winograd"),
          ...declaredOf(spec, operands),
          dtype: "float32",
        });
        const [tile] = /F\([\d×]+\)(, stride 2)?|Strassen/.exec(layer.plan.describe())!;
        const [blocks = "1 block"] = /\d+ blocks/.exec(layer.plan.describe()) ?? [];
        const [filters = "filters in halves"] = /filters transformed( along y)?/.exec(layer.plan.describe()) ?? [];
        const [input = "input transformed"] = /gathered|padded|in place/.exec(layer.plan.describe()) ?? [];
        const [phases = "no phases"] = /phases of the dilation/.exec(layer.plan.describe()) ?? [];
        for (const name of [
          op,
          tile,
          blocks,
          phases,
          `${tile}, ${input}`,
          `${filters}, ${op}`,
          `${layer.plan.steps.length} steps`,
        ])
          seen.set(name, (seen.get(name) ?? 0) + 1);
      }
      countCalls(test, binary, problems.length);
      note(
        test,
        `Winograd ${binary}: ${[...seen].map(([name, count]) => `${name} ${count}`).join(", ")}, seed ${inject("seed")}`,
      );
      expect(failures.length, `${failures.length} failed\n${failures.slice(0, 5).join("\n")}`).toBe(0);
      for (const name of [
        "nnet.conv2d",
        "conv3D",
        "c01b.filterActs",
        "F(4×4)",
        "F(2×2)",
        "F(4×4), stride 2",
        "F(4×4×4)",
        "2 blocks",
        "4 blocks",
        "9 blocks",
        "16 blocks",
        "phases of the dilation",
        "Strassen, in place",
        "Strassen, gathered",
        "Strassen, padded",
        // One lane keeps all points.
        ...(binary === "scalar"
          ? []
          : ["filters transformed along y, nnet.conv2d", "filters transformed along y, conv3d2d.conv3d"]),
      ])
        expect(seen.get(name) ?? 0, name).toBeGreaterThan(0);
    });
  }
});

const operand = (shape: readonly number[], seed = 1) => {
  const next = random(seed);
  return { data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => next() - 0.5), shape };
};

describe("bits", () => {
  // Fused, in two steps, runs of filters, several images in a unit, taps in time, transformed in time.
  const layers = [
    ["nnet.conv2d", { imageShape: [1, 16, 64, 64], filterShape: [16, 16, 3, 3], borderMode: "half" }],
    ["nnet.conv2d", { imageShape: [9, 24, 7, 7], filterShape: [160, 24, 3, 3], borderMode: "half" }],
    ["nnet.conv2d", { imageShape: [2, 96, 14, 14], filterShape: [200, 96, 3, 3], borderMode: "full" }],
    [
      "nnet.conv2d",
      { imageShape: [2, 48, 30, 30], filterShape: [40, 48, 3, 3], borderMode: "half", subsample: [2, 2] },
    ],
    ["nnet.conv2d", { imageShape: [1, 3, 90, 90], filterShape: [24, 3, 7, 7], borderMode: "half", subsample: [2, 2] }],
    ["nnet.conv2d", { imageShape: [5, 40, 12, 12], filterShape: [50, 40, 5, 5], borderMode: "valid" }],
    ["nnet.conv2d", { imageShape: [1, 256, 12, 12], filterShape: [256, 256, 3, 3], borderMode: "half" }],
    ["nnet.conv2d", { imageShape: [3, 64, 30, 30], filterShape: [200, 64, 1, 1], borderMode: "valid" }],
    [
      "nnet.conv2d",
      { imageShape: [1, 128, 31, 31], filterShape: [160, 128, 1, 1], borderMode: "valid", subsample: [2, 2] },
    ],
    [
      "nnet.conv2d",
      { imageShape: [2, 48, 29, 31], filterShape: [40, 48, 3, 3], borderMode: "half", filterDilation: [2, 3] },
    ],
    ["conv3d2d.conv3d", { signalsShape: [1, 6, 3, 28, 28], filtersShape: [12, 3, 3, 3, 3], borderMode: "half" }],
    ["conv3d2d.conv3d", { signalsShape: [2, 11, 32, 20, 20], filtersShape: [44, 3, 32, 3, 3], borderMode: "half" }],
  ] as const;

  for (const sharedMemory of [true, false]) {
    it(`are the same for 0, 1, 2 and 3 workers, memory ${sharedMemory ? "shared" : "not shared"}`, {
      timeout: 60_000,
    }, async (test) => {
      const want: Float64Array[] = [];
      for (const workers of [0, 1, 2, 3]) {
        await using engine = (await createEngine({ workers, sharedMemory, binary: "simd" })) as Engine;
        for (const [i, [op, shapes]] of layers.entries()) {
          using layer = await opOf(engine, op).compile({ ...shapes, algorithm: "winograd" });
          expect(layer.plan.describe().includes("F(4×4×4)")).toBe(i === layers.length - 1);
          const [input, filters] = Object.values(shapes).slice(0, 2) as (readonly number[])[];
          await layer.setFilters(operand(filters!, 2));
          const y = gather(await layer.run(operand(input!), { openmp: workers > 0 }));
          want[i] ??= y;
          expect(firstDifference(y, want[i]!), `${op}, ${workers} workers`).toBe(-1);
        }
      }
      note(
        test,
        `Winograd: ${layers.length} layers × 4 pools, memory ${sharedMemory ? "shared" : "not shared"}, one result each`,
      );
    });
  }

  it("do not depend on the place of a tile, nor on its neighbours", async () => {
    const engine = await engines.get("simd");
    const [image, filters] = [operand([1, 5, 24, 24]), operand([3, 5, 3, 3], 2)];
    const settings = { algorithm: "winograd", borderMode: "valid" } as const;
    const whole = gather(await engine.nnet.conv2d(image, filters, settings));
    // Rows 8 … 19 by themselves: outputs 0 … 9 of them are outputs 8 … 17 of the whole.
    const part = { data: image.data, shape: [1, 5, 12, 24], stride: [5 * 576, 576, 24, 1], offset: 8 * 24 };
    const some = gather(await engine.nnet.conv2d(part, filters, settings));
    for (let k = 0; k < 3; k++) {
      for (let i = 0; i < 8 * 22; i++) expect(some[k * 220 + i]).toBe(whole[k * 484 + 8 * 22 + i]);
    }
  });

  // Of nine tiles the last meets three panels of filters at a time; of twelve none is alone.
  it.each(engines.binaries)("%s: are those of other tiles where one is alone", async (binary) => {
    const engine = await engines.get(binary);
    for (const [channels, count, more] of [
      ...[1, 11, 12, 13, 14, 15, 17, 18, 19, 23, 30, 31, 37].map((count) => [6, count, {}] as const),
      [3, 40, { numGroups: 2 }],
      [7, 26, { subsample: [2, 2] }],
      [600, 14, { bias: operand([14], 3), activation: "relu" }],
      // Filters that are kept as rows of points.
      [300, 300, {}],
    ] as const) {
      const { numGroups = 1, subsample: [stride] = [1] } = more as { numGroups?: number; subsample?: number[] };
      const [high, wide] = [12 * stride! + 2, 16 * stride! + 2];
      const all = channels * numGroups;
      const [image, filters] = [operand([1, all, high, wide]), operand([count, channels, 3, 3], 2)];
      const part = { ...image, shape: [1, all, high, high], stride: [all * high * wide, high * wide, wide, 1] };
      const run = async (x: object) =>
        gather(await engine.nnet.conv2d(x as never, filters, { algorithm: "winograd", ...more } as never));
      const [nine, twelve] = [await run(part), await run(image)];
      const cut = nine.map((_, i) => twelve[Math.floor(i / 12) * 16 + (i % 12)]!);
      expect(firstDifference(nine, cut), `${channels}→${count} ${JSON.stringify(more)}`).toBe(-1);
    }
  });
});

describe("filters kept as rows", () => {
  // From 2 MB on where more than 112 tiles read them, from 9 MB on wherever. Direct sums tell, for the oracle takes minutes.
  it.each([
    [
      "phases of 128, 96, 96 and 72 tiles share filters",
      [8, 120, 25, 25],
      [120, 120, 3, 3],
      { filterDilation: [2, 2] },
    ],
    ["few channels", [1, 14, 48, 44], [1000, 14, 3, 3], {}],
    ["a lone tile and many terms", [1, 1100, 9, 12], [20, 1100, 3, 3], {}],
    ["several images", [13, 130, 12, 12], [117, 130, 3, 3], {}],
  ] as const)("%s", async (_name, input, filters, more) => {
    const [image, weights] = [operand(input), operand(filters, 2)];
    for (const binary of engines.binaries.filter((name) => name !== "scalar")) {
      const engine = await engines.get(binary);
      const run = async (algorithm: "direct" | "winograd") =>
        gather(await engine.nnet.conv2d(image, weights, { ...more, borderMode: "half", algorithm }));
      const [want, got] = [await run("direct"), await run("winograd")];
      const terms = 9 * filters[1];
      // The bounds of both (docs/numerics.md), of numbers below a half.
      const bound = 7 * Math.sqrt(terms) * terms * 2 ** -24 * 0.25;
      let worst = 0;
      for (const [i, value] of got.entries()) worst = Math.max(worst, Math.abs(value - want[i]!));
      expect(worst, binary).toBeLessThan(bound);
      expect(worst, binary).toBeGreaterThan(0);
    }
  });
});

describe("what is not finite", () => {
  it.each([
    { taps: 3, stride: 1, lastBlock: 0 },
    { taps: 5, stride: 1, lastBlock: 3 },
    { taps: 7, stride: 2, lastBlock: 6 },
  ])(
    "with $taps taps, outputs $stride apart: makes NaN or infinity of every output it belongs to, and leaves tiles alone that do not read it",
    async ({ taps, stride, lastBlock }) => {
      const engine = await engines.get("simd");
      const filters = operand([2, 4, taps, taps], 3);
      const clean = operand([1, 4, 24, 24], 4);
      const settings = { algorithm: "winograd", borderMode: "half", subsample: [stride, stride] } as const;
      const want = gather(await engine.nnet.conv2d(clean, filters, settings));
      const side = 24 / stride;
      const [row, column] = [11, 9];
      // Whether input `at` is among the `last` + 1 from the first one on that output `first` meets.
      const meets = (first: number, last: number, at: number) => {
        const from = first * stride - (taps - 1) / 2;
        return from <= at && at <= from + last;
      };
      const ofWindow = (i: number, at: number) => meets(i, taps - 1, at);
      // Tiles of 4 outputs read six inputs for every block of taps.
      const ofTile = (i: number, at: number) => meets(i - (i % 4), lastBlock + 5 * stride, at);
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 3e38]) {
        const spoilt = { ...clean, data: clean.data.slice() };
        spoilt.data[2 * 576 + row * 24 + column] = value;
        const got = gather(await engine.nnet.conv2d(spoilt, filters, settings));
        for (let i = 0; i < got.length; i++) {
          const [y, x] = [Math.floor(i / side) % side, i % side];
          if (ofWindow(y, row) && ofWindow(x, column) && value !== 3e38)
            expect(Number.isFinite(got[i]!), `output ${[y, x]}`).toBe(false);
          if (!ofTile(y, row) || !ofTile(x, column)) expect(got[i], `output ${[y, x]}`).toBe(want[i]);
        }
        expect(got.some((output, i) => output === want[i])).toBe(true);
      }
    },
  );
});

describe("one tap", () => {
  const shapes = { imageShape: [2, 36, 13, 21], filterShape: [50, 36, 1, 1], borderMode: "half" } as const;
  const compile = async (algorithm: "direct" | "winograd") => {
    const engine = await engines.get("simd");
    return engine.nnet.conv2d.compile({ ...shapes, algorithm });
  };
  const integers = (shape: readonly number[], seed: number) => {
    const { data } = operand(shape, seed);
    return { data: data.map((value) => Math.round(200 * value)), shape };
  };

  it("is exact on integers whose sums are", async () => {
    const [image, filters] = [integers(shapes.imageShape, 1), integers(shapes.filterShape, 2)];
    const results = [];
    for (const algorithm of ["direct", "winograd"] as const) {
      using layer = await compile(algorithm);
      expect(layer.plan.describe().includes("Strassen")).toBe(algorithm === "winograd");
      await layer.setFilters(filters);
      results.push(gather(await layer.run(image)));
    }
    expect(firstDifference(results[0]!, results[1]!)).toBe(-1);
  });

  it("hands what is not finite to the pixel that it belongs to and to the one that is computed with it, and to no other", async () => {
    using layer = await compile("winograd");
    await layer.setFilters(operand(shapes.filterShape, 3));
    const clean = operand(shapes.imageShape, 4);
    const want = gather(await layer.run(clean));
    const plane = 13 * 21;
    for (const [value, at] of [
      [Number.NaN, 0],
      [Number.POSITIVE_INFINITY, 100],
      [Number.NEGATIVE_INFINITY, plane - 1],
    ] as const) {
      // biome-ignore format: pairs
      const spoilt = { ...clean, data: clean.data.slice() };
      spoilt.data[7 * plane + at] = value;
      const got = gather(await layer.run(spoilt));
      for (let i = 0; i < got.length; i++) {
        const [image, pixel] = [Math.floor(i / plane / 50), i % plane];
        if (image === 0 && pixel === at) expect(Number.isFinite(got[i]!), `pixel ${pixel}`).toBe(false);
        else if ((image > 0 || pixel !== (at ^ 8)) && got[i] !== want[i])
          expect.fail(`pixel ${pixel} is ${got[i]}, not ${want[i]}`);
      }
    }
  });
});

describe("what is not finite, in depth", () => {
  it("makes NaN or infinity of every output it belongs to, and leaves frames and tiles alone that do not meet it", async () => {
    const engine = await engines.get("simd");
    const [frames, c, k, side] = [16, 32, 16, 20];
    const filters = operand([k, 3, c, 3, 3], 3);
    const clean = operand([1, frames, c, side, side], 4);
    const layer = await engine.conv3d2d.conv3d.compile({
      signalsShape: clean.shape,
      filtersShape: filters.shape,
      borderMode: "half",
      algorithm: "winograd",
    });
    expect(layer.plan.describe()).toContain("F(4×4×4)");
    await layer.setFilters(filters);
    const want = gather(await layer.run(clean));
    for (const value of [Number.NaN, Number.NEGATIVE_INFINITY]) {
      const spoilt = { ...clean, data: clean.data.slice() };
      spoilt.data[((6 * c + 5) * side + 9) * side + 8] = value;
      const got = gather(await layer.run(spoilt));
      for (let i = 0; i < got.length; i++) {
        const [z, y, x] = [Math.floor(i / side / side / k), Math.floor(i / side) % side, i % side];
        const apart = [Math.abs(z - 6), Math.abs(y - 9), Math.abs(x - 8)];
        if (Math.max(...apart) <= 1) expect(Number.isFinite(got[i]!), `output ${[z, y, x]}`).toBe(false);
        if (Math.max(...apart) > 4 && got[i] !== want[i])
          expect.fail(`output ${[z, y, x]} is ${got[i]}, not ${want[i]}`);
      }
    }
    layer.dispose();
  });
});

describe("choice", () => {
  const compile = (more: object = {}, on = "relaxed") =>
    engines.get(engines.binaries.includes(on as never) ? (on as never) : "simd").then((engine) =>
      engine.nnet.conv2d.compile({
        imageShape: [1, 64, 56, 56],
        filterShape: [64, 64, 3, 3],
        borderMode: "half",
        ...more,
      }),
    );

  it("falls on Winograd for filters of 3 × 3 or more and many channels, and not on few products, large strides, dilation, float64", async () => {
    for (const more of [
      {},
      { subsample: [2, 1] },
      { filterShape: [64, 64, 3, 5] },
      { filterDilation: [2, 2] },
      { filterShape: [64, 64, 7, 7], subsample: [2, 2] },
      { imageShape: [1, 3, 224, 224], filterShape: [64, 3, 7, 7], borderMode: 3, subsample: [2, 2] },
      { imageShape: [64, 20, 12, 12], filterShape: [50, 20, 5, 5], borderMode: "valid" },
      { imageShape: [1, 512, 28, 28], filterShape: [256, 512, 1, 1] },
      { imageShape: [1, 256, 56, 56], filterShape: [512, 256, 1, 1], subsample: [2, 2] },
    ]) {
      using layer = await compile(more);
      expect(layer.plan.algorithm, JSON.stringify(more)).toBe("winograd");
    }
    for (const more of [
      { imageShape: [1, 2, 9, 9], filterShape: [3, 2, 3, 3] },
      { imageShape: [1, 8, 28, 28], filterShape: [64, 8, 5, 5] },
      { imageShape: [1, 2, 224, 224], filterShape: [64, 2, 7, 7] },
      { filterShape: [64, 64, 3, 2] },
      { subsample: [3, 3] },
      { filterDilation: [2, 2], subsample: [2, 2] },
      { dtype: "float64" },
      // One tap: few channels, small maps, odd numbers.
      { filterShape: [256, 64, 1, 1] },
      { imageShape: [1, 256, 14, 14], filterShape: [256, 256, 1, 1] },
      { imageShape: [1, 511, 28, 28], filterShape: [256, 511, 1, 1] },
    ]) {
      using other = await compile(more);
      expect(other.plan.algorithm, JSON.stringify(more)).toBe("direct");
    }
  });

  it("falls on tiles in depth too for 3 × 3 × 3 filters over some frames, and not over two frames or with two taps", async () => {
    const engine = await engines.get("simd");
    const planOf = async (frames: number, more: object = {}) => {
      using layer = await engine.conv3d2d.conv3d.compile({
        signalsShape: [1, frames, 64, 28, 28],
        filtersShape: [64, 3, 64, 3, 3],
        borderMode: "half",
        ...more,
      });
      return layer.plan.describe();
    };
    expect(await planOf(8)).toContain("F(4×4×4)");
    expect(await planOf(2)).not.toContain("F(4×4×4)");
    expect(await planOf(8, { filtersShape: [64, 2, 64, 3, 3] })).not.toContain("F(4×4×4)");
  });

  it("never falls on it where results must be reproducible, and refuses what it does not serve", async () => {
    await using engine = await createEngine({ float: "reproducible", workers: 0 });
    const shapes = { imageShape: [1, 64, 56, 56], filterShape: [64, 64, 3, 3], borderMode: "half" } as const;
    using layer = await engine.nnet.conv2d.compile(shapes);
    expect(layer.plan.algorithm).toBe("direct");
    for (const more of [
      { subsample: [3, 2] },
      { dtype: "float64" },
      { filterDilation: [1, 2], subsample: [1, 2] },
      { filterDilation: [3, 6] },
      { filterShape: [64, 64, 2, 7] },
      { filterShape: [63, 64, 1, 1] },
    ] as const) {
      const call = () => engine.nnet.conv2d.compile({ ...shapes, ...more, algorithm: "winograd" });
      expect(await mustFail(call, "OptionError", ["algorithm"])).toBeUndefined();
    }
  });
});
