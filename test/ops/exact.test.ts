// R1 in Node for signal.conv2d, conv3D, conv3d2d.conv3d, filterActs (500 random integer problems each) and the gradients (200), on every binary
// in every form that serves it, 0 differing bits. (nnet.conv2d has 2,000 in a file of its own.)
import { expect, inject, it } from "vitest";
import { enginesOfThisFile } from "../support/engines.ts";
import { checkExact } from "../support/exact.ts";
import { builtForms } from "../support/forms.ts";
import { forwardOf, gradientOps, isGradient, smallOps } from "../support/ops.ts";
import { countCalls, note } from "../support/record.ts";

const engines = await enginesOfThisFile();
const ofOneOutput = ["depthwise", "separable", "fft"]; // these serve some ops only
const ofFewShapes = ["winograd", "depthwise planes"]; // the first has a test of its own

for (const op of [...smallOps, ...gradientOps]) {
  const cases = isGradient(op) ? 200 : 500;
  it(`${op}: ${cases} random integer problems have the oracle's bits`, { timeout: 180_000 }, async (test) => {
    const seed = inject("seed");
    const pairs = await Promise.all(
      engines.binaries.map(async (binary) => [binary, await engines.get(binary)] as const),
    );
    const { evidence, calls, byForm } = await checkExact(pairs, cases, seed, op);
    const perForm = [...byForm].map(([form, number]) => `${form} ${number}`).join(", ");
    note(test, `R1 ${op}: ${evidence} random problems, ${calls} calls (${perForm}), 0 wrong bits, seed ${seed}`);
    for (const binary of engines.binaries) countCalls(test, binary, calls / engines.binaries.length);
    expect(evidence).toBe(cases);
    const forced = builtForms.filter(
      (form) =>
        form !== "unshared" && !ofFewShapes.includes(form) && (op === "signal.conv2d" || !ofOneOutput.includes(form)),
    );
    for (const form of forced) expect(byForm.get(form) ?? 0, `calls in form ${form}`).toBeGreaterThan(cases / 10);
    if (forwardOf(op) === "nnet.conv2d") expect(byForm.get("unshared") ?? 0).toBeGreaterThan(cases / 20);
  });
}
