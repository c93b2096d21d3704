// Resident tensors as operands of every op: what stands next to them is neither read into a result nor written.
import { describe, expect, it } from "vitest";
import { checkAccuracy, formTaken } from "../support/check.ts";
import { firstDifference } from "../support/compare.ts";
import { enginesOfThisFile } from "../support/engines.ts";
import { forms } from "../support/forms.ts";
import { edgeGrid } from "../support/grid.ts";
import { opGrid } from "../support/grid-ops.ts";
import { callOp } from "../support/ops.ts";
import { gather } from "../support/place.ts";
import { countCalls, note } from "../support/record.ts";
import { type Engine, expected, formsOf, numbers, type Problem, reproduce, settingsOf } from "../support/spec.ts";

const engines = await enginesOfThisFile();
/** The same for every binary: made once. */
const problems = [...edgeGrid, ...opGrid].map(({ spec }) => numbers(spec));

describe("neighbours", () => {
  for (const binary of engines.binaries) {
    it(`${binary}: operands among NaN give exact results in place, and the NaN stay`, async (test) => {
      const engine = await engines.get(binary);
      let calls = 0;
      for (const problem of problems) {
        const { spec } = problem;
        for (const form of formsOf(spec)) {
          const wrong = await amongNaN(engine, problem, form);
          if (wrong) expect.fail(`${wrong}\n${reproduce(spec, { binary, form })}`);
          calls++;
        }
      }
      countCalls(test, binary, calls);
      note(test, `in place ${binary}: ${calls} calls among NaN neighbours`);
    });
  }
});

/** Input, filters and out as resident tensors, each between two tensors full of NaN. */
async function amongNaN(engine: Engine, whole: Problem, form: string) {
  const { spec, dtype, problem, shape } = whole;
  const make = (extents: readonly number[]) => engine.tensor(extents, { dtype });
  const guard = () => make([16]);
  const tensors = [
    guard(),
    make(problem.inputShape),
    guard(),
    make(problem.filterShape),
    guard(),
    make(shape),
    guard(),
  ] as const;
  try {
    const [, input, , filters, , out] = tensors;
    for (const each of tensors) each.data.fill(Number.NaN);
    input.data.set(problem.input);
    filters.data.set(problem.filters);
    const Floats = dtype === "float32" ? Float32Array : Float64Array;
    const bias = problem.bias && { data: Floats.from(problem.bias), shape: [problem.bias.length] };
    await callOp(engine, spec.op ?? "nnet.conv2d", { input, filters, bias }, { ...settingsOf(spec, form), out });
    const want = expected(whole);
    const taken = await formTaken(engine, whole, form);
    const at = forms[taken].exact ? firstDifference(out.data, want.y) : -1;
    if (at >= 0) return `element ${at} is ${out.data[at]}, must be ${want.y[at]}`;
    const { problem: wrong } = checkAccuracy(gather(out), want, whole, { binary: "any", form: taken });
    if (wrong) return wrong;
    for (const [i, each] of tensors.entries()) {
      if (i % 2 === 0 && !each.data.every(Number.isNaN)) return `the neighbour ${i} was written: ${[...each.data]}`;
    }
    if (firstDifference(input.data, problem.input) >= 0) return "the input was changed";
    if (firstDifference(filters.data, problem.filters) >= 0) return "the filters were changed";
    return undefined;
  } finally {
    for (const each of tensors) each.dispose();
  }
}
