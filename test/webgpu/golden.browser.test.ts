// The golden cases on the page's GPU, which without a card is SwiftShader: within their tolerance, integers exact.
import { createEngine } from "simdconv";
import { describe, expect, inject, it } from "vitest";
import { goldenUrl, loadGolden } from "../golden/load.ts";
import { gpuForms, runGolden } from "../golden/run.ts";
import { countCalls, note } from "../support/record.ts";
import type { Engine } from "../support/spec.ts";

describe("golden cases", () => {
  // Isolation is nothing to a GPU: once is enough.
  it.skipIf(!inject("isolated"))("float32: all of every op", { timeout: 300_000 }, async (test) => {
    await using engine = (await createEngine({ device: "webgpu", workers: 0 })) as Engine;
    const golden = await loadGolden(goldenUrl());
    const { calls, failures } = await runGolden(golden, engine, "webgpu", gpuForms);
    countCalls(test, "webgpu", calls);
    note(test, `golden webgpu: ${calls} calls on ${engine.capabilities().using.gpu}`);
    expect(failures.length, `${failures.length} of ${calls} failed\n${failures.slice(0, 5).join("\n")}`).toBe(0);
    expect(calls).toBeGreaterThan(200);
  });
});
