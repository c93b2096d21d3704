// R3: any number of workers computes the bits that one thread computes.
import { describe, expect, it } from "vitest";
import { builtForms } from "../support/forms.ts";
import { gradientOps, smallOps } from "../support/ops.ts";
import { countCalls, note } from "../support/record.ts";
import { differences, engineOf, reference, shapes } from "./bits.ts";
import { Control, hookedWorker } from "./control.ts";
import { serving } from "./jobs.ts";

const cases = await reference("simd");

describe("one hash", () => {
  it("the shapes are many and of every kind", () => {
    expect(shapes.length).toBeGreaterThanOrEqual(50);
    expect(new Set(cases.map(({ form }) => form)).size).toBe(builtForms.length);
    for (const op of [...smallOps, ...gradientOps])
      expect(shapes.filter((spec) => spec.op === op).length, op).toBeGreaterThanOrEqual(4);
    for (const word of ["numGroups", "filterDilation", "subsample", "borderMode", "unshared", "bias"] as const)
      expect(shapes.filter((spec) => spec[word]).length, word).toBeGreaterThan(3);
    expect(shapes.filter(({ dtype }) => dtype === "float64").length).toBeGreaterThan(10);
    expect(shapes.filter(({ input }) => input[0] === 0).length).toBeGreaterThan(0);
    expect(shapes.filter(({ input }) => input[0] > 1).length).toBeGreaterThan(10);
    expect(new Set(cases.map(({ hash }) => hash)).size).toBeGreaterThan(50); // the hash tells results apart
  });

  for (const workers of [0, 1, 2, 3, 7]) {
    it(`${workers} workers: ${cases.length} cases, 5 times each`, { timeout: 120_000 }, async (test) => {
      const control = new Control();
      await using engine = await engineOf(workers, { worker: hookedWorker });
      const failures = await differences(engine, workers, cases, 5);
      expect(failures.length, `${failures.length} differ\n${failures.slice(0, 5).join("\n")}`).toBe(0);
      expect(serving(engine)).toBe(workers);
      if (workers > 0)
        expect(control.calls).toBeGreaterThan(cases.length); // workers did take part
      else expect(control.started).toBe(0);
      countCalls(test, "simd", 5 * cases.length);
      note(
        test,
        `R3 pool: ${workers} workers, ${cases.length} cases x 5, one hash each; ${control.calls} chunks by workers`,
      );
    });
  }
});
