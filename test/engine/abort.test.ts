// AbortSignal: a computation stops, not only its promise; the promise rejects with the signal's own reason.
import { getEventListeners } from "node:events";
import { beforeAll, describe, expect, it } from "vitest";
import { firstDifference } from "../support/compare.ts";
import { enginesOfThisFile } from "../support/engines.ts";
import { failureOf } from "../support/errors.ts";
import { good, goodAnswer, stillGood } from "../support/fixtures.ts";
import { gather } from "../support/place.ts";
import type { Engine } from "../support/spec.ts";
import { longJob } from "../support/work.ts";

const engines = await enginesOfThisFile();
let engine: Engine;
beforeAll(async () => {
  engine = await engines.get("scalar");
});
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("abort", () => {
  it("before the call: rejects with the reason, computes nothing, writes nothing", async () => {
    const reason = { why: "a reason of any kind" };
    const { input, filters } = good();
    const out = { data: new Float32Array(200).fill(7), shape: [2, 4, 5, 5] };
    const failure = await failureOf(() =>
      engine.nnet.conv2d(input, filters, { signal: AbortSignal.abort(reason), out }),
    );
    expect(failure?.error).toBe(reason);
    expect(new Set(out.data)).toEqual(new Set([7]));
  });

  it("without a reason: the signal's AbortError", async () => {
    const { input, filters } = good();
    const signal = AbortSignal.abort();
    const failure = await failureOf(() => engine.nnet.conv2d(input, filters, { signal }));
    expect(failure?.error).toBe(signal.reason);
    expect(signal.reason).toMatchObject({ name: "AbortError" });
  });

  it("bad arguments are reported before an abort is", async () => {
    const { input } = good();
    const call = () =>
      engine.nnet.conv2d(input, { data: new Float32Array(4), shape: [4] }, { signal: AbortSignal.abort("no") });
    expect(await failureOf(call)).not.toEqual({ error: "no" });
  });

  it("during the run: rejects with the reason within 50 ms, and the next call is exact", async () => {
    const { input, filters } = longJob(400_000_000);
    for (let turns = 1; turns <= 4; turns++) {
      const controller = new AbortController();
      const running = failureOf(() => engine.nnet.conv2d(input, filters, { signal: controller.signal }));
      for (let i = 0; i < turns; i++) await turn();
      const reason = new Error(`stopped after ${turns}`);
      controller.abort(reason);
      const start = performance.now();
      expect((await running)?.error).toBe(reason);
      expect(performance.now() - start).toBeLessThan(50);
      expect(await stillGood(engine)).toBeUndefined();
    }
  });

  it("stops the work: the thread is idle afterwards", async () => {
    const { input, filters } = longJob(800_000_000);
    const controller = new AbortController();
    const running = failureOf(() => engine.nnet.conv2d(input, filters, { signal: controller.signal }));
    await turn();
    controller.abort();
    await running;
    const before = process.cpuUsage();
    const until = performance.now() + 100;
    while (performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 10));
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000, "ms of CPU in 100 ms of waiting").toBeLessThan(60);
  });

  it("a signal from onProgress stops the run too", async () => {
    const { input, filters } = longJob(200_000_000);
    const controller = new AbortController();
    let last = 0;
    const onProgress = (done: number) => {
      last = done;
      controller.abort("enough");
    };
    const failure = await failureOf(() =>
      engine.nnet.conv2d(input, filters, { signal: controller.signal, onProgress }),
    );
    expect(failure?.error).toBe("enough");
    expect(last).toBeGreaterThan(0);
  });

  it("after the run: nothing happens, and no listener is left", async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const { input, filters } = good();
    for (let round = 0; round < 20; round++) {
      expect(gather(await engine.nnet.conv2d(input, filters, { signal }))).toEqual(goodAnswer.y);
    }
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
    await failureOf(() => engine.nnet.conv2d(input, { ...filters, shape: [1] }, { signal }));
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
    controller.abort();
    expect(await stillGood(engine)).toBeUndefined();
  });

  it("leaves no listener after an abort either", async () => {
    const controller = new AbortController();
    const { input, filters } = longJob(100_000_000);
    const running = failureOf(() => engine.nnet.conv2d(input, filters, { signal: controller.signal }));
    await turn();
    controller.abort();
    await running;
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
  });

  it("one signal for several calls stops them all; calls without it finish", async () => {
    const controller = new AbortController();
    const { input, filters } = longJob(100_000_000);
    const stopped = [1, 2, 3].map(() =>
      failureOf(() => engine.nnet.conv2d(input, filters, { signal: controller.signal })),
    );
    const free = engine.nnet.conv2d(good().input, good().filters);
    await turn();
    controller.abort("all");
    for (const failure of await Promise.all(stopped)) expect(failure?.error).toBe("all");
    expect(gather(await free)).toEqual(goodAnswer.y);
  });

  it("a compiled op that was stopped in the middle gives right answers again, sync and not", async () => {
    const { input, filters } = longJob(170_000_000);
    using layer = await engine.nnet.conv2d.compile({ imageShape: input.shape, filterShape: filters.shape });
    await layer.setFilters(filters);
    const right = (await engine.nnet.conv2d(input, filters)).data;
    for (let round = 0; round < 3; round++) {
      const controller = new AbortController();
      const running = failureOf(() => layer.run(input, { signal: controller.signal }));
      await turn();
      controller.abort("stop");
      expect(await running).toEqual({ error: "stop" });
      expect(firstDifference((await layer.run(input)).data, right)).toBe(-1);
    }
    expect(firstDifference(layer.runSync(input).data, right)).toBe(-1);
  });

  it("runSync looks at the signal once", async () => {
    const { input, filters } = good();
    using layer = await engine.nnet.conv2d.compile({ imageShape: input.shape, filterShape: filters.shape });
    await layer.setFilters(filters);
    expect(await failureOf(() => layer.runSync(input, { signal: AbortSignal.abort("sync") }))).toEqual({
      error: "sync",
    });
    expect(gather(layer.runSync(input, { signal: new AbortController().signal }))).toEqual(goodAnswer.y);
  });
});
