// The first float64 of an engine whose workers are at work on float32: they take the kernels between two chunks, or are killed while
// they do. Every promise settles, the bits are those of one thread.
import { createEngine } from "simdconv";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { startWorker } from "../../src/engine/worker-handle.ts";
import { KERNEL_NAMES, type KernelName } from "../../src/plan/plan.ts";
import { FINISHED, OPEN, Ring } from "../../workers/ring.ts";
import { projectRoot, wasmUrl } from "../support/binaries.ts";
import { gather } from "../support/place.ts";
import { integer, random } from "../support/random.ts";
import { countCalls, note } from "../support/record.ts";
import { readBytes } from "../support/runtime.ts";
import type { Engine } from "../support/spec.ts";
import { Control, hookedWorker, type Recorded, recordWorkers } from "./control.ts";
import { becomes, callOf, type Job, jobsOf, middling, pause, serving, settles, startPool, wrongBits } from "./jobs.ts";

const WORKERS = 2;
const SETTLE_MS = 5000;
const ROUNDS = 2;
const KILLS = 3;

let recorded: Recorded;
let control: Control;
let float32: Job[];
let float64: Job[];
beforeAll(async () => {
  recorded = recordWorkers();
  control = new Control();
  await using engine = (await createEngine({ binary: "simd", workers: 0 })) as Engine;
  const specs = middling.filter(({ dtype }) => dtype !== "float64").slice(0, 4);
  float32 = await jobsOf(engine, specs);
  const doubles = specs.map((spec) => ({ ...spec, dtype: "float64" }) as const);
  float64 = await jobsOf(engine, doubles);
});
afterAll(async () => {
  expect(await becomes(() => recorded.alive.size === 0, 5000), `${recorded.alive.size} workers left`).toBe(true);
  recorded.restore();
});

/** One sentence for each job that does not end as it must. */
async function wrongOf(engine: Engine, jobs: readonly Job[]): Promise<string[]> {
  const sentences = jobs.map(async (job) => {
    const { input, filters, options } = callOf(job);
    const what = `[${job.spec.input}] * [${job.spec.filters}] of ${job.spec.dtype ?? "float32"}`;
    try {
      const result = engine.nnet.conv2d(input, filters, { ...options, openmp: true } as object);
      return wrongBits(job, gather(await settles(result, SETTLE_MS, what)));
    } catch (error) {
      return `${what}: ${(error as Error).stack}`;
    }
  });
  return (await Promise.all(sentences)).filter((sentence) => sentence !== undefined);
}

it("a thread leaves chunks to others whose kernels it has not, and stops serving when there are modules to be had", async () => {
  const module = async (name: "simd" | "simd-f32") => new WebAssembly.Module(await readBytes(wasmUrl(name)));
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 16, shared: true });
  const place = { memory, ring: 65536, threads: 2 };
  const ring = Ring.over(memory, place.ring, place.threads);
  ring.announce(1);
  const { remote, terminate } = await startWorker(new URL("dist/workers/kernel-worker.js", projectRoot()));
  try {
    await remote.start({ ...place, modules: [await module("simd-f32")], thread: 1 });
    const served = remote.serve();
    // Blocks of zeros are sums of nothing, which have nothing to write.
    const sums = (name: KernelName) => ({ kernel: KERNEL_NAMES.indexOf(name), args: 64, tiles: 4, chunkTiles: 1 });
    const steps = [sums("sum_blocks_f32"), sums("sum_blocks_f64")];
    ring.post(0, steps, { pointer: 8192, pitch: 256, threads: 2 });
    expect(await becomes(() => ring.tilesDone(0) === 4, 5000), "float32").toBe(true);
    const beat = ring.beat(1);
    const awake = () => {
      ring.wakeAll();
      return ring.beat(1) > beat + 10;
    };
    expect(await becomes(awake, 5000), "it looks again and again").toBe(true);
    expect([ring.tilesDone(0), ring.heldBy(1), ring.state(0)]).toEqual([4, null, OPEN]);
    ring.announce(2);
    expect(await settles(served, 5000, "serve")).toBe(1);
    await remote.load(await module("simd"));
    const again = remote.serve();
    expect(await becomes(() => ring.state(0) === FINISHED, 5000), "float64").toBe(true);
    ring.stopAll();
    expect(await settles(again, 5000, "serve")).toBe(2);
  } finally {
    terminate();
  }
});

for (const sharedMemory of [true, false]) {
  const start = async () => {
    const options = { binary: "simd", workers: WORKERS, worker: hookedWorker, sharedMemory } as const;
    const engine = (await createEngine(options)) as Engine;
    await startPool(engine, WORKERS);
    return engine;
  };

  describe(sharedMemory ? "shared memory" : "memories of their own", () => {
    it("jobs in flight go on, float64 has the bits of one thread, and the same workers compute it", async (test) => {
      let kept = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const made = recorded.made;
        await using engine = await start();
        const running = wrongOf(engine, [...float32, ...float32]);
        await pause(round);
        expect(await wrongOf(engine, float64), `round ${round}`).toEqual([]);
        expect(await running, `round ${round}`).toEqual([]);
        expect(await becomes(() => serving(engine) === WORKERS, 5000), engine.capabilities().why.workers).toBe(true);
        const before = control.calls;
        for (let i = 0; i < 20 && control.calls === before; i++) expect(await wrongOf(engine, float64)).toEqual([]);
        expect(control.calls, "no worker computed a chunk of float64").toBeGreaterThan(before);
        if (recorded.made - made === WORKERS) kept++;
      }
      // On a starved machine one may have been given up for its silence.
      expect(kept, "rounds in which no worker was replaced").toBeGreaterThan(0);
      countCalls(test, "simd", ROUNDS * (float32.length * 2 + float64.length));
    });

    it("workers killed at that moment", { timeout: 120_000 }, async (test) => {
      const seed = inject("seed");
      const next = random(seed);
      let worst = 0;
      for (let round = 0; round < KILLS; round++) {
        await using engine = await start();
        const mine = [...recorded.alive].slice(-WORKERS);
        const from = performance.now();
        const running = wrongOf(engine, [...float32, ...float64]);
        const ms = integer(next, 0, 12);
        await pause(ms);
        for (const worker of mine.slice(round % 2)) void worker.terminate();
        const what = `seed ${seed}, round ${round}: ${WORKERS - (round % 2)} killed after ${ms} ms`;
        expect(await running, what).toEqual([]);
        worst = Math.max(worst, performance.now() - from);
        expect(
          await becomes(() => serving(engine) === WORKERS, 5000),
          `${what}; ${engine.capabilities().why.workers}`,
        ).toBe(true);
        expect(await wrongOf(engine, float64), `${what}, afterwards`).toEqual([]);
      }
      note(
        test,
        `first float64 with workers killed: ${KILLS} rounds, the longest ${worst.toFixed(0)} ms, seed ${seed}`,
      );
    });
  });
}
