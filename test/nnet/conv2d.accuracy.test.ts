// R2 of reliability.md: zero-mean, non-negative and mixed-magnitude reals against the oracle (double-double where the
// library computes in float64). Never above K·u·S; worst at most 1.5·√K·u·S for K ≥ 64 and 8·u·S below. The seeds are
// fixed: the second bound is what happens, not a theorem, and must not depend on luck.
import { describe, expect, it } from "vitest";
import { compensatedConv2d } from "../oracle/compensated.ts";
import { conv2d } from "../oracle/conv2d.ts";
import { checkAccuracy } from "../support/check.ts";
import { enginesOfThisFile } from "../support/engines.ts";
import { countCalls, note } from "../support/record.ts";
import { compute, damageTo, formsOf, numbers, operandsOf, type Spec } from "../support/spec.ts";

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
const kinds = ["zero-mean", "non-negative", "mixed"] as const;
const dtypes = ["float32", "float64"] as const;
const specs: Spec[] = shapes.flatMap((shape, i) =>
  kinds.flatMap((values, j) => dtypes.map((dtype) => ({ ...shape, values, dtype, seed: 1000 + 10 * i + j }))),
);
const engines = await enginesOfThisFile();

describe("accuracy", () => {
  for (const binary of engines.binaries) {
    it(`${binary} stays within both bounds`, async (test) => {
      const engine = await engines.get(binary);
      const worst = new Map<string, number>();
      const failures: string[] = [];
      for (const spec of specs) {
        const problem = numbers(spec);
        const exact = reference(problem.problem, spec);
        for (const form of formsOf(spec.unshared === true, spec.filters[1])) {
          const how = { binary, form };
          const operands = operandsOf(problem);
          const got = await compute(engine, spec, operands, how);
          const { units, problem: wrong } = checkAccuracy(got, exact, problem, how);
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

function reference(problem: Parameters<typeof conv2d>[0], spec: Spec) {
  const { y, s, k } = conv2d(problem);
  if (spec.dtype === "float32") return { y, s, k };
  const { high, low } = compensatedConv2d(problem);
  if (problem.bias) addBias(high, low, problem.bias, spec);
  return { y: high, low, s, k };
}

function addBias(high: Float64Array, low: Float64Array, bias: ArrayLike<number>, spec: Spec): void {
  const pixels = high.length / (spec.input[0] * spec.filters[0]);
  for (let i = 0; i < high.length; i++) {
    const [a, b] = [high[i]!, bias[Math.floor(i / pixels) % spec.filters[0]]!];
    const sum = a + b;
    const part = sum - a;
    low[i]! += a - (sum - part) + (b - part);
    high[i] = sum;
  }
}
