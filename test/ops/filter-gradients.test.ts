// Gradients with respect to filters (R1 to R4 of reliability.md): the forward op's grids and random problems, backwards. Integers are
// exact in every form, binary and dtype; reals keep to K·u·S with K the outputs of all images; scalar and simd have the same bits
// where lanes run over filters; what the gradient is for holds, too: ⟨conv(x, w), g⟩ = ⟨w, gradient(x, g)⟩, and differences.
import fc from "fast-check";
import { describe, expect, inject, it } from "vitest";
import { type CompensatedResult, compensated } from "../oracle/compensated.ts";
import { type RandomCase, randomCase } from "../support/arbitrary.ts";
import { randomCaseOf } from "../support/arbitrary-ops.ts";
import { at, firstDifference, smallest, unitRoundoff, zeroShare } from "../support/compare.ts";
import { type EngineName, enginesOfThisFile } from "../support/engines.ts";
import {
  computeGradient,
  damageToGradient,
  describeGradient,
  forwardOps,
  type GradientForm,
  type GradientProblem,
  gradientFormsOf,
  gradientOf,
  gradientOperands,
  gradientOracle,
  gradientProblem,
  gradientSettings,
} from "../support/filter-gradients.ts";
import { edgeGrid } from "../support/grid.ts";
import { opGrid } from "../support/grid-ops.ts";
import { callOp } from "../support/ops.ts";
import { gather, layouts, place } from "../support/place.ts";
import { random } from "../support/random.ts";
import { countCalls, note } from "../support/record.ts";
import type { Engine, Spec } from "../support/spec.ts";

const engines = await enginesOfThisFile();
const vias = ["call", "run", "runSync"] as const;

/** Wrong bits or changed bytes, or undefined. */
async function check(
  engine: Engine,
  problem: GradientProblem,
  want: Float64Array,
  how: { readonly form: GradientForm; readonly via: (typeof vias)[number] },
): Promise<string | undefined> {
  const operands = gradientOperands(problem);
  const got = await computeGradient(engine, problem, operands, how).catch((error: Error) => error);
  if (got instanceof Error) return `threw ${got.stack}\n${describeGradient(problem, how)}`;
  const rounded = problem.dtype === "float32" ? new Float64Array(new Float32Array(want)) : want;
  const position = firstDifference(got, rounded);
  const wrong =
    position < 0
      ? damageToGradient(operands)
      : `${at(problem.shape, position)} is ${got[position]}, must be ${rounded[position]}`;
  return wrong && `${wrong}\n${describeGradient(problem, how)}`;
}

/** Of the sums of the forward op no bias, and no activation. */
const grid: readonly Spec[] = [...edgeGrid, ...opGrid.filter(({ spec }) => forwardOps.includes(spec.op as never))].map(
  ({ spec: { activation: _, unroll: __, ...spec } }) => spec,
);

function variants(spec: Spec, index: number): Spec[] {
  const turn = (by: number) => layouts[(index + by) % layouts.length]!;
  const flip = spec.op ? {} : { filterFlip: index % 2 === 0 };
  return [
    { ...spec, ...flip, layouts: { input: turn(0), filters: turn(1), out: turn(2) } },
    { ...spec, dtype: "float64", layouts: { filters: turn(2) } },
  ];
}

describe("the grids of the forward ops", () => {
  // Numbers and answers are the same for every binary.
  const problems = grid.map((spec, index) => variants(spec, index).map(gradientProblem));

  for (const binary of [...engines.binaries, "debug"] as EngineName[]) {
    it(`${binary}: ${grid.length} named cases are exact`, { timeout: 180_000 }, async (test) => {
      const engine = await engines.get(binary);
      const failures: string[] = [];
      const kernels = new Set<string>();
      let calls = 0;
      for (const [index, spec] of grid.entries()) {
        for (const problem of binary === "debug" ? [gradientProblem(spec)] : problems[index]!) {
          const { y } = gradientOracle(problem);
          for (const form of gradientFormsOf(spec)) {
            const wrong = await check(engine, problem, y, { form, via: vias[calls++ % 3]! });
            if (wrong) failures.push(wrong);
          }
        }
        if (index % 10 === 0) for (const name of await kernelsOf(engine, spec)) kernels.add(name);
      }
      countCalls(test, binary, calls);
      note(test, `filter gradients, edge grid, ${binary}: ${grid.length} names, ${calls} calls`);
      expect(failures.length, `${failures.length} of ${calls}\n${failures.slice(0, 6).join("\n")}`).toBe(0);
      for (const name of ["correlate_filters_f32", "correlate_dots_f32", "sum_blocks_f32"])
        expect([...kernels], "the grid meets every kernel").toContain(name);
    });
  }
});

/** Of the plan that is made for the problem's shapes. */
async function kernelsOf(engine: Engine, spec: Spec): Promise<string[]> {
  const { op, shape } = gradientProblem(spec);
  const names = { conv3D: ["VShape", "WShape"], "conv3d2d.conv3d": ["signalsShape", "filtersShape"] } as const;
  const [input, filters] =
    op === "c01b.filterActs"
      ? ["imagesShape", "filtersShape"]
      : op in names
        ? names[op as keyof typeof names]
        : ["imageShape", "filterShape"];
  using layer = await gradientOf(engine, op).compile({
    ...gradientSettings(spec),
    [input]: spec.input,
    [filters]: shape,
  });
  expect(layer.plan.describe()).toContain(layer.plan.algorithm);
  return layer.plan.steps.map(({ kernel }) => kernel);
}

const CASES = 200;
for (const op of forwardOps) {
  it(`${op}: ${CASES} random integer problems are exact`, { timeout: 180_000 }, async (test) => {
    let calls = 0;
    let evidence = 0;
    const property = fc.asyncProperty(
      op === "nnet.conv2d" ? randomCase : randomCaseOf(op),
      async ({ spec: { bias: _, activation: __, unroll: ___, ...spec }, via = "call" }: RandomCase) => {
        const problem = gradientProblem(spec);
        const { y } = gradientOracle(problem);
        for (const binary of engines.binaries) {
          for (const form of gradientFormsOf(spec)) {
            const wrong = await check(await engines.get(binary), problem, y, { form, via });
            if (wrong) throw new Error(`${binary}: ${wrong}`);
            calls++;
          }
        }
        fc.pre(zeroShare(y) <= 0.7);
        evidence++;
      },
    );
    await fc.assert(property, { seed: inject("seed"), numRuns: CASES });
    expect(evidence).toBe(CASES);
    for (const binary of engines.binaries) countCalls(test, binary, calls / engines.binaries.length);
    note(
      test,
      `R1 filter gradient of ${op}: ${evidence} random problems, ${calls} calls, 0 wrong bits, seed ${inject("seed")}`,
    );
  });

  it(`${op}: ⟨conv(x, w), g⟩ = ⟨w, gradient(x, g)⟩ on integers`, { timeout: 120_000 }, async (test) => {
    const engine = await engines.get("simd");
    const property = fc.asyncProperty(
      op === "nnet.conv2d" ? randomCase : randomCaseOf(op),
      async ({ spec: { bias: _, activation: __, unroll: ___, layouts: ____, ...rest } }: RandomCase) => {
        // In float64 both sums of so many products are exact.
        const spec: Spec = { ...rest, dtype: "float64", rankOne: false };
        const problem = gradientProblem(spec);
        const { input, gradient } = gradientOperands(problem);
        const w = place(Float64Array.from(problem.forward.filters), problem.shape, "float64", "c");
        const zeros = { data: new Float64Array(problem.shape[0]!), shape: [problem.shape[0]!] };
        const given = { input: input.operand, filters: w.operand, ...(op === "conv3D" && { bias: zeros }) };
        const settings = { ...gradientSettings(spec), algorithm: "direct" };
        const outputs = gather(await callOp(engine, op, given, settings));
        const result = await computeGradient(engine, problem, { input, gradient, out: undefined }, { form: "auto" });
        expect(inner(w.read(), result), describeGradient(problem, {})).toBe(inner(outputs, gradient.read()));
        countCalls(test, "simd", 2);
      },
    );
    await fc.assert(property, { seed: inject("seed"), numRuns: 100 });
  });
}

const inner = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]! * b[i]!;
  return total;
};

/** Of nnet.conv2d unless stated; K is the outputs of all images. */
const accuracyShapes: readonly Omit<Spec, "seed">[] = [
  { input: [1, 3, 7, 6], filters: [9, 3, 3, 3] }, // K = 20
  { input: [2, 5, 9, 9], filters: [16, 5, 3, 3], borderMode: "half" }, // 162
  { input: [4, 8, 29, 31], filters: [24, 8, 3, 3], borderMode: 1 }, // 3,596
  { input: [8, 16, 40, 40], filters: [8, 16, 1, 1] }, // 12,800, several blocks
  { input: [2, 3, 61, 65], filters: [12, 3, 7, 7], subsample: [2, 2], borderMode: "full" }, // 2,379 and less
  { input: [6, 12, 27, 30], filters: [12, 1, 3, 3], numGroups: 12, borderMode: "half" }, // 4,860, depthwise
  { input: [9, 4, 6, 7], filters: [6, 4, 3, 3], unshared: true }, // 9
  { op: "signal.conv2d", input: [2, 120, 130], filters: [3, 5, 5] }, // 29,232
  { op: "conv3D", input: [2, 9, 10, 11, 4], filters: [5, 2, 3, 2, 4] }, // 1,280
  { op: "conv3d2d.conv3d", input: [2, 6, 3, 14, 15], filters: [7, 3, 3, 3, 3], borderMode: "full" }, // up to 2,520
  { op: "c01b.filterActs", input: [3, 15, 14, 32], filters: [3, 5, 5, 16], pad: 2, stride: 2 }, // up to 1,792
];

describe("accuracy", () => {
  // Numbers and answers are the same for every binary.
  const problems = accuracyShapes.flatMap((loose, i) =>
    (["zero-mean", "non-negative", "mixed"] as const).flatMap((values) =>
      (["float32", "float64"] as const).map((dtype) => gradientProblem({ ...loose, values, dtype, seed: 3000 + i })),
    ),
  );
  const exacts = new Map<GradientProblem, CompensatedResult>();
  /** The value of every sum, of float64 with what a double cannot hold of it. */
  const exactOf = (problem: GradientProblem) => {
    const { y } = gradientOracle(problem);
    const exact =
      exacts.get(problem) ??
      (problem.dtype === "float64" ? compensated(problem.terms) : { high: y, low: new Float64Array(y.length) });
    exacts.set(problem, exact);
    return exact;
  };

  for (const binary of engines.binaries) {
    it(`${binary}: K·u·S, and in practice its root`, { timeout: 120_000 }, async (test) => {
      const engine = await engines.get(binary);
      const worst = new Map<string, number>();
      for (const problem of problems) {
        const { spec, dtype } = problem;
        const { s, k } = gradientOracle(problem);
        const { high, low } = exactOf(problem);
        const u = unitRoundoff[dtype];
        for (const form of gradientFormsOf(spec)) {
          const got = await computeGradient(engine, problem, gradientOperands(problem), { form });
          const message = (j: number) =>
            `${at(problem.shape, j)}, K = ${k[j]}\n${describeGradient(problem, { binary, form })}`;
          for (let j = 0; j < got.length; j++) {
            const error = Math.abs(got[j]! - high[j]! - low[j]!) - k[j]! * smallest[dtype];
            const scale = u * s[j]!;
            if (error > k[j]! * scale) expect.fail(`above K·u·S: ${message(j)}`);
            const usual = k[j]! >= 64 ? 1.5 * Math.sqrt(k[j]!) : 8;
            if (error > usual * scale) expect.fail(`above the practical bound: ${message(j)}`);
            const kind = `${dtype} ${spec.values}`;
            if (scale > 0) worst.set(kind, Math.max(worst.get(kind) ?? 0, error / scale));
          }
          countCalls(test, binary);
        }
      }
      const figures = [...worst].map(([kind, units]) => `${kind} ${units.toFixed(1)}`).join(", ");
      note(test, `R2 filter gradients, ${binary}: worst |error|/(u·S): ${figures}`);
    });
  }
});

describe("bits", () => {
  const specs = [
    ...grid.filter((_, i) => i % 4 === 0),
    ...accuracyShapes.map((spec, i) => ({ ...spec, seed: 4000 + i })),
  ];
  it("scalar and simd have the same, with lanes over filters", async (test) => {
    const [scalar, simd] = [await engines.get("scalar"), await engines.get("simd")];
    for (const spec of specs) {
      const problem = gradientProblem({ ...spec, values: "zero-mean" });
      const how = { form: spec.unshared ? "auto" : "filters" } as const;
      const one = await computeGradient(scalar, problem, gradientOperands(problem), how);
      const other = await computeGradient(simd, problem, gradientOperands(problem), how);
      expect(firstDifference(other, one), describeGradient(problem, how)).toBe(-1);
      countCalls(test, "simd");
      countCalls(test, "scalar");
    }
  });

  it("every binary repeats its own, in a call, run and runSync", async (test) => {
    for (const binary of engines.binaries) {
      const engine = await engines.get(binary);
      for (const spec of specs.filter((_, i) => i % 3 === 0)) {
        const problem = gradientProblem({ ...spec, values: "zero-mean" });
        const first = await computeGradient(engine, problem, gradientOperands(problem), { form: "auto" });
        for (const via of vias) {
          const again = await computeGradient(engine, problem, gradientOperands(problem), { form: "auto", via });
          expect(firstDifference(again, first), describeGradient(problem, { binary, via })).toBe(-1);
          countCalls(test, binary);
        }
      }
    }
  });
});

describe("differences in float64", () => {
  for (const spec of [
    {
      input: [2, 4, 9, 8],
      filters: [6, 2, 3, 2],
      numGroups: 2,
      subsample: [2, 1],
      filterDilation: [1, 2],
      borderMode: "half",
      seed: 1,
    },
    { input: [2, 2, 5, 6], filters: [3, 2, 2, 3], unshared: true, seed: 2 },
    { op: "conv3D", input: [2, 5, 6, 7, 3], filters: [2, 2, 3, 2, 3], d: [1, 2, 1], seed: 3 },
    { op: "c01b.filterActs", input: [3, 7, 6, 4], filters: [3, 3, 2, 5], pad: 1, stride: 2, seed: 4 },
  ] as const satisfies readonly Spec[]) {
    it(`of ${(spec as Spec).op ?? "nnet.conv2d"}, input [${spec.input}], filters [${spec.filters}]`, async () => {
      const engine = await engines.get("simd");
      const problem = gradientProblem({ ...spec, values: "zero-mean", dtype: "float64" } as Spec);
      const { op, shape } = problem;
      const w = Float64Array.from(problem.forward.filters);
      // The loss Σ g · conv(x, w), by the library's own forward op.
      const loss = async () => {
        const { input } = gradientOperands(problem);
        const zeros = { data: new Float64Array(shape[0]!), shape: [shape[0]!] };
        const given = { input: input.operand, filters: { data: w, shape }, ...(op === "conv3D" && { bias: zeros }) };
        return inner(gather(await callOp(engine, op, given, gradientSettings(problem.spec))), problem.gradient);
      };
      const got = await computeGradient(engine, problem, gradientOperands(problem), { form: "auto" });
      const next = random(7);
      for (let i = 0; i < 12; i++) {
        const j = Math.floor(next() * w.length);
        const [before, step] = [w[j]!, 2 ** -10];
        w[j] = before + step;
        const above = await loss();
        w[j] = before - step;
        const below = await loss();
        w[j] = before;
        // The loss is linear in w: only rounding differs.
        expect(Math.abs((above - below) / (2 * step) - got[j]!), at(shape, j)).toBeLessThan(1e-9);
      }
    });
  }
});

it("of a large filter it takes a transform, of one image and of several, within the transform's bound", async (test) => {
  for (const [borderMode, images] of [
    ["valid", []],
    ["full", []],
    ["valid", [3]],
    ["full", [2]],
  ] as const) {
    const spec: Spec = {
      op: "signal.conv2d",
      input: [...images, 140, 150],
      filters: [2, 47, 51],
      borderMode,
      seed: 9,
      values: "zero-mean",
    };
    const problem = gradientProblem(spec);
    const { y } = gradientOracle(problem); // seconds: once for all binaries
    const norms = Math.sqrt(inner(problem.input, problem.input) * inner(problem.gradient, problem.gradient));
    const bound = 18 * unitRoundoff.float32 * norms;
    for (const binary of engines.binaries) {
      const engine = await engines.get(binary);
      using layer = await gradientOf(engine, "signal.conv2d").compile({
        imageShape: spec.input, filterShape: problem.shape, borderMode, dtype: "float32",
      }); // biome-ignore format: a spec
      expect(layer.plan.algorithm, `${binary} ${borderMode} ${images}`).toBe("fft");
      const { input, gradient } = gradientOperands(problem);
      for (const result of [
        await layer.run(input.operand, gradient.operand),
        layer.runSync(input.operand, gradient.operand),
      ])
        expect(
          gather(result).findIndex((value, i) => !(Math.abs(value - y[i]!) < bound)),
          `the first weight beyond ${bound}`,
        ).toBe(-1);
      countCalls(test, binary, 2);
    }
  }
});

it("NaN and infinities reach what they are a term of, and nothing else", async (test) => {
  for (const binary of engines.binaries) {
    const engine = await engines.get(binary);
    for (const form of ["auto", "filters", "dots"] as const) {
      for (const [at, value] of [[7, Number.NaN], [40, Number.POSITIVE_INFINITY], [69, Number.NEGATIVE_INFINITY]] as const) {
        // Rows of 5, 6, 7 outputs: vectors of pixels end within them.
        for (const width of [7, 8, 9]) {
          const problem = gradientProblem({ input: [2, 1, 5, width], filters: [2, 1, 3, 3], seed: 5, values: "non-negative" });
          problem.input[at] = value;
          const { y } = gradientOracle({ ...problem, terms: { ...problem.terms, input: problem.input } });
          const got = await computeGradient(engine, problem, gradientOperands(problem), { form });
          y.forEach((want, i) => {
            if (Number.isFinite(want)) expect(got[i], describeGradient(problem, { binary, form })).toBeCloseTo(want, 4);
            else expect(got[i], describeGradient(problem, { binary, form, i })).toBe(want);
          });
          countCalls(test, binary);
        }
      }
    } // biome-ignore format: a table
  }
});
