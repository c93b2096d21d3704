// The named edge grid against the float64 oracle: exact integers, both dtypes, flipped and not, every binary and form.
import { describe, expect, it } from "vitest";
import { checkBits } from "../support/check.ts";
import { type EngineName, enginesOfThisFile } from "../support/engines.ts";
import { edgeGrid } from "../support/grid.ts";
import { layouts } from "../support/place.ts";
import { countCalls, note } from "../support/record.ts";
import { expected, formsOf, numbers, type Spec } from "../support/spec.ts";

const engines = await enginesOfThisFile();

describe("edge grid", () => {
  for (const binary of engines.binaries) {
    it(`${binary}: ${edgeGrid.length} named cases are exact`, async (test) => {
      const { calls, byForm } = await run(binary, variants);
      countCalls(test, binary, calls);
      note(
        test,
        `edge grid ${binary}: ${edgeGrid.length} names, ${calls} calls (${[...byForm].join("; ").replaceAll(",", " ")})`,
      );
    });
  }

  it("the debug build, with its assertions on, computes the grid too", async (test) => {
    const { calls } = await run("debug", (spec) => [spec]);
    countCalls(test, "debug", calls);
    expect(calls).toBeGreaterThan(edgeGrid.length);
  });
});

// Flip, dtype and layouts rotate through the grid, so that each name meets several of them over the variants.
function variants(spec: Spec, index: number): Spec[] {
  const turn = (by: number) => layouts[(index + by) % layouts.length]!;
  return [
    { ...spec, filterFlip: false },
    { ...spec, layouts: { input: turn(0), filters: turn(1), out: turn(2) } },
    { ...spec, dtype: "float64", filterFlip: index % 2 === 0, bias: true, layouts: { input: turn(2) } },
  ];
}

async function run(binary: EngineName, vary: (spec: Spec, index: number) => readonly Spec[]) {
  const engine = await engines.get(binary);
  const failures: string[] = [];
  const byForm = new Map<string, number>();
  let calls = 0;
  for (const [index, { name, spec }] of edgeGrid.entries()) {
    for (const variant of vary(spec, index)) {
      const problem = numbers(variant);
      const { y } = expected(problem);
      for (const form of formsOf(variant)) {
        calls++;
        byForm.set(form, (byForm.get(form) ?? 0) + 1);
        const wrong = await checkBits(engine, problem, y, { binary, form }).catch(
          (error: Error) => `threw ${error.stack}`,
        );
        if (wrong) failures.push(`${name} (${binary}, ${form}): ${wrong}`);
      }
    }
  }
  expect(failures.length, `${failures.length} failed\n${failures.slice(0, 8).join("\n")}`).toBe(0);
  return { calls, byForm };
}
