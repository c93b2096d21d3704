// R8: abort before, during and after a pooled call. It rejects with the signal's own reason, the processors are idle soon
// afterwards, no listener and no memory is left, and the next call is exact.
import { getEventListeners } from "node:events";
import { createEngine } from "simdconv";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { until } from "../../src/engine/wait.ts";
import { firstDifference } from "../support/compare.ts";
import { failureOf } from "../support/errors.ts";
import { stillGood } from "../support/fixtures.ts";
import { gather } from "../support/place.ts";
import { integer, random } from "../support/random.ts";
import { countCalls, note } from "../support/record.ts";
import type { Engine } from "../support/spec.ts";
import { longJob } from "../support/work.ts";
import { Control, hookedWorker } from "./control.ts";
import { becomes, callOf, type Job, jobsOf, pause, settles, startPool, wrongBits } from "./jobs.ts";

let engine: Engine;
let control: Control;
let jobs: Job[];
const long = longJob(1_400_000_000);
const short = longJob(170_000_000);
let answer: Float64Array;
let total = 0;

beforeAll(async () => {
  control = new Control();
  engine = (await createEngine({ binary: "simd", workers: 2, worker: hookedWorker })) as Engine;
  await startPool(engine, 2);
  jobs = await jobsOf(engine);
  answer = gather(await engine.nnet.conv2d(short.input, short.filters, { openmp: false }));
  await engine.nnet.conv2d(long.input, long.filters, { openmp: true });
  const from = performance.now();
  await engine.nnet.conv2d(long.input, long.filters, { openmp: true });
  total = performance.now() - from;
});
afterAll(() => engine?.dispose());

/** Milliseconds of processor time of all threads during `ms` of waiting. */
async function processorTime(ms: number): Promise<number> {
  const before = process.cpuUsage();
  await pause(ms);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Counts what is added to a signal. */
function watched() {
  const controller = new AbortController();
  const { signal } = controller;
  const counts = { added: 0 };
  const { addEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    counts.added++;
    addEventListener.apply(signal, args);
  };
  return { controller, signal, counts };
}

describe("R8", () => {
  it("before the call: rejects with the reason, and no worker computes anything", async () => {
    const { calls } = control;
    for (const reason of [new Error("no"), "a string", { any: "thing" }, 0]) {
      const failure = await failureOf(() =>
        engine.nnet.conv2d(long.input, long.filters, { openmp: true, signal: AbortSignal.abort(reason) }),
      );
      expect(failure?.error).toBe(reason);
    }
    expect(control.calls).toBe(calls);
  });

  it("200 random moments", { timeout: 200_000 }, async (test) => {
    const seed = inject("seed");
    const next = random(seed);
    const waits: number[] = [];
    let [during, listened] = [0, 0];
    for (let round = 0; round < 200; round++) {
      const { controller, signal, counts } = watched();
      const reason = { round };
      const ms = next() * 1.05 * total;
      const running = failureOf(() => engine.nnet.conv2d(long.input, long.filters, { openmp: true, signal }));
      const small = engine.nnet.conv2d(short.input, short.filters, { openmp: true });
      await pause(ms);
      const from = performance.now();
      controller.abort(reason);
      const failure = await settles(running, 5000, `seed ${seed}, round ${round}: aborted after ${ms.toFixed(1)} ms`);
      const what = `seed ${seed}, round ${round}: aborted after ${ms.toFixed(1)} of about ${total.toFixed(0)} ms`;
      if (failure) {
        waits.push(performance.now() - from);
        during++;
        expect(failure.error, what).toBe(reason);
      }
      expect(getEventListeners(signal, "abort"), what).toHaveLength(0);
      listened += counts.added;
      expect(firstDifference(gather(await small), answer), what).toBe(-1);
      if (round % 10 === 0) expect(await stillGood(engine), what).toBeUndefined();
    }
    waits.sort((a, b) => a - b);
    const [median, longest] = [waits[waits.length >> 1]!, waits.at(-1)!];
    countCalls(test, "simd", 400);
    note(
      test,
      `R8: ${during} of 200 aborted on the way, median ${median.toFixed(1)} ms, longest ${longest.toFixed(1)} ms, ${listened} listeners came and went, seed ${seed}`,
    );
    expect(during).toBeGreaterThan(100);
    expect(longest, `seed ${seed}`).toBeLessThan(50);
  });

  it("a caller that waits listens to the signal, wakes up by it, and leaves no listener", async () => {
    const { controller, signal, counts } = watched();
    const waiting = until(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000, signal);
    expect(counts.added).toBe(1); // there was a listener to remove
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    controller.abort();
    await settles(waiting, 1000, "a wait whose signal aborted");
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  it("stops the tiles: all processors are idle 100 ms later", { timeout: 60_000 }, async (test) => {
    const seed = inject("seed") + 1;
    const next = random(seed);
    const busy: number[] = [];
    let stopped = 0;
    for (let round = 0; round < 15; round++) {
      const controller = new AbortController();
      const { signal } = controller;
      const running = [1, 2, 3].map(() =>
        failureOf(() => engine.nnet.conv2d(long.input, long.filters, { openmp: true, signal })),
      );
      await pause(next() * total);
      controller.abort();
      for (const failure of await Promise.all(running)) {
        if (!failure) continue; // it had ended before
        expect(failure.error).toBe(signal.reason);
        stopped++;
      }
      await pause(100);
      const { calls } = control;
      busy.push(await processorTime(100));
      expect(control.calls, `seed ${seed}, round ${round}: tiles computed 100 ms after the abort`).toBe(calls);
    }
    busy.sort((a, b) => a - b);
    note(
      test,
      `R8: processor time in 100 ms of rest after an abort: median ${busy[7]!.toFixed(1)} ms, most ${busy.at(-1)!.toFixed(1)} ms`,
    );
    expect(stopped, "calls stopped, of 45").toBeGreaterThan(25);
    expect(busy[7]!).toBeLessThan(15);
    expect(busy.at(-1)!).toBeLessThan(60);
  });

  it("one signal for eight jobs of all kinds; those without it finish with their bits", {
    timeout: 60_000,
  }, async () => {
    const seed = inject("seed") + 2;
    const next = random(seed);
    for (let round = 0; round < 25; round++) {
      const controller = new AbortController();
      const { signal } = controller;
      const chosen = Array.from({ length: 8 }, () => jobs[integer(next, 0, jobs.length - 1)]!);
      const calls = chosen.map((job, i) => {
        const { input, filters, options } = callOf(job);
        const call = { ...options, openmp: true, ...(i % 2 && { signal }) };
        return engine.nnet.conv2d(input, filters, call as object).then(
          (result) => wrongBits(job, gather(result)),
          (error: unknown) => (i % 2 && error === signal.reason ? undefined : String(error)),
        );
      });
      await pause(next() * 25);
      controller.abort({ round });
      expect((await Promise.all(calls)).filter(Boolean), `seed ${seed}, round ${round}`).toEqual([]);
      expect(getEventListeners(signal, "abort")).toHaveLength(0);
    }
  });

  it("after the end: nothing happens; the listeners of 50 calls are gone", async () => {
    const { controller, signal, counts } = watched();
    for (let call = 0; call < 50; call++) {
      const result = await engine.nnet.conv2d(short.input, short.filters, { openmp: true, signal });
      expect(firstDifference(gather(result), answer)).toBe(-1);
      result.dispose();
    }
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
    expect(counts.added).toBeGreaterThan(0);
    controller.abort();
    expect(await stillGood(engine)).toBeUndefined();
  });

  it("from onProgress, and an error thrown by onProgress", async () => {
    const slow = { openmp: true, algorithm: "direct" } as const;
    const controller = new AbortController();
    const seen: number[] = [];
    const onProgress = (done: number) => {
      seen.push(done);
      if (done > 0) controller.abort("enough");
    };
    const failure = await failureOf(() =>
      engine.nnet.conv2d(long.input, long.filters, { ...slow, signal: controller.signal, onProgress }),
    );
    expect(failure?.error).toBe("enough");
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    const boom = new Error("boom");
    const thrown = await failureOf(() =>
      engine.nnet.conv2d(long.input, long.filters, {
        ...slow,
        onProgress: () => {
          throw boom;
        },
      }),
    );
    expect(thrown?.error).toBe(boom);
    expect(
      firstDifference(gather(await engine.nnet.conv2d(short.input, short.filters, { openmp: true })), answer),
    ).toBe(-1);
  });

  it("a compiled op that was stopped gives right answers again, and its memory stays what it was", async () => {
    using layer = await engine.nnet.conv2d.compile({ imageShape: short.input.shape, filterShape: short.filters.shape });
    await layer.setFilters(short.filters);
    expect(firstDifference(gather(await layer.run(short.input, { openmp: true })), answer)).toBe(-1);
    const before = engine.liveBytes;
    for (let round = 0; round < 20; round++) {
      const controller = new AbortController();
      const running = failureOf(() => layer.run(short.input, { openmp: true, signal: controller.signal }));
      await pause(round % 4);
      controller.abort("stop");
      await running;
      expect(firstDifference(gather(await layer.run(short.input, { openmp: true })), answer), `round ${round}`).toBe(
        -1,
      );
    }
    // A stopped run gives its job back when the last worker has let go; meanwhile another run may have made a second one.
    expect(await becomes(() => engine.liveBytes <= 2 * before, 2000)).toBe(true);
  });

  it("gives all memory back: live bytes are those of before", async () => {
    const overlapping = (signal?: AbortSignal) =>
      Array.from({ length: 18 }, () =>
        failureOf(() => engine.nnet.conv2d(long.input, long.filters, { openmp: true, ...(signal && { signal }) })),
      );
    await Promise.all(overlapping()); // every slot has its scratch now, which stays
    await pause(20);
    const before = engine.liveBytes;
    let stopped = 0;
    for (let round = 0; round < 10; round++) {
      const controller = new AbortController();
      const running = overlapping(controller.signal);
      await pause(3 * round);
      controller.abort();
      // On a busy machine the pause may outlast the first jobs, which are then whole.
      const errors = (await Promise.all(running)).map((failure) => failure?.error);
      for (const error of errors) expect([undefined, controller.signal.reason]).toContain(error);
      stopped += errors.filter(Boolean).length;
    }
    expect(stopped).toBeGreaterThan(18);
    expect(await becomes(() => engine.liveBytes <= before, 2000), `${engine.liveBytes} live, ${before} before`).toBe(
      true,
    );
  });
});
