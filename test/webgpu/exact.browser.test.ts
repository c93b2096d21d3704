// R1 on the GPU: random integer problems of every op, 0 differing bits. Problems of a kind share a shader, so that there can be many
// even where a software adapter takes a third of a second to build one.
import { createEngine } from "simdconv";
import { expect, inject, it } from "vitest";
import { checkExact, gpuForm } from "../support/exact.ts";
import { opNames } from "../support/ops.ts";
import { countCalls, note } from "../support/record.ts";
import type { Engine } from "../support/spec.ts";

const casesOfOp = 30;

// Isolation is nothing to a GPU: once is enough.
it.skipIf(!inject("isolated"))(
  `${casesOfOp} random integer problems of each op have the oracle's bits`,
  { timeout: 180_000 },
  async (test) => {
    await using engine = (await createEngine({ device: "webgpu", workers: 0 })) as Engine;
    const seed = inject("seed");
    const counts: string[] = [];
    for (const op of opNames) {
      const { evidence, calls } = await checkExact([["webgpu", engine]], casesOfOp, seed, op, gpuForm);
      countCalls(test, "webgpu", calls);
      expect(evidence, op).toBe(casesOfOp);
      counts.push(`${op} ${evidence}`);
    }
    note(test, `R1 webgpu: ${counts.join(", ")} random problems, 0 wrong bits, seed ${seed}`);
  },
);
