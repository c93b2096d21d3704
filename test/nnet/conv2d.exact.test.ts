// R1 in Node: 2,000 random integer problems, each on every binary in every form that serves it, 0 differing bits.
import { expect, inject, it } from "vitest";
import { enginesOfThisFile } from "../support/engines.ts";
import { checkExact } from "../support/exact.ts";
import { builtForms } from "../support/forms.ts";
import { countCalls, note } from "../support/record.ts";

const cases = 2000;
const engines = await enginesOfThisFile();

it(`${cases} random integer problems have the oracle's bits`, { timeout: 180_000 }, async (test) => {
  const seed = inject("seed");
  const pairs = await Promise.all(engines.binaries.map(async (binary) => [binary, await engines.get(binary)] as const));
  const report = await checkExact(pairs, cases, seed);
  const perForm = [...report.byForm].map(([form, calls]) => `${form} ${calls}`).join(", ");
  note(test, `R1: ${report.evidence} random problems, ${report.calls} calls (${perForm}), 0 wrong bits, seed ${seed}`);
  for (const binary of engines.binaries) countCalls(test, binary, report.calls / engines.binaries.length);
  expect(report.evidence).toBe(cases);
  for (const form of builtForms) expect(report.byForm.get(form) ?? 0, `calls in form ${form}`).toBeGreaterThan(0);
});
