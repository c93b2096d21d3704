// Gradients with respect to filters by Winograd, forced on random problems of every op: within its bounds on reals of every kind and on
// integers, in blocks and without, the same bits wherever it is computed; what is not finite is never lost; and what asks for sums gets sums.
import { createEngine } from "simdconv";
import { describe, expect, inject, it } from "vitest";
import { winogradGradientBound } from "../support/bounds.ts";
import { at, firstDifference } from "../support/compare.ts";
import { enginesOfThisFile } from "../support/engines.ts";
import { mustFail } from "../support/errors.ts";
import {
  computeGradient,
  damageToGradient,
  describeGradient,
  type GradientProblem,
  gradientOf,
  gradientOperands,
  gradientOracle,
  gradientProblem,
} from "../support/filter-gradients.ts";
import { drawNineTaps } from "../support/nine-taps.ts";
import { count, gather } from "../support/place.ts";
import { random } from "../support/random.ts";
import { countCalls, note } from "../support/record.ts";
import type { Engine, Spec } from "../support/spec.ts";

const engines = await enginesOfThisFile();
const cases = 120;
const vias = ["call", "run", "runSync"] as const;

/** Some of R2: large sums, of which the practical bound is a root. */
const large: readonly Omit<Spec, "seed">[] = [
  { input: [4, 8, 29, 31], filters: [24, 8, 3, 3], borderMode: 1 }, // K = 3,596
  { input: [1, 33, 60, 61], filters: [40, 33, 3, 3], borderMode: "half" }, // 3,660
  { input: [9, 6, 40, 41], filters: [12, 6, 3, 3] }, // 13,338, several blocks
  { op: "conv3d2d.conv3d", input: [2, 6, 5, 24, 25], filters: [7, 3, 5, 3, 3], borderMode: "full" }, // up to 8,424
];

async function worstOf(engine: Engine, problem: GradientProblem, via: (typeof vias)[number]) {
  const operands = gradientOperands(problem);
  const got = await computeGradient(engine, problem, operands, { form: "winograd", via });
  expect(damageToGradient(operands)).toBeUndefined();
  const exact = gradientOracle(problem);
  const bound = winogradGradientBound(problem, exact);
  let worst = 0;
  for (const [i, value] of got.entries()) {
    const error = Math.abs(value - exact.y[i]!);
    // Written so that NaN fails.
    if (!(error <= bound(i)))
      expect.fail(`error ${error} above ${bound(i)}: ${at(problem.shape, i)}\n${describeGradient(problem, { via })}`);
    worst = Math.max(worst, error / bound(i));
  }
  return worst;
}

describe("accuracy", () => {
  // Numbers and answers are the same for every binary.
  const problems = [
    ...Array.from({ length: cases }, (_, i) => drawNineTaps(inject("seed") + i)),
    ...large.flatMap((spec, i) =>
      (["zero-mean", "non-negative", "mixed"] as const).map((values) => ({ ...spec, values, seed: 5000 + i })),
    ),
  ].map(({ bias: _, activation: __, ...spec }: Spec) => gradientProblem(spec));

  for (const binary of engines.binaries) {
    it(`${binary}: ${cases} random problems and ${large.length} large ones`, { timeout: 120_000 }, async (test) => {
      const engine = await engines.get(binary);
      const seen = new Map<string, number>();
      const worst = new Map<string, number>();
      for (const [i, problem] of problems.entries()) {
        const { op, spec } = problem;
        const kind = spec.values ?? "integers";
        worst.set(kind, Math.max(worst.get(kind) ?? 0, await worstOf(engine, problem, vias[i % 3]!)));
        seen.set(op, (seen.get(op) ?? 0) + 1);
      }
      countCalls(test, binary, cases + 3 * large.length);
      const figures = [...worst].map(([kind, of]) => `${kind} ${of.toFixed(3)}`).join(", ");
      note(
        test,
        `Winograd gradients ${binary}: ${[...seen].map(([name, n]) => `${name} ${n}`).join(", ")}, seed ${inject("seed")}; worst of the bound: ${figures}`,
      );
      for (const name of ["nnet.conv2d", "signal.conv2d", "conv3D", "conv3d2d.conv3d", "c01b.filterActs"])
        expect(seen.get(name) ?? 0, name).toBeGreaterThan(3);
    });
  }
});

const operand = (shape: readonly number[], seed = 1) => {
  const next = random(seed);
  return { data: Float32Array.from({ length: count(shape) }, () => next() - 0.5), shape };
};

describe("bits", () => {
  // One tile of the plan and many, blocks of units and one, several images in a unit, taps in time, groups.
  const layers = [
    ["nnet.conv2d", { imageShape: [1, 16, 64, 64], filterShape: [16, 16, 3, 3], borderMode: "half" }],
    ["nnet.conv2d", { imageShape: [9, 24, 7, 7], filterShape: [160, 24, 3, 3], borderMode: "half" }],
    ["nnet.conv2d", { imageShape: [2, 96, 14, 14], filterShape: [200, 96, 3, 3], borderMode: "full" }],
    ["nnet.conv2d", { imageShape: [6, 32, 40, 40], filterShape: [32, 16, 3, 3], numGroups: 2 }],
    ["conv3d2d.conv3d", { signalsShape: [1, 6, 8, 28, 28], filtersShape: [12, 3, 8, 3, 3], borderMode: "half" }],
  ] as const;

  for (const sharedMemory of [true, false]) {
    it(`are the same for 0, 1, 2, 3 and 7 workers, memory ${sharedMemory ? "shared" : "not shared"}`, {
      timeout: 60_000,
    }, async (test) => {
      const want: Float64Array[] = [];
      const steps = new Set<string>();
      for (const workers of [0, 1, 2, 3, 7]) {
        await using engine = (await createEngine({ workers, sharedMemory, binary: "simd" })) as Engine;
        for (const [i, [op, spec]] of layers.entries()) {
          using layer = await gradientOf(engine, op).compile({ ...spec, algorithm: "winograd" });
          for (const { kernel } of layer.plan.steps) steps.add(kernel);
          const [input] = Object.values(spec) as (readonly number[])[];
          const outputs = outputsOf(op, spec);
          const y = gather(await layer.run(operand(input!), operand(outputs, 2), { openmp: workers > 0 }));
          want[i] ??= y;
          expect(firstDifference(y, want[i]!), `${op}, ${workers} workers`).toBe(-1);
        }
      }
      expect([...steps].sort()).toEqual(["sum_blocks_f32", "winograd_gradient_f32"]);
      note(
        test,
        `Winograd gradients: ${layers.length} layers × 5 pools, memory ${sharedMemory ? "shared" : "not shared"}, one result each`,
      );
    });
  }

  /** Of images and signals whose border mode is "half", "full" or none. */
  function outputsOf(op: string, spec: object): number[] {
    const [input, filters] = Object.values(spec) as (readonly number[])[];
    const { borderMode = "valid" } = spec as { borderMode?: "half" | "full" | "valid" };
    const grown = { valid: -1, half: 0, full: 1 }[borderMode];
    const extent = (axis: number, of = axis) => input![axis]! + grown * (filters![of]! - 1);
    const [high, wide] = [extent(input!.length - 2), extent(input!.length - 1)];
    return op === "nnet.conv2d"
      ? [input![0]!, filters![0]!, high, wide]
      : [input![0]!, extent(1), filters![0]!, high, wide];
  }
});

it("what is not finite is in every weight that it belongs to, and in no other channel and filter", async (test) => {
  for (const binary of engines.binaries) {
    const engine = await engines.get(binary);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const [x, g] = [operand([2, 9, 12, 13]), operand([2, 11, 12, 13], 2)];
      x.data[(9 + 4) * 12 * 13 + 40] = bad;
      g.data[3 * 12 * 13 + 70] = bad;
      const settings = { filterShape: [11, 9, 3, 3], borderMode: "half" };
      const of = async (algorithm: string) =>
        gather(await gradientOf(engine, "nnet.conv2d")(x, g, { ...settings, algorithm }));
      const [sums, got] = [await of("direct"), await of("winograd")];
      for (const [i, value] of got.entries()) {
        const [k, c] = [Math.floor(i / 81), Math.floor(i / 9) % 9];
        if (!Number.isFinite(sums[i]!)) expect(Number.isFinite(value), `weight ${i}`).toBe(false);
        if (c !== 4 && k !== 3) expect(Number.isFinite(value), `weight ${i}`).toBe(true);
      }
      countCalls(test, binary, 2);
    }
  }
});

describe("the choice", () => {
  const spec = { imageShape: [1, 64, 56, 56], filterShape: [64, 64, 3, 3], borderMode: "half" };
  const algorithmOf = async (engine: Engine, more: object) => {
    using layer = await gradientOf(engine, "nnet.conv2d").compile({ ...spec, ...more });
    return layer.plan.algorithm;
  };

  it("falls on Winograd for 3 × 3 filters of many channels, and not on small maps, few channels, strides, dilation, float64", async () => {
    const engine = await engines.get("simd");
    expect(await algorithmOf(engine, {})).toBe("winograd");
    for (const more of [
      { imageShape: [1, 512, 3, 3], filterShape: [512, 512, 3, 3] },
      { imageShape: [1, 64, 8, 8] },
      { imageShape: [1, 16, 56, 56], filterShape: [64, 16, 3, 3] },
      { filterShape: [16, 64, 3, 3] },
      { subsample: [2, 2] },
      { filterDilation: [2, 2] },
      { filterShape: [64, 64, 3, 5] },
      { dtype: "float64" },
      { algorithm: "direct" },
      { lanes: "filters" },
    ])
      expect(await algorithmOf(engine, more), JSON.stringify(more)).toBe("correlate");
  });

  it("never falls on it where bits are to be reproducible, unless it is named", async () => {
    await using engine = (await createEngine({ workers: 0, float: "reproducible" })) as Engine;
    expect(await algorithmOf(engine, {})).toBe("correlate");
    expect(await algorithmOf(engine, { algorithm: "winograd" })).toBe("winograd");
  });

  it("is refused where Winograd does not serve", async () => {
    const engine = await engines.get("simd");
    for (const more of [
      { subsample: [2, 1] },
      { filterDilation: [1, 2] },
      { dtype: "float64" },
      { filterShape: [64, 64, 1, 3] },
      { filterShape: [64, 56, 56, 64, 3, 3], unshared: true },
    ])
      expect(
        await mustFail(() => algorithmOf(engine, { ...more, algorithm: "winograd" }), "OptionError", ["algorithm"]),
        JSON.stringify(more),
      ).toBeUndefined();
  });

  it("serves a map of one pixel, and no image at all", async () => {
    for (const binary of engines.binaries) {
      const engine = await engines.get(binary);
      const call = async (input: number[], filters: number[], more: object = {}) => {
        const [n, , h, w] = input as [number, number, number, number];
        const g = operand([n, filters[0]!, h, w], 2);
        const settings = { filterShape: filters, borderMode: "half", ...more };
        const of = async (algorithm: string) =>
          gather(await gradientOf(engine, "nnet.conv2d")(operand(input), g, { ...settings, algorithm }));
        const [sums, got] = [await of("direct"), await of("winograd")];
        for (const [i, value] of got.entries()) expect(Math.abs(value - sums[i]!)).toBeLessThan(1e-6);
        return got;
      };
      await call([1, 1, 1, 1], [1, 1, 3, 3]);
      await call([3, 10, 1, 1], [14, 5, 3, 3], { numGroups: 2 });
      await call([1, 3, 1, 50], [7, 3, 3, 3]);
      expect(await call([0, 3, 8, 8], [4, 3, 3, 3])).toEqual(new Float64Array(108));
    }
  });
});
