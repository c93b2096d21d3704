// R3 for gradients with respect to filters: any number of workers, over shared memory and without it, gives the bits that one thread
// computes, although their sums are cut into blocks.
import { expect, it } from "vitest";
import {
  computeGradient,
  describeGradient,
  type GradientProblem,
  gradientFormsOf,
  gradientOf,
  gradientOperands,
  gradientProblem,
  gradientSettings,
} from "../support/filter-gradients.ts";
import { countCalls, note } from "../support/record.ts";
import type { Engine, Spec } from "../support/spec.ts";
import { engineOf, hashOf } from "./bits.ts";
import { Control, hookedWorker } from "./control.ts";

const specs: readonly Omit<Spec, "seed">[] = [
  { input: [1, 16, 30, 31], filters: [20, 16, 3, 3], borderMode: "half" },
  { input: [1, 64, 14, 14], filters: [96, 64, 3, 3] },
  { input: [8, 3, 40, 40], filters: [12, 3, 7, 7], subsample: [2, 2], borderMode: "full" }, // several blocks
  { input: [2, 2, 90, 92], filters: [5, 2, 3, 3], filterFlip: false }, // blocks, few filters
  { input: [4, 24, 33, 35], filters: [24, 1, 5, 5], numGroups: 24, borderMode: "half" },
  { input: [2, 64, 14, 14], filters: [96, 64, 1, 1], dtype: "float64" },
  { input: [3, 8, 20, 21], filters: [12, 4, 3, 3], numGroups: 2, filterDilation: [2, 3] },
  { input: [4, 6, 12, 13], filters: [9, 6, 3, 3], unshared: true, borderMode: "half" },
  { input: [0, 3, 8, 8], filters: [4, 3, 3, 3] },
  { op: "signal.conv2d", input: [2, 200, 210], filters: [3, 3, 5], borderMode: "full" },
  { op: "signal.conv2d", input: [180, 190], filters: [2, 61, 63] }, // by a transform
  { op: "signal.conv2d", input: [5, 150, 160], filters: [2, 41, 53] }, // by one for each image
  { op: "conv3D", input: [2, 9, 10, 11, 8], filters: [16, 3, 3, 3, 8], d: [1, 2, 1] },
  { op: "conv3d2d.conv3d", input: [1, 6, 8, 15, 16], filters: [10, 3, 8, 3, 3], borderMode: "full" },
  { op: "c01b.filterActs", input: [8, 17, 16, 64], filters: [8, 3, 3, 16], pad: 1, stride: 2 },
];
const problems = specs.map((spec, i) => gradientProblem({ ...spec, values: "zero-mean", seed: 700 + i }));

interface Known {
  readonly problem: GradientProblem;
  readonly form: ReturnType<typeof gradientFormsOf>[number];
  readonly hash: string;
}
const known: Known[] = [];
{
  await using engine = await engineOf(0);
  for (const problem of problems) {
    for (const form of gradientFormsOf(problem.spec)) {
      const got = await computeGradient(engine, problem, gradientOperands(problem), { form, via: "runSync" });
      known.push({ problem, form, hash: hashOf(got) });
    }
  }
}

it("the plans have one block and several, and every kernel", async () => {
  await using engine = await engineOf(0);
  const kernels = new Set<string>();
  for (const { op, spec, shape } of problems.filter(({ spec }) => !spec.op)) {
    const { dtype = "float32" } = spec;
    using layer = await gradientOf(engine as Engine, op).compile({
      ...gradientSettings(spec), imageShape: spec.input, filterShape: shape, dtype,
    }); // biome-ignore format: a spec
    kernels.add(layer.plan.steps.map(({ kernel }) => kernel).join(" + "));
  }
  for (const steps of [
    "correlate_filters_f32 + sum_blocks_f32",
    "correlate_dots_f32",
    "correlate_filters_f64",
    "unshared_filters_f32",
  ])
    expect([...kernels]).toContain(steps);
  expect(new Set(known.map(({ hash }) => hash)).size).toBeGreaterThan(problems.length); // the hash tells results apart
});

for (const sharedMemory of [true, false]) {
  for (const workers of [0, 1, 2, 3, 7]) {
    it(`${workers} workers, ${sharedMemory ? "shared" : "own"} memory: ${known.length} cases, 3 times each`, {
      timeout: 120_000,
    }, async (test) => {
      await using engine = await engineOf(workers, { sharedMemory });
      for (const { problem, form, hash } of known) {
        for (const via of ["call", "run", "call"] as const) {
          const got = await computeGradient(
            engine,
            problem,
            gradientOperands(problem),
            { form, via },
            { openmp: true },
          );
          expect(hashOf(got), describeGradient(problem, { workers, sharedMemory, form, via })).toBe(hash);
        }
      }
      countCalls(test, "simd", 3 * known.length);
      note(
        test,
        `R3 filter gradients: ${workers} workers, ${sharedMemory ? "shared" : "own"} memory, ${known.length} cases x 3, one hash each`,
      );
    });
  }
}

it("without shared memory the workers compute, blocks of partial sums too", async () => {
  const control = new Control();
  await using engine = await engineOf(2, { sharedMemory: false, worker: hookedWorker });
  for (const problem of problems) {
    const { op, spec, gradientShape } = problem;
    // Not for a transform of one tile, nor for sums of nothing.
    if (spec.unshared || gradientShape.includes(0) || (op === "signal.conv2d" && spec.input.length === 2)) continue;
    // Runs of the taps of large filters are no runs of bytes: those go by transforms.
    const form = spec.filters.at(-1)! > 31 ? "auto" : "filters";
    const before = control.calls;
    await computeGradient(engine, problem, gradientOperands(problem), { form }, { openmp: true });
    expect(control.calls, describeGradient(problem, {})).toBeGreaterThan(before);
  }
});
