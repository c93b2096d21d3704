// R7: workers that throw, exit or are killed at a random moment, with up to eight jobs in flight. Every promise settles, the
// bits are those of one thread, and the pool is as large as before.
import { createEngine } from "simdconv";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { stillGood } from "../support/fixtures.ts";
import { gather } from "../support/place.ts";
import { integer, type Random, random } from "../support/random.ts";
import { countCalls, note } from "../support/record.ts";
import type { Engine } from "../support/spec.ts";
import { Control, type Fault, hookedWorker, type Recorded, recordWorkers } from "./control.ts";
import { becomes, callOf, type Job, jobsOf, pause, serving, settles, startPool, wrongBits } from "./jobs.ts";

const WORKERS = 2;
/** What all jobs of a round take where nothing fails, with room for a busy machine, and R7's two seconds. */
const SETTLE_MS = 1000 + 2000;

let recorded: Recorded;
let control: Control;
let engine: Engine;
let jobs: Job[];
beforeAll(async () => {
  recorded = recordWorkers();
  control = new Control();
  engine = (await createEngine({ binary: "simd", workers: WORKERS, worker: hookedWorker })) as Engine;
  jobs = await jobsOf(engine);
});
beforeEach(async () => {
  if (serving(engine) !== WORKERS) await startPool(engine, WORKERS);
});
afterAll(async () => {
  await engine.dispose();
  expect(await becomes(() => recorded.alive.size === 0, 5000), `${recorded.alive.size} workers left`).toBe(true);
  recorded.restore();
});

/** Start the jobs; one sentence for each that does not end as it must. */
function start(chosen: readonly Job[], on = engine): Promise<string | undefined>[] {
  return chosen.map(async (job) => {
    const { input, filters, options } = callOf(job);
    try {
      const result = on.nnet.conv2d(input, filters, { ...options, openmp: true } as object);
      return wrongBits(job, gather(await settles(result, SETTLE_MS, `[${job.spec.input}] * [${job.spec.filters}]`)));
    } catch (error) {
      return `[${job.spec.input}] * [${job.spec.filters}]: ${(error as Error).stack}`;
    }
  });
}

const someOf = (next: Random, most: number) =>
  Array.from({ length: integer(next, 1, most) }, () => jobs[integer(next, 0, jobs.length - 1)]!);

async function healed(what: string): Promise<void> {
  const back = await becomes(() => serving(engine) === WORKERS, 5000);
  expect(back, `${what}: ${serving(engine)} of ${WORKERS} serve after 5 s; ${engine.capabilities().why.workers}`).toBe(
    true,
  );
  expect(await stillGood(engine), what).toBeUndefined();
}

describe("R7", () => {
  const inside: readonly Fault[] = [
    "throw before",
    "throw after",
    "out of memory",
    "exit before",
    "exit in the middle",
    "exit after",
  ];

  it("60 moments inside a kernel's call", { timeout: 200_000 }, async (test) => {
    const seed = inject("seed");
    const next = random(seed);
    const before = control.happened;
    let worst = 0;
    for (let round = 0; round < 60; round++) {
      const fault = inside[round % inside.length]!;
      const calls = integer(next, 1, 30);
      const chosen = someOf(next, 8);
      control.arm(fault, calls);
      const from = performance.now();
      const wrong = (await Promise.all(start(chosen))).filter(Boolean);
      worst = Math.max(worst, performance.now() - from);
      control.disarm();
      const what = `seed ${seed}, round ${round}: "${fault}" in call ${calls}, ${chosen.length} jobs`;
      expect(wrong, what).toEqual([]);
      await healed(what);
    }
    const happened = control.happened - before;
    expect(happened).toBeGreaterThan(20); // the others came after the last chunk
    countCalls(test, "simd", 60);
    note(
      test,
      `R7: ${happened} faults inside kernels in 60 rounds, longest round ${worst.toFixed(0)} ms, seed ${seed}`,
    );
  });

  it("60 moments from outside: terminate of one worker, or of all", { timeout: 200_000 }, async (test) => {
    const seed = inject("seed") + 1;
    const next = random(seed);
    let [worst, killed] = [0, 0];
    for (let round = 0; round < 60; round++) {
      const chosen = someOf(next, 8);
      const ms = integer(next, 0, 12);
      const all = next() < 0.25;
      const from = performance.now();
      const running = start(chosen);
      await pause(ms);
      for (const worker of [...recorded.alive].slice(0, all ? WORKERS : 1)) {
        void worker.terminate();
        killed++;
      }
      const wrong = (await Promise.all(running)).filter(Boolean);
      worst = Math.max(worst, performance.now() - from);
      const what = `seed ${seed}, round ${round}: ${all ? "all" : "one"} killed after ${ms} ms, ${chosen.length} jobs`;
      expect(wrong, what).toEqual([]);
      await healed(what);
    }
    countCalls(test, "simd", 60);
    note(test, `R7: ${killed} workers killed in 60 rounds, longest round ${worst.toFixed(0)} ms, seed ${seed}`);
  });

  it("workers killed again and again while they start", { timeout: 60_000 }, async () => {
    const seed = inject("seed") + 2;
    const next = random(seed);
    for (let round = 0; round < 10; round++) {
      await using own = (await createEngine({ binary: "simd", workers: WORKERS, worker: hookedWorker })) as Engine;
      const others = new Set(recorded.alive);
      const running = start(someOf(next, 8), own);
      const ms = integer(next, 0, 40);
      await pause(ms);
      for (const worker of recorded.alive) if (!others.has(worker)) void worker.terminate();
      expect((await Promise.all(running)).filter(Boolean), `seed ${seed}, round ${round}, ${ms} ms`).toEqual([]);
      expect(await becomes(() => serving(own) === WORKERS, 5000), own.capabilities().why.workers).toBe(true);
      expect(await stillGood(own)).toBeUndefined();
    }
  });

  it("a worker that stops in the middle of a chunk for 700 ms, or for ever: its chunk is computed by the caller", async () => {
    for (const fault of ["late", "stuck"] as const) {
      const count = control.happened;
      control.arm(fault, 3);
      const from = performance.now();
      expect((await Promise.all(start(jobs))).filter(Boolean), fault).toEqual([]);
      expect(control.happened, fault).toBe(count + 1);
      expect(performance.now() - from, fault).toBeLessThan(3000);
      expect((await Promise.all(start(jobs))).filter(Boolean), `after ${fault}`).toEqual([]);
      control.disarm();
    }
    // One of two is stuck for ever: kill it from outside, and there are two again.
    const made = recorded.made;
    for (const worker of recorded.alive) void worker.terminate();
    expect(await becomes(() => recorded.made >= made + WORKERS, 5000)).toBe(true);
    await healed("after a stuck worker");
  });

  it("a worker that is killed while nothing runs is replaced", async () => {
    for (let round = 0; round < 5; round++) {
      const made = recorded.made;
      for (const worker of [...recorded.alive].slice(0, 1 + (round % 2))) void worker.terminate();
      expect(await becomes(() => recorded.made > made, 5000), "nobody was hired").toBe(true);
      await healed(`round ${round}`);
    }
  });

  it("gives the memory of faulty rounds back", async () => {
    const rest = () => becomes(() => engine.liveBytes <= before, 3000);
    await Promise.all(start([...jobs, ...jobs]));
    await pause(50);
    const before = engine.liveBytes;
    for (let round = 0; round < 6; round++) {
      control.arm(inside[round]!, 5);
      expect((await Promise.all(start(jobs))).filter(Boolean)).toEqual([]);
      control.disarm();
      await healed(inside[round]!);
    }
    await Promise.all(start([...jobs, ...jobs]));
    expect(await rest(), `${engine.liveBytes} bytes live, ${before} before the faults`).toBe(true);
  });
});
