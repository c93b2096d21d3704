// R1 on the GPU: random integer problems of every op, 0 differing bits. Problems of a kind share a shader, so that there can be many
// even where a software adapter takes a third of a second to build one.
import fc from "fast-check";
import { createEngine } from "simdconv";
import { expect, inject, it } from "vitest";
import { type RandomCase, randomCase } from "../support/arbitrary.ts";
import { randomCaseOf } from "../support/arbitrary-ops.ts";
import { checkBits } from "../support/check.ts";
import { zeroShare } from "../support/compare.ts";
import { forms } from "../support/forms.ts";
import { opNames } from "../support/ops.ts";
import { countCalls, note } from "../support/record.ts";
import { type Engine, expected, numbers } from "../support/spec.ts";

const casesOfOp = 30;

// Isolation is nothing to a GPU: once is enough.
it.skipIf(!inject("isolated"))(
  `${casesOfOp} random integer problems of each op have the oracle's bits`,
  { timeout: 120_000 },
  async (test) => {
    await using engine = (await createEngine({ device: "webgpu", workers: 0 })) as Engine;
    const seed = inject("seed");
    const counts: string[] = [];
    for (const op of opNames) {
      let evidence = 0;
      const check = async ({ spec: { dtype, ...spec }, via }: RandomCase) => {
        fc.pre(forms.webgpu.serves(spec));
        const problem = numbers(spec);
        const { y } = expected(problem);
        // runSync stays here: it is another way of asking for wasm.
        const how = { binary: "webgpu", form: "webgpu", via: via === "call" ? via : "run" } as const;
        const wrong = await checkBits(engine, problem, y, how);
        if (wrong) throw new Error(wrong);
        countCalls(test, "webgpu");
        fc.pre(zeroShare(y) <= 0.7);
        evidence++;
      };
      const cases = op === "nnet.conv2d" ? randomCase : randomCaseOf(op);
      await fc.assert(fc.asyncProperty(cases, check), { seed, numRuns: casesOfOp });
      expect(evidence).toBe(casesOfOp);
      counts.push(`${op} ${evidence}`);
    }
    note(test, `R1 webgpu: ${counts.join(", ")} random problems, 0 wrong bits, seed ${seed}`);
  },
);
