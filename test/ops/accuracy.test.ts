// R2 of reliability.md, every op: zero-mean, non-negative and mixed-magnitude reals against the oracle (double-double where
// the library computes in float64). Sums are never above K·u·S; worst at most 1.5·√K·u·S for K ≥ 64 and 8·u·S below; other
// algorithms keep to the bounds of their own (support/bounds.ts). The seeds are fixed: the second bound is what happens, not
// a theorem, and must not depend on luck.
import { describe, expect, it } from "vitest";
import { compensated } from "../oracle/compensated.ts";
import { sum } from "../oracle/terms.ts";
import type { Exact } from "../support/bounds.ts";
import { checkAccuracy, formTaken } from "../support/check.ts";
import { enginesOfThisFile } from "../support/engines.ts";
import { forms } from "../support/forms.ts";
import { countCalls, note } from "../support/record.ts";
import { compute, damageTo, formsOf, numbers, operandsOf, type Problem, type Spec } from "../support/spec.ts";

type Loose = Omit<Spec, "seed" | "values" | "dtype">;
const shapes: readonly Loose[] = [
  { input: [1, 1, 20, 33], filters: [9, 1, 3, 3] }, // K = 9
  { input: [2, 3, 15, 17], filters: [8, 3, 3, 3], borderMode: "half" }, // 27
  { input: [1, 7, 13, 13], filters: [16, 7, 3, 3] }, // 63, one below the change of bound
  { input: [1, 64, 9, 11], filters: [12, 64, 1, 1] }, // 64, the change of bound
  { input: [1, 64, 10, 19], filters: [20, 64, 3, 3] }, // 576
  { input: [1, 6, 19, 21], filters: [10, 6, 7, 7], subsample: [2, 2], borderMode: "full" }, // 294
  { input: [1, 256, 7, 7], filters: [24, 256, 3, 3], borderMode: 1 }, // 2,304
  { input: [1, 1024, 3, 5], filters: [10, 1024, 3, 3], borderMode: "half" }, // 9,216
  { input: [1, 8, 20, 21], filters: [16, 1, 5, 5], numGroups: 8, borderMode: "half" }, // depthwise, 25
  { input: [1, 2, 31, 33], filters: [4, 1, 11, 11], numGroups: 2, filterDilation: [2, 1] }, // depthwise, 121
  { input: [1, 12, 10, 11], filters: [6, 6, 3, 3], numGroups: 2, unshared: true }, // 54
  { input: [1, 20, 9, 10], filters: [5, 20, 3, 3], unshared: true, bias: true }, // 180
];
const ofOps: readonly Loose[] = [
  { op: "signal.conv2d", input: [20, 33], filters: [9, 3, 3] }, // K = 9
  { op: "signal.conv2d", input: [2, 31, 29], filters: [5, 7], borderMode: "full", subsample: [2, 1] }, // 35
  { op: "signal.conv2d", input: [2, 40, 43], filters: [3, 15, 15] }, // 225
  { op: "signal.conv2d", input: [64, 70], filters: [2, 31, 33], borderMode: "full" }, // 1,023
  { op: "signal.conv2d", input: [2, 25, 31], filters: [3, 9, 9], rankOne: true }, // 81, of rank one
  { op: "signal.conv2d", input: [30, 31], filters: [5, 3], rankOne: true, borderMode: "full", subsample: [1, 2] }, // 15
  { op: "nnet.conv2d", input: [2, 4, 17, 19], filters: [8, 1, 5, 5], numGroups: 4, rankOne: true, borderMode: "half" }, // 25
  { op: "conv3D", input: [2, 6, 7, 9, 1], filters: [5, 2, 3, 2, 1] }, // 13: conv3D always adds a bias
  { op: "conv3D", input: [1, 7, 8, 9, 8], filters: [9, 3, 3, 3, 8], d: [2, 1, 1] }, // 217
  { op: "conv3D", input: [1, 5, 5, 6, 64], filters: [6, 3, 3, 3, 64] }, // 1,729
  { op: "conv3d2d.conv3d", input: [2, 5, 2, 9, 11], filters: [5, 2, 2, 3, 3] }, // 36
  { op: "conv3d2d.conv3d", input: [1, 6, 16, 9, 10], filters: [8, 3, 16, 3, 3], borderMode: "full" }, // 432
  { op: "conv3d2d.conv3d", input: [1, 4, 128, 7, 6], filters: [5, 3, 128, 3, 3], borderMode: "half" }, // 3,456
  { op: "c01b.filterActs", input: [3, 11, 12, 5], filters: [3, 4, 3, 16], stride: 2 }, // 36
  { op: "c01b.filterActs", input: [16, 9, 9, 33], filters: [16, 5, 5, 8], pad: 2 }, // 400
  { op: "c01b.filterActs", input: [256, 6, 7, 4], filters: [256, 3, 3, 12], pad: 1, stride: 3 }, // 2,304
];
const ofGradients: readonly Loose[] = [
  { op: "nnet.conv2dGradWrtInputs", input: [1, 9, 20, 33], filters: [1, 9, 3, 3] }, // K = 9
  { op: "nnet.conv2dGradWrtInputs", input: [2, 8, 15, 17], filters: [33, 8, 5, 5], subsample: [2, 2], borderMode: "half" }, // 297
  { op: "nnet.conv2dGradWrtInputs", input: [1, 8, 9, 8], filters: [256, 8, 3, 3], borderMode: 1 }, // 2,304
  { op: "nnet.conv2dGradWrtInputs", input: [1, 12, 10, 11], filters: [8, 6, 3, 3], numGroups: 2, unshared: true }, // 36
  { op: "nnet.conv2dTranspose", input: [1, 8, 20, 21], filters: [8, 1, 5, 5], numGroups: 8, subsample: [2, 1] }, // 15
  { op: "nnet.conv2dTranspose", input: [2, 3, 40, 41], filters: [64, 3, 3, 3], filterDilation: [2, 2], bias: true }, // 577
  { op: "signal.conv2dGradWrtInputs", input: [40, 43], filters: [15, 15] }, // 225
  { op: "signal.conv2dGradWrtInputs", input: [2, 25, 31], filters: [9, 9], rankOne: true }, // 81, of rank one
  { op: "signal.conv2dGradWrtInputs", input: [2, 31, 29], filters: [6, 5, 7], borderMode: "full", subsample: [2, 1] }, // 126
  { op: "convTransp3D", input: [1, 7, 8, 9, 8], filters: [19, 3, 3, 3, 8], d: [2, 1, 1] }, // 343
  { op: "conv3d2d.conv3dGradWrtSignals", input: [1, 6, 8, 9, 10], filters: [16, 3, 8, 3, 3], borderMode: "full" }, // 432
  { op: "c01b.imageActs", input: [16, 9, 9, 33], filters: [16, 5, 5, 8], pad: 2 }, // 200
]; // biome-ignore format: a table
const kinds = ["zero-mean", "non-negative", "mixed"] as const;
const dtypes = ["float32", "float64"] as const;
const specs: Spec[] = [...shapes, ...ofOps, ...ofGradients].flatMap((shape, i) =>
  kinds.flatMap((values, j) => dtypes.map((dtype) => ({ ...shape, values, dtype, seed: 1000 + 10 * i + j }))),
);
/** The same for every binary: made once. */
const problems = specs.map(numbers);
const engines = await enginesOfThisFile();

describe("accuracy", () => {
  for (const binary of engines.binaries) {
    it(`${binary} stays within both bounds`, async (test) => {
      const engine = await engines.get(binary);
      const worst = new Map<string, number>();
      const failures: string[] = [];
      for (const problem of problems) {
        const { spec } = problem;
        const exact = reference(problem);
        for (const form of formsOf(spec)) {
          // Factors of so many magnitudes are refused.
          if (form === "separable" && spec.values === "mixed") continue;
          const how = { binary, form };
          const operands = operandsOf(problem);
          const got = await compute(engine, spec, operands, how);
          const { bounds } = forms[await formTaken(engine, problem, form)];
          const { units, problem: wrong } = checkAccuracy(got, exact, problem, how, bounds);
          if (wrong) failures.push(wrong);
          expect(damageTo(operands)).toBeUndefined();
          countCalls(test, binary);
          const kind = `${spec.dtype} ${spec.values}`;
          worst.set(kind, Math.max(worst.get(kind) ?? 0, units));
        }
      }
      expect(failures.length, `${failures.length} failed\n${failures.slice(0, 8).join("\n")}`).toBe(0);
      const figures = [...worst].map(([kind, units]) => `${kind} ${units.toFixed(1)}`).join(", ");
      note(test, `R2 ${binary}: worst |error|/(u·S): ${figures}`);
    });
  }
});

const known = new Map<Problem, Exact>();
function reference(problem: Problem): Exact {
  const exact = known.get(problem) ?? resolve(problem);
  known.set(problem, exact);
  return exact;
}

function resolve(problem: Problem): Exact {
  const { y, s, k } = sum(problem.terms);
  if (problem.dtype === "float32") return { y, s, k };
  const { high, low } = compensated(problem.terms);
  return { y: high, low, s, k };
}
