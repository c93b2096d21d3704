// The ops on a page: the golden set in every form, and R1 with 200 random problems of nnet.conv2d and 60 of each other op, on
// every binary.
import { expect, inject, it } from "vitest";
import { goldenUrl, loadGolden } from "../golden/load.ts";
import { GOLDEN, runErrors, runGolden } from "../golden/run.ts";
import { enginesOfThisFile } from "../support/engines.ts";
import { checkExact } from "../support/exact.ts";
import { builtForms } from "../support/forms.ts";
import { opNames } from "../support/ops.ts";
import { countCalls, note } from "../support/record.ts";

const engines = await enginesOfThisFile();
const golden = await loadGolden(goldenUrl());

for (const binary of engines.binaries) {
  it(`${binary}: ${GOLDEN.cases} golden cases in every form`, async (test) => {
    const { cases, calls, byForm, failures } = await runGolden(golden, await engines.get(binary), binary);
    countCalls(test, binary, calls);
    note(
      test,
      `golden ${binary}: ${cases} cases, ${calls} calls (${[...byForm].map(([form, n]) => `${form} ${n}`).join(", ")})`,
    );
    expect(failures.length, `${failures.length} failed\n${failures.slice(0, 10).join("\n")}`).toBe(0);
    expect(cases).toBe(GOLDEN.cases);
    for (const form of builtForms.filter((name) => name !== "separable"))
      expect(byForm.get(form) ?? 0, form).toBeGreaterThan(0);
  });
}

for (const op of opNames) {
  const count = op === "nnet.conv2d" ? 200 : 60;
  it(`${count} random integer problems of ${op} are exact`, { timeout: 120_000 }, async (test) => {
    const seed = inject("seed");
    const pairs = await Promise.all(
      engines.binaries.map(async (binary) => [binary, await engines.get(binary)] as const),
    );
    const { evidence, calls } = await checkExact(pairs, count, seed, op);
    for (const binary of engines.binaries) countCalls(test, binary, calls / engines.binaries.length);
    note(test, `R1 ${op}: ${evidence} random problems, ${calls} calls, 0 wrong bits, seed ${seed}`);
    expect(evidence).toBe(count);
  });
}

it("every must-throw case throws its typed error", async () => {
  const { ran, failures } = await runErrors(golden, await engines.get("simd"));
  expect(failures.length, failures.slice(0, 10).join("\n")).toBe(0);
  expect(ran).toBe(GOLDEN.errors);
});
