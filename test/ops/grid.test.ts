// The named edge grids of every op against the float64 oracle: exact integers, both dtypes, every binary and form; nnet.conv2d
// flipped and not.
import { describe, expect, it } from "vitest";
import { checkBits } from "../support/check.ts";
import { type EngineName, enginesOfThisFile } from "../support/engines.ts";
import { edgeGrid, type NamedSpec } from "../support/grid.ts";
import { gradientGrid } from "../support/grid-gradients.ts";
import { opGrid } from "../support/grid-ops.ts";
import { layouts } from "../support/place.ts";
import { countCalls, note } from "../support/record.ts";
import { expected, formsOf, numbers, type Problem, type Spec } from "../support/spec.ts";

const engines = await enginesOfThisFile();

const grids = {
  "nnet.conv2d": { grid: edgeGrid, variants },
  "the other ops": { grid: opGrid, variants: opVariants },
  "the gradients": { grid: gradientGrid, variants: opVariants },
};
type Vary = (spec: Spec, index: number) => readonly Spec[];

describe.each(Object.entries(grids))("edge grid of %s", (title, { grid, variants }) => {
  // Numbers and answers are the same for every binary.
  const cases = casesOf(grid, variants);
  for (const binary of engines.binaries) {
    it(`${binary}: ${grid.length} named cases are exact`, async (test) => {
      const { calls, byForm } = await run(grid, binary, cases);
      countCalls(test, binary, calls);
      note(
        test,
        `edge grid of ${title}, ${binary}: ${grid.length} names, ${calls} calls (${[...byForm].join("; ").replaceAll(",", " ")})`,
      );
    });
  }

  it("the debug build, with its assertions on, computes the grid too", async (test) => {
    const { calls } = await run(
      grid,
      "debug",
      casesOf(grid, (spec) => [spec]),
    );
    countCalls(test, "debug", calls);
    expect(calls).toBeGreaterThan(grid.length);
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

/** Layouts and dtypes rotate as well, and both ways through compile. */
function opVariants(spec: Spec, index: number): Spec[] {
  const turn = (by: number) => layouts[(index + by) % layouts.length]!;
  return [
    { ...spec, layouts: { input: turn(0), filters: turn(1), out: turn(2) } },
    { ...spec, dtype: "float64", layouts: { filters: turn(2) } },
  ];
}

const vias = ["call", "run", "runSync"] as const;

interface Case {
  readonly name: string;
  readonly problem: Problem;
}

function casesOf(grid: readonly NamedSpec[], vary: Vary): readonly Case[] {
  return grid.flatMap(({ name, spec }, index) => vary(spec, index).map((one) => ({ name, problem: numbers(one) })));
}

async function run(grid: readonly NamedSpec[], binary: EngineName, cases: readonly Case[]) {
  const engine = await engines.get(binary);
  const failures: string[] = [];
  const byForm = new Map<string, number>();
  let calls = 0;
  for (const { name, problem } of cases) {
    const { y } = expected(problem);
    for (const form of formsOf(problem.spec)) {
      // Every third call each way; those of nnet.conv2d have always been calls.
      const via = grid === edgeGrid ? "call" : vias[calls % 3]!;
      calls++;
      byForm.set(form, (byForm.get(form) ?? 0) + 1);
      const wrong = await checkBits(engine, problem, y, { binary, form, via }).catch(
        (error: Error) => `threw ${error.stack}`,
      );
      if (wrong) failures.push(`${name} (${binary}, ${form}): ${wrong}`);
    }
  }
  expect(failures.length, `${failures.length} failed\n${failures.slice(0, 8).join("\n")}`).toBe(0);
  return { calls, byForm };
}
