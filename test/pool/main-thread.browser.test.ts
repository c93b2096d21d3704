// R12: a page while its workers compute for some seconds: how late its timers are, and what the browser calls a long task.
// The same is measured while two workers of the test's own keep the cores busy: that much is the machine's.
import { createEngine } from "simdconv";
import { expect, inject, it } from "vitest";
import { firstDifference } from "../support/compare.ts";
import { note } from "../support/record.ts";
import type { Engine } from "../support/spec.ts";
import { jobLasting, outputOf } from "../support/work.ts";
import { serving, startPool } from "./jobs.ts";

/** What browsers hold nested timers back to. */
const CLAMP_MS = 4;

/** By how much timers were late, and the tasks of more than 50 ms, while `job` ran. */
async function watch(job: Promise<unknown>) {
  const long: number[] = [];
  const observer = new PerformanceObserver((list) => long.push(...list.getEntries().map(({ duration }) => duration)));
  observer.observe({ type: "longtask" });
  const late = new Float64Array(20_000); // made before, so that collecting garbage is no part of it
  let [count, running, last] = [0, true, performance.now()];
  const look = () => {
    const now = performance.now();
    if (count < late.length) late[count++] = Math.max(0, now - last - CLAMP_MS);
    last = now;
    if (running) setTimeout(look, CLAMP_MS);
  };
  setTimeout(look, CLAMP_MS);
  await job;
  running = false;
  observer.disconnect();
  const sorted = late.subarray(0, count).sort();
  const quantile = (q: number) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
  const ms = (q: number) => quantile(q).toFixed(1);
  return {
    count: sorted.length,
    long,
    quantile,
    words: `99 % ${ms(0.99)}, 99.5 % ${ms(0.995)}, longest ${ms(1)} ms, ${long.length} long tasks`,
  };
}

async function busyFor(ms: number): Promise<void> {
  const workers = [1, 2].map(
    () => new Worker(new URL("./fixtures/busy-worker.mjs", import.meta.url), { type: "module" }),
  );
  const ends = workers.map((worker) => new Promise((resolve) => worker.addEventListener("message", resolve)));
  for (const worker of workers) worker.postMessage(ms);
  await Promise.all(ends);
  for (const worker of workers) worker.terminate();
}

it.skipIf(!inject("isolated"))(
  "a job of some seconds leaves the main thread alone",
  { timeout: 60_000 },
  async (test) => {
    await using engine = (await createEngine({ binary: "scalar", workers: 2 })) as Engine;
    await startPool(engine, 2);
    const { input, filters } = await jobLasting(4000, engine, { openmp: true });
    // Resident tensors: no input is copied in, and no result out.
    using x = engine.tensor(input.shape);
    x.data.set(input.data as Float32Array);
    using out = engine.tensor(outputOf(input.shape[0]!));
    using layer = await engine.nnet.conv2d.compile({ imageShape: input.shape, filterShape: filters.shape });
    await layer.setFilters(filters);

    const control = await watch(busyFor(3000));
    const from = performance.now();
    const found = await watch(layer.run(x, { out, openmp: true }));
    const total = performance.now() - from;
    note(test, `R12: a job of ${total.toFixed(0)} ms with workers, ${found.count} timers, late by: ${found.words}`);
    note(test, `R12: the same while two busy workers of the test had the cores: ${control.words}`);
    expect(serving(engine)).toBe(2);
    expect(total).toBeGreaterThan(1500);
    expect(found.count).toBeGreaterThan(total / 40);
    expect(found.quantile(0.99), found.words).toBeLessThanOrEqual(Math.max(8, 2 * control.quantile(0.99)));
    expect(found.quantile(1), found.words).toBeLessThanOrEqual(Math.max(25, 3 * control.quantile(1)));
    expect(found.long.length, found.words).toBeLessThanOrEqual(control.long.length);

    const image = outputOf(1).reduce((a, b) => a * b, 1);
    const first = (input.data as Float32Array).subarray(0, input.data.length / input.shape[0]!);
    const alone = await engine.nnet.conv2d({ data: first, shape: [1, ...input.shape.slice(1)] }, filters, {
      openmp: false,
    });
    expect(firstDifference(out.data.slice(0, image), alone.data)).toBe(-1);
  },
);
