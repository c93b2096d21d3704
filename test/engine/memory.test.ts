// The engine's memory: it stops growing once it has seen its jobs, a budget is kept with a typed error.
import { createEngine } from "simdconv";
import { describe, expect, it } from "vitest";
import { enginesOfThisFile } from "../support/engines.ts";
import { failureOf, mustFail } from "../support/errors.ts";
import { good, stillGood } from "../support/fixtures.ts";
import { forms } from "../support/forms.ts";
import { random } from "../support/random.ts";
import { countCalls, note } from "../support/record.ts";
import type { Engine } from "../support/spec.ts";

const engines = await enginesOfThisFile();

/** Jobs of many sizes, the same for the same seed. */
function mixedShapes(count: number, seed: number) {
  const next = random(seed);
  const size = (most: number) => 1 + Math.floor(next() * most);
  return Array.from({ length: count }, () => {
    const [n, c, h, w, o] = [size(3), size(24), 3 + size(40), 3 + size(40), size(24)];
    const input = { data: new Float32Array(n * c * h * w).fill(1), shape: [n, c, h, w] };
    const filters = { data: new Float32Array(o * c * 9).fill(1), shape: [o, c, 3, 3] };
    return { input, filters, answer: 9 * c };
  });
}

describe("growth", () => {
  for (const binary of engines.binaries) {
    it(`${binary}: 1,000 runs of mixed shapes after a warm-up leave the memory as it was`, async (test) => {
      const engine = await engines.get(binary);
      const jobs = mixedShapes(50, 5);
      const algorithm = "direct"; // exact on integers
      for (const { input, filters } of jobs) await engine.nnet.conv2d(input, filters, { algorithm });
      const before = engine.memoryBytes;
      expect(before).toBeGreaterThan(0);
      for (let run = 0; run < 1000; run++) {
        const { input, filters, answer } = jobs[(run * 7) % jobs.length]!;
        using result = await engine.nnet.conv2d(input, filters, { algorithm });
        expect(result.data[result.data.length - 1]).toBe(answer);
      }
      expect(engine.memoryBytes).toBe(before);
      countCalls(test, binary, 1000);
      note(test, `memory ${binary}: ${before / 65536} pages before and after 1,000 runs`);
    });
  }

  it("compiled ops give their memory back: 300 of them made and disposed of", async () => {
    await using engine = await createEngine({ binary: "simd" });
    const round = async () => {
      using layer = await engine.nnet.conv2d.compile({ imageShape: [1, 64, 8, 8], filterShape: [64, 64, 3, 3] });
      await layer.setFilters({ data: new Float32Array(64 * 64 * 9), shape: [64, 64, 3, 3] });
    };
    for (let i = 0; i < 3; i++) await round();
    const before = engine.memoryBytes;
    for (let i = 0; i < 300; i++) await round();
    expect(engine.memoryBytes).toBe(before);
  });

  it("failed and aborted calls leave nothing behind", async () => {
    await using engine = await createEngine({ binary: "simd" });
    const { input, filters } = good();
    expect(await stillGood(engine)).toBeUndefined();
    const before = engine.memoryBytes;
    for (let i = 0; i < 200; i++) {
      await engine.nnet.conv2d(input, filters, { subsample: [0, 1] }).catch(() => {});
      await engine.nnet.conv2d(input, filters, { signal: AbortSignal.abort() }).catch(() => {});
    }
    expect(engine.memoryBytes).toBe(before);
  });
});

describe("out of memory", () => {
  it("a job above the budget is an OutOfMemoryError, a small one succeeds at once; 100 times in a row", async () => {
    await using engine = await createEngine({ binary: "simd", maximumMemory: 4 * 2 ** 20 });
    expect(await stillGood(engine)).toBeUndefined();
    const big = { data: new Float32Array(3 * 1024 * 1024), shape: [1, 3, 1024, 1024] };
    const { filters } = good();
    for (let i = 0; i < 100; i++) {
      expect(await mustFail(() => engine.nnet.conv2d(big, filters), "OutOfMemoryError", [])).toBeUndefined();
      expect(await stillGood(engine)).toBeUndefined();
    }
    expect(engine.memoryBytes).toBeLessThanOrEqual(4 * 2 ** 20);
  });

  it("so is a resident tensor, and an output that no machine could hold", async () => {
    await using engine = await createEngine({ binary: "simd", maximumMemory: 4 * 2 ** 20 });
    expect(await mustFail(() => engine.tensor([2 ** 21]), "OutOfMemoryError", [])).toBeUndefined();
    const { input, filters } = good();
    const wide = () => engine.nnet.conv2d(input, filters, { borderMode: 20_000 });
    expect(await mustFail(wide, "OutOfMemoryError", [])).toBeUndefined();
    expect(await stillGood(engine)).toBeUndefined();
  });

  it("a job that fits a fresh engine's budget fits it after any other job too", async () => {
    const maximumMemory = 8 * 2 ** 20;
    const side = 950; // input and output are 3.6 MB each
    const image = { data: new Float32Array(side * side), shape: [1, 1, side, side] };
    const jobs = [
      [1, "auto"],
      [3, "auto"],
      [3, "direct pixels"],
      [3, "direct filters"],
      [5, "auto"],
      [11, "direct filters"],
    ] as const;
    const run = async (engine: Engine, [k, form]: (typeof jobs)[number]) => {
      const filters = { data: new Float32Array(k * k), shape: [1, 1, k, k] };
      (await engine.nnet.conv2d(image, filters, { borderMode: "half", ...forms[form].options })).dispose();
    };
    for (const first of jobs) {
      for (const second of jobs) {
        await using engine = await createEngine({ binary: "simd", maximumMemory });
        await run(engine, first);
        const failure = await failureOf(() => run(engine, second));
        expect(failure, `${second} after ${first}: ${failure?.error}`).toBeUndefined();
      }
    }
  });
});
