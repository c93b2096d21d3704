// R7 and R8 on a page: scripts that are not there, workers that are terminated, calls that are stopped, engines disposed of.
import { createEngine } from "simdconv";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { firstDifference } from "../support/compare.ts";
import { failureOf } from "../support/errors.ts";
import { stillGood } from "../support/fixtures.ts";
import { gather } from "../support/place.ts";
import { integer, random } from "../support/random.ts";
import { note } from "../support/record.ts";
import type { Engine } from "../support/spec.ts";
import { jobLasting, longJob } from "../support/work.ts";
import { becomes, callOf, type Job, jobsOf, pause, serving, settles, startPool, wrongBits } from "./jobs.ts";

const isolated = inject("isolated");
let jobs: Job[];
beforeAll(async () => {
  await using engine = await createEngine({ binary: "simd", workers: 0 });
  jobs = await jobsOf(engine as Engine);
});

const engineWith = (options: object = {}) =>
  createEngine({ binary: "simd", workers: 2, ...options }) as Promise<Engine>;

function start(engine: Engine, ms = 5000): Promise<string | undefined>[] {
  return jobs.map(async (job) => {
    const { input, filters, options } = callOf(job);
    const result = engine.nnet.conv2d(input, filters, { ...options, openmp: true } as object);
    return wrongBits(job, gather(await settles(result, ms, `[${job.spec.input}] * [${job.spec.filters}]`)));
  });
}

const checkAll = async (engine: Engine, ms?: number) =>
  expect((await Promise.all(start(engine, ms))).filter(Boolean)).toEqual([]);

/** The library's own worker, made here so that the test has it in hand. */
const kernelWorker = () => new Worker(new URL("/dist/workers/kernel-worker.js", location.href), { type: "module" });

describe("workers of a page", () => {
  for (const [what, worker] of [
    ["a 404", "/test/pool/fixtures/absent.js"],
    ["a file that is no script", "/package.json"],
    ["another origin", "http://127.0.0.1:9/worker.js"],
    [
      "a function that throws",
      () => {
        throw new Error("no worker today");
      },
    ],
    ["a script that throws", `/test/pool/fixtures/throwing-worker.mjs`],
  ] as const) {
    it(`${what}: right results without workers, and the reason`, { timeout: 60_000 }, async () => {
      await using engine = await engineWith({ worker });
      await checkAll(engine);
      expect(await becomes(() => engine.capabilities().why.workers !== undefined, 15_000)).toBe(true);
      expect(engine.capabilities().why.workers).toMatch(/\w+ \w+/);
      expect(serving(engine)).toBe(0);
      await checkAll(engine);
      expect(await stillGood(engine)).toBeUndefined();
    });
  }

  it("a worker that never answers: jobs do not wait for it", { timeout: 60_000 }, async () => {
    await using engine = await engineWith({ worker: "/test/pool/fixtures/busy-worker.mjs" }); // to which our messages mean nothing
    await checkAll(engine);
    expect(serving(engine)).toBe(0);
  });

  it.skipIf(!isolated)("a worker given by a function", async () => {
    let made = 0;
    const worker = () => {
      made++;
      return kernelWorker();
    };
    await using engine = await engineWith({ worker });
    await startPool(engine, 2);
    await checkAll(engine);
    expect(made).toBe(2);
  });

  it.skipIf(!isolated)(
    "25 random moments of terminate, of which a page tells nobody: everything settles, exact",
    { timeout: 120_000 },
    async (test) => {
      const seed = inject("seed");
      const next = random(seed);
      let longest = 0;
      for (let round = 0; round < 25; round++) {
        const made: Worker[] = [];
        const worker = () => {
          const one = kernelWorker();
          made.push(one);
          return one;
        };
        await using engine = await engineWith({ worker });
        await startPool(engine, 2);
        const running = start(engine);
        const ms = integer(next, 0, 15);
        await pause(ms);
        const from = performance.now();
        for (const one of made.slice(0, 1 + (round % 2))) one.terminate();
        const what = `seed ${seed}, round ${round}: ${1 + (round % 2)} of 2 terminated after ${ms} ms`;
        expect((await Promise.all(running)).filter(Boolean), what).toEqual([]);
        longest = Math.max(longest, performance.now() - from);
        expect(await stillGood(engine), what).toBeUndefined();
        await checkAll(engine);
      }
      note(
        test,
        `R7 page: 25 terminates, the last of 8 jobs settled at most ${longest.toFixed(0)} ms later, seed ${seed}`,
      );
      expect(longest).toBeLessThan(2000);
    },
  );

  // Chromium lets a worker that is computing go on for some two seconds after `terminate`, and then stops it wherever it is.
  it.skipIf(!isolated)("workers terminated behind the pool's back are replaced", { timeout: 60_000 }, async (test) => {
    const made: Worker[] = [];
    const worker = () => {
      made.push(kernelWorker());
      return made.at(-1)!;
    };
    await using engine = await engineWith({ worker });
    await startPool(engine, 2);
    for (const one of made) one.terminate();
    await pause(3000);
    const from = performance.now();
    let longest = 0;
    const noticed = () => made.length > 2 || serving(engine) === 0;
    while (!noticed() && performance.now() - from < 10_000) {
      const start = performance.now();
      await checkAll(engine);
      longest = Math.max(longest, performance.now() - start);
    }
    const found = `${serving(engine)} are said to serve, ${made.length} were made; eight jobs took up to ${longest.toFixed(0)} ms`;
    note(
      test,
      `R7 page: two dead workers were noticed after ${(performance.now() - from).toFixed(0)} ms of jobs; ${found}`,
    );
    expect(noticed(), `none serves, and it was not noticed: ${found}`).toBe(true);
    expect(await becomes(() => made.length === 4 && serving(engine) === 2, 5000), found).toBe(true);
    await checkAll(engine);
  });

  it.skipIf(!isolated)("workers stopped in the middle of a job of some seconds", { timeout: 90_000 }, async (test) => {
    let job: Awaited<ReturnType<typeof jobLasting>> | undefined;
    let want: ArrayLike<number> = [];
    let alone = 0; // milliseconds with both workers
    for (const killed of [1, 2]) {
      const made: Worker[] = [];
      const worker = () => {
        made.push(kernelWorker());
        return made.at(-1)!;
      };
      await using engine = await engineWith({ worker, binary: "scalar" });
      await startPool(engine, 2);
      if (!job) {
        job = await jobLasting(4000, engine, { openmp: true }); // Chromium must stop the workers in the middle of it
        const from = performance.now();
        want = (await settles(engine.nnet.conv2d(job.input, job.filters, { openmp: true }), 30_000, "the job")).data;
        alone = performance.now() - from;
      }
      const start = performance.now();
      const running = engine.nnet.conv2d(job.input, job.filters, { openmp: true });
      await pause(100);
      for (const one of made.slice(0, killed)) one.terminate();
      const got = await settles(running, 5 * alone + 5000, `the job, ${killed} of 2 terminated`);
      const took = performance.now() - start;
      expect(firstDifference(got.data, want), `${killed} of 2 terminated`).toBe(-1);
      note(
        test,
        `R7 page: ${killed} of 2 terminated in a job of ${alone.toFixed(0)} ms: it took ${took.toFixed(0)} ms`,
      );
      expect(took).toBeLessThan(3 * alone + 3000);
    }
  });

  it("100 random moments of abort: the signal's reason within 50 ms beyond a slice, and the next call is exact", {
    timeout: 120_000,
  }, async (test) => {
    const seed = inject("seed") + 1;
    const next = random(seed);
    await using engine = await engineWith();
    if (engine.capabilities().workers > 0) await startPool(engine, 2);
    const { input, filters } = longJob(1_400_000_000);
    let total = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 4; i++) {
      const from = performance.now();
      await engine.nnet.conv2d(input, filters, { openmp: true });
      total = Math.min(total, performance.now() - from);
    }
    const waits: number[] = [];
    for (let round = 0; round < 100; round++) {
      const controller = new AbortController();
      const running = failureOf(() => engine.nnet.conv2d(input, filters, { openmp: true, signal: controller.signal }));
      const ms = 0.9 * next() * total;
      await pause(ms);
      const aborted = performance.now();
      controller.abort({ round });
      const failure = await settles(running, 5000, `seed ${seed}, round ${round}`);
      if (!failure) continue;
      waits.push(performance.now() - aborted);
      expect(failure.error).toBe(controller.signal.reason);
      if (round % 10 === 0) expect(await stillGood(engine)).toBeUndefined();
    }
    waits.sort((a, b) => a - b);
    note(
      test,
      `R8 page: ${waits.length} of 100 aborted on the way, median ${waits[waits.length >> 1]!.toFixed(1)} ms, longest ${waits.at(-1)!.toFixed(1)} ms`,
    );
    expect(waits.length).toBeGreaterThan(40);
    expect(waits.at(-1)!, `seed ${seed}`).toBeLessThan(50);
  });

  it("dispose with jobs in flight: each settles", { timeout: 60_000 }, async () => {
    for (let round = 0; round < 8; round++) {
      const engine = await engineWith();
      if (round % 2 && engine.capabilities().workers > 0) await startPool(engine, 2);
      const running = Promise.allSettled(start(engine));
      await pause(2 * round);
      engine.dispose();
      for (const outcome of await running) {
        if (outcome.status === "fulfilled") expect(outcome.value).toBeUndefined();
        else expect((outcome.reason as Error).name).toMatch(/^(DisposedError|WorkerError)$/);
      }
    }
  });
});
