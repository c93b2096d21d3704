// What is particular to a page: isolation as its headers say, all binaries, a report that agrees, a page that stays
// alive during a long job, and a kernel file that is not there.
import { capabilities, createEngine, nnet } from "simdconv";
import { describe, expect, inject, it } from "vitest";
import { supportedBinaries, wasmUrl } from "../support/binaries.ts";
import { mustFail } from "../support/errors.ts";
import { good, goodAnswer, stillGood } from "../support/fixtures.ts";
import { gather } from "../support/place.ts";
import { note } from "../support/record.ts";
import { jobLasting } from "../support/work.ts";
import { everyBinaryRuns } from "./binaries.ts";

describe("page", () => {
  it("is cross-origin isolated in the one project and not in the other", (test) => {
    expect(crossOriginIsolated).toBe(inject("isolated"));
    note(test, `${navigator.userAgent.match(/\S*Chrom\S*/)?.[0]}, crossOriginIsolated ${crossOriginIsolated}`);
  });

  everyBinaryRuns(["scalar", "simd", "relaxed"]);

  it("module-level ops fetch their kernels from beside the script", async () => {
    const { input, filters } = good();
    expect(gather(await nnet.conv2d(input, filters))).toEqual(goodAnswer.y);
  });

  it("capabilities agree with the page", async () => {
    const found = await capabilities();
    expect(found).toMatchObject({ simd: true, relaxedSimd: true, crossOriginIsolated });
    expect(found.sharedMemory).toBe(crossOriginIsolated);
    expect(found.using).toMatchObject({ binary: (await supportedBinaries()).at(-1) });
    for (const [name, has] of Object.entries(found))
      if (!has) expect(found.why[name], `the reason for ${name}: ${has}`).toMatch(/\w+ \w+/);
  });

  it("a kernel file that is a 404, or a page instead of a module: OptionError naming wasm, and the next engine works", async () => {
    const wrong = [
      new URL("/dist/wasm/absent.wasm", location.href),
      new URL("/no/such/file.wasm", location.href).href,
      new URL("/package.json", location.href),
    ];
    for (const wasm of wrong) {
      expect(await mustFail(() => createEngine({ wasm }), "OptionError", ["wasm"])).toBeUndefined();
      await using engine = await createEngine({ wasm: wasmUrl("simd"), binary: "simd" });
      expect(await stillGood(engine)).toBeUndefined();
    }
  });

  it("stays alive during a long job: 95 of 100 messages wait at most 25 ms, none 100 ms", async (test) => {
    await using engine = await createEngine({ binary: "simd" });
    const { input, filters } = await jobLasting(700, engine);
    const { port1, port2 } = new MessageChannel();
    const waits: number[] = [];
    let last = performance.now();
    port1.onmessage = () => {
      waits.push(performance.now() - last);
      last = performance.now();
      port2.postMessage(0);
    };
    port2.postMessage(0);
    const from = performance.now();
    await engine.nnet.conv2d(input, filters);
    const total = performance.now() - from;
    port1.close();
    waits.sort((a, b) => a - b);
    const [usual, longest] = [waits[Math.floor(waits.length * 0.95)]!, waits.at(-1)!];
    note(
      test,
      `page: ${waits.length} pings in a job of ${total.toFixed(0)} ms, 95 % wait ${usual.toFixed(1)} ms or less, the longest ${longest.toFixed(1)} ms`,
    );
    expect(total).toBeGreaterThan(200);
    expect(usual).toBeLessThanOrEqual(25);
    expect(longest).toBeLessThanOrEqual(100);
  });
});
