// Figure R1 of reliability.md: small integers, whose float32 sums are exact, so that every binary and every form must
// give the oracle's bits. Also R6: every operand lies between canaries, and inputs must come back unchanged.
import fc from "fast-check";
import { type RandomCase, randomCase } from "./arbitrary.ts";
import { randomCaseOf } from "./arbitrary-ops.ts";
import type { Binary } from "./binaries.ts";
import { checkBits } from "./check.ts";
import { zeroShare } from "./compare.ts";
import { corpus } from "./corpus.ts";
import { forms } from "./forms.ts";
import { forwardOf, type OpName } from "./ops.ts";
import { type Engine, expected, formsOf, numbers } from "./spec.ts";

export interface ExactReport {
  /** Cases whose output proves something (not empty, at most 70 % zeros). */
  evidence: number;
  calls: number;
  readonly byForm: Map<string, number>;
}

/** Random problems of the op; a gradient has those of its forward op. */
function casesOf(op: OpName): fc.Arbitrary<RandomCase> {
  const forward = forwardOf(op);
  const cases = forward === "nnet.conv2d" ? randomCase : randomCaseOf(forward);
  return forward === op ? cases : cases.map(({ spec, via }) => ({ spec: { ...spec, op }, via }));
}
/** Forms of a random case, beside or instead of those of `formsOf`. */
export type FormsFor = (one: RandomCase) => readonly string[];

/** The GPU alone, for what it serves; `runSync` never goes there. */
export const gpuForm: FormsFor = ({ spec, via }) =>
  spec.dtype !== "float64" && via !== "runSync" && forms.webgpu.serves(spec) ? ["webgpu"] : [];

/** Throws fast-check's report (seed, path, shrunk case) with our repeat line at the first wrong bit. */
export async function checkExact(
  engines: readonly (readonly [Binary | "webgpu", Engine])[],
  cases: number,
  seed: number,
  op: OpName = "nnet.conv2d",
  formsFor: FormsFor = ({ spec }) => formsOf(spec),
): Promise<ExactReport> {
  const report: ExactReport = { evidence: 0, calls: 0, byForm: new Map() };
  const property = fc.asyncProperty(casesOf(op), async ({ spec, via }) => {
    const chosen = formsFor({ spec, via });
    fc.pre(chosen.length > 0);
    const problem = numbers(spec);
    const { y } = expected(problem);
    const evident = zeroShare(y) <= 0.7;
    for (const [binary, engine] of engines) {
      for (const form of chosen) {
        const wrong = await checkBits(engine, problem, y, { binary, form, via });
        if (wrong) throw new Error(wrong);
        report.calls++;
        report.byForm.set(form, (report.byForm.get(form) ?? 0) + 1);
      }
    }
    fc.pre(evident); // drawn again: a run counts only if its output is evidence
    report.evidence++;
  });
  const examples = corpus
    .filter(({ spec }) => (spec.op ?? "nnet.conv2d") === op)
    .map((example) => [example] as [RandomCase]);
  await fc.assert(property, { seed, numRuns: cases, examples });
  return report;
}
