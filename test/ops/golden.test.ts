// The golden cases of every op, and those of ONNX, WebNN and TensorFlow.js where ../shared/golden is present:
// every case, on every binary, in every form that serves it; and every call that must throw.
import { existsSync } from "node:fs";
import { describe, expect, it, type TestContext } from "vitest";
import { type GoldenSet, goldenUrl, importedUrl, loadGolden } from "../golden/load.ts";
import { GOLDEN, type GoldenReport, leftForLater, runErrors, runGolden } from "../golden/run.ts";
import { enginesOfThisFile } from "../support/engines.ts";
import { builtForms } from "../support/forms.ts";
import { countCalls, note } from "../support/record.ts";

const sets = [
  { name: "golden", url: goldenUrl(), ...GOLDEN },
  { name: "golden onnx", url: importedUrl("onnx"), cases: 42, errors: 0 },
  { name: "golden webnn", url: importedUrl("webnn"), cases: 43, errors: 0 },
  { name: "golden tfjs", url: importedUrl("tfjs"), cases: 71, errors: 7 },
];
const engines = await enginesOfThisFile();
const only = process.env.GOLDEN; // one case id, to repeat a failure

for (const { name, url, cases, errors } of sets) {
  describe(name, () => {
    const absent = existsSync(url) ? "" : `${name}: skipped, ${url.pathname} is not there (imported sets are not ours)`;

    for (const binary of engines.binaries) {
      it(`${binary}: every case in every form`, async (test) => {
        if (absent) return skip(test, absent);
        const report = await runGolden(await load(url), await engines.get(binary), binary);
        note(test, `${name} ${binary}: ${sentence(report)}`);
        countCalls(test, binary, report.calls);
        expect(report.failures.length, summary(report.failures)).toBe(0);
        if (only) return;
        expect(report.cases).toBe(cases);
        if (name !== "golden") return;
        // The golden set has no filters of rank one.
        for (const form of builtForms.filter((name) => name !== "separable"))
          expect(report.byForm.get(form) ?? 0, `calls in form ${form}`).toBeGreaterThan(0);
      });
    }

    it("every must-throw case throws its typed error", async (test) => {
      if (absent) return skip(test, absent);
      const set = await load(url);
      const report = await runErrors(set, await engines.get(engines.binaries.at(-1)!));
      note(test, `${name}: ${report.ran} must-throw; left: ${leftForLater(set)}`);
      expect(report.failures.length, summary(report.failures)).toBe(0);
      if (!only) expect(report.ran).toBe(errors);
    });
  });
}

function skip(test: TestContext, reason: string): void {
  note(test, reason);
  test.skip(reason);
}

async function load(url: URL): Promise<GoldenSet> {
  const set = await loadGolden(url);
  if (!only) return set;
  return { ...set, cases: set.cases.filter((c) => c.id === only), errors: set.errors.filter((e) => e.id === only) };
}

function sentence({ cases, calls, byForm }: GoldenReport): string {
  return `${cases} cases, ${calls} calls (${[...byForm].map(([form, n]) => `${form} ${n}`).join(", ")})`;
}

function summary(failures: readonly string[]): string {
  return `${failures.length} failed\n${failures.slice(0, 10).join("\n")}`;
}
