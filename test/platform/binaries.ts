// What must hold in every runtime: each binary it supports computes, and it supports what it is known to support.
import { createEngine } from "simdconv";
import { expect, it } from "vitest";
import { supportedBinaries } from "../support/binaries.ts";
import { stillGood } from "../support/fixtures.ts";
import { opNames } from "../support/ops.ts";
import { countCalls } from "../support/record.ts";

export function everyBinaryRuns(known: readonly string[]): void {
  it(`supports ${known.join(", ")}, and each of them computes`, async (test) => {
    const binaries = await supportedBinaries();
    test.task.meta.supported = [...binaries];
    expect(binaries).toEqual(known);
    for (const binary of binaries) {
      await using engine = await createEngine({ binary });
      using layer = await engine.nnet.conv2d.compile({ imageShape: [1, 1, 4, 4], filterShape: [1, 1, 2, 2] });
      expect(layer.plan.binary).toBe(binary);
      for (const op of opNames) expect(await stillGood(engine, op)).toBeUndefined();
      countCalls(test, binary, opNames.length);
    }
  });
}
