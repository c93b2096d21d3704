// The order of summation is declared (one running sum per output over channel and taps; bias last), so results on
// ordinary reals are not only near but equal, bit for bit: to that sum computed in JavaScript, between the scalar and
// simd builds, between forms, and between repeated calls. Relaxed may fuse multiply and add: it must repeat itself.
import { describe, expect, it } from "vitest";
import { ordered } from "../oracle/ordered.ts";
import { checkBits, formTaken } from "../support/check.ts";
import { firstDifference } from "../support/compare.ts";
import { enginesOfThisFile } from "../support/engines.ts";
import { forms } from "../support/forms.ts";
import { edgeGrid } from "../support/grid.ts";
import { gradientGrid } from "../support/grid-gradients.ts";
import { opGrid } from "../support/grid-ops.ts";
import { countCalls, note } from "../support/record.ts";
import { compute, damageTo, formsOf, numbers, operandsOf, reproduce, type Spec } from "../support/spec.ts";

const engines = await enginesOfThisFile();
const values = ["zero-mean", "mixed", "subnormal"] as const;
const specs: Spec[] = [...edgeGrid, ...opGrid, ...gradientGrid].flatMap(({ spec }, i) => {
  const base: Spec = { ...spec, values: values[i % 3]!, ...(!spec.op && { bias: i % 2 === 0 }) };
  return [base, { ...base, dtype: "float64" as const, values: values[(i + 1) % 3]! }];
});

/** The sum in the declared order of each, the same for every binary. */
const inOrder = specs.map((spec) => {
  const problem = numbers(spec);
  const want = ordered(problem.terms, problem.dtype);
  if (spec.activation === "relu") for (let i = 0; i < want.length; i++) want[i] = Math.max(0, want[i]!);
  return { spec, problem, want };
});

describe("bits", () => {
  for (const binary of ["scalar", "simd"] as const) {
    it(`${binary}: every form has the bits of the declared order`, async (test) => {
      const engine = await engines.get(binary);
      const failures: string[] = [];
      let calls = 0;
      for (const { spec, problem, want } of inOrder) {
        for (const form of formsOf(spec)) {
          if (!forms[await formTaken(engine, problem, form)].ordered) continue;
          calls++;
          const wrong = await checkBits(engine, problem, want, { binary, form });
          if (wrong) failures.push(wrong);
        }
      }
      expect(failures.length, `${failures.length} of ${calls} failed\n${failures.slice(0, 8).join("\n")}`).toBe(0);
      countCalls(test, binary, calls);
      note(test, `bits ${binary}: ${calls} calls equal to the ordered sum`);
    });
  }

  it("every binary repeats its own bits in every form of the same order", async (test) => {
    for (const binary of engines.binaries) {
      const engine = await engines.get(binary);
      for (const spec of specs.filter((_, i) => i % 5 === 0)) {
        const problem = numbers(spec);
        const how = { binary, form: "auto" };
        const first = await compute(engine, spec, operandsOf(problem), how);
        for (const via of ["call", "run", "runSync"] as const) {
          const operands = operandsOf(problem);
          const again = await compute(engine, spec, operands, { ...how, via });
          expect(firstDifference(again, first), reproduce(spec, { ...how, via })).toBe(-1);
          expect(damageTo(operands), reproduce(spec, { ...how, via })).toBeUndefined();
          countCalls(test, binary);
        }
      }
    }
  });
});
