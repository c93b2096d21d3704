// Pools that cannot start, start late, are larger than the machine, or are disposed of while they work.
import { createEngine, WorkerError } from "simdconv";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stillGood } from "../support/fixtures.ts";
import { gather } from "../support/place.ts";
import { note } from "../support/record.ts";
import type { Engine } from "../support/spec.ts";
import { longJob } from "../support/work.ts";
import { Control, hookedWorker, type Recorded, recordWorkers } from "./control.ts";
import { becomes, callOf, type Job, jobsOf, pause, serving, settles, startPool, wrongBits } from "./jobs.ts";

let recorded: Recorded;
let jobs: Job[];
beforeAll(async () => {
  recorded = recordWorkers();
  await using engine = await createEngine({ binary: "simd", workers: 0 });
  jobs = await jobsOf(engine as Engine);
});
afterAll(async () => {
  expect(await becomes(() => recorded.alive.size === 0, 5000), `${recorded.alive.size} workers left`).toBe(true);
  recorded.restore();
});

const engineWith = (options: object) => createEngine({ binary: "simd", workers: 2, ...options }) as Promise<Engine>;

async function checkAll(engine: Engine, ms = 3000): Promise<void> {
  const results = jobs.map(async (job) => {
    const { input, filters, options } = callOf(job);
    const result = engine.nnet.conv2d(input, filters, { ...options, openmp: true } as object);
    return wrongBits(job, gather(await settles(result, ms, `[${job.spec.input}] * [${job.spec.filters}]`)));
  });
  expect((await Promise.all(results)).filter(Boolean)).toEqual([]);
}

const fixture = (name: string) => new URL(`./fixtures/${name}`, import.meta.url);

describe("workers that cannot be had", () => {
  const scripts: readonly (readonly [string, URL | string])[] = [
    ["a script that does not exist", fixture("absent.mjs")],
    ["a script at an address of another kind", "https://127.0.0.1:9/worker.js"],
    ["a script that throws", fixture("throwing-worker.mjs")],
    ["a script that exits", fixture("exiting-worker.mjs")],
    ["a script that is no script", new URL("./start.test.ts", import.meta.url)],
    ["an empty script", new URL("data:text/javascript,")],
  ];
  for (const [what, worker] of scripts) {
    it(`${what}: the caller computes, and says why`, async () => {
      await using engine = await engineWith({ worker });
      await checkAll(engine);
      expect(await becomes(() => engine.capabilities().why.workers !== undefined, 15_000)).toBe(true);
      expect(engine.capabilities().why.workers).toMatch(/worker.*\w+ \w+/);
      expect(serving(engine)).toBe(0);
      await checkAll(engine);
      expect(await stillGood(engine)).toBeUndefined();
      const { made } = recorded;
      await checkAll(engine);
      expect(recorded.made, "tries without end").toBeLessThanOrEqual(made + 2);
    });
  }

  it("a function that throws, or that returns no worker", async () => {
    for (const worker of [
      () => {
        throw new Error("no worker today");
      },
      () => undefined as never,
    ]) {
      await using engine = await engineWith({ worker });
      await checkAll(engine);
      expect(await becomes(() => engine.capabilities().why.workers !== undefined, 5000)).toBe(true);
      expect(serving(engine)).toBe(0);
    }
  });

  it("a worker that never answers: jobs do not wait for it, and after the limit the pool says so", {
    timeout: 60_000,
  }, async (test) => {
    await using engine = await engineWith({ worker: fixture("silent-worker.mjs") });
    const from = performance.now();
    await checkAll(engine);
    const took = performance.now() - from;
    expect(took).toBeLessThan(3000);
    expect(serving(engine)).toBe(0);
    expect(await becomes(() => engine.capabilities().why.workers !== undefined, 25_000)).toBe(true);
    expect(engine.capabilities().why.workers).toMatch(/did not start/);
    const known = performance.now() - from;
    note(test, `a silent worker: 8 jobs in ${took.toFixed(0)} ms, known to be silent after ${known.toFixed(0)} ms`);
    await checkAll(engine);
  });

  it("one engine's bad script is not another's", async () => {
    await using bad = await engineWith({ worker: fixture("absent.mjs") });
    await checkAll(bad);
    await using good = await engineWith({});
    await startPool(good, 2);
    expect(good.capabilities().why.workers).toBeUndefined();
    await checkAll(good);
  });
});

describe("sizes and ends", () => {
  it("more workers than cores", async () => {
    await using engine = await engineWith({ workers: 12 });
    await startPool(engine, 12);
    for (let round = 0; round < 3; round++) await checkAll(engine, 6000);
  });

  it("dispose with jobs in flight: each settles, exact or with a typed error, and no worker is left", {
    timeout: 120_000,
  }, async (test) => {
    let [settled, longest] = [0, 0];
    for (let round = 0; round < 12; round++) {
      const others = new Set(recorded.alive);
      const left = () => [...recorded.alive].filter((worker) => !others.has(worker)).length;
      const control = new Control();
      const engine = await engineWith({ worker: hookedWorker });
      if (round % 3 > 0) await startPool(engine, 2); // and otherwise: while they start
      const running = jobs.map(async (job) => {
        const { input, filters, options } = callOf(job);
        const result = engine.nnet.conv2d(input, filters, { ...options, openmp: true } as object);
        return wrongBits(job, gather(await settles(result, 3000, `[${job.spec.input}]`)));
      });
      const outcomes = Promise.allSettled(running);
      await pause(round);
      const from = performance.now();
      engine.dispose();
      for (const outcome of await outcomes) {
        if (outcome.status === "fulfilled") expect(outcome.value, `round ${round}`).toBeUndefined();
        else
          expect((outcome.reason as Error).constructor.name, `round ${round}`).toMatch(/^(DisposedError|WorkerError)$/);
        settled++;
      }
      longest = Math.max(longest, performance.now() - from);
      expect(await becomes(() => left() === 0, 3000), `round ${round}: ${left()} workers left`).toBe(true);
      expect(control.started).toBeLessThanOrEqual(2);
    }
    expect(settled).toBe(12 * jobs.length);
    note(test, `dispose with ${jobs.length} jobs in flight: the last settled ${longest.toFixed(0)} ms later`);
    expect(longest).toBeLessThan(2000);
  });

  it("dispose with a long job in flight ends the workers at once", async () => {
    const engine = await engineWith({});
    await startPool(engine, 2);
    const { input, filters } = longJob(3_000_000_000);
    const job = engine.nnet.conv2d(input, filters, { openmp: true });
    const outcome = job.then(
      () => undefined,
      (error: unknown) => error,
    );
    await pause(20);
    const own = [...recorded.alive].slice(-2);
    engine.dispose();
    expect(await becomes(() => own.every((worker) => !recorded.alive.has(worker)), 1000), "workers left").toBe(true);
    const error = await settles(outcome, 20_000, "the long job");
    if (error !== undefined) expect(error).toBeInstanceOf(WorkerError);
  });
});
