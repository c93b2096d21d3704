// workers/ring.ts between threads: counting in place of computing.
import { Worker } from "node:worker_threads";
import { describe, expect, inject, it } from "vitest";
import { OPEN, Ring, ringBytes, SLOTS } from "../../workers/ring.ts";
import { integer, random } from "../support/random.ts";
import { note } from "../support/record.ts";

const scratch = { pointer: 4096, pitch: 256 };
const make = (threads: number) => new Ring(new Int32Array(new SharedArrayBuffer(ringBytes(threads))), threads);
const step = (tiles: number, chunkTiles: number, kernel: number, args: number) => ({ kernel, args, tiles, chunkTiles });

describe("threads", () => {
  it("four of them and 300 jobs in 16 slots: every tile once, no second step before its first", {
    timeout: 60_000,
  }, async (test) => {
    const seed = inject("seed");
    const next = random(seed);
    const [threads, jobs, chunks] = [5, 300, 64];
    const ring = make(threads);
    const counts = new SharedArrayBuffer(4 * (jobs * 2 * chunks + 1));
    const workers = [1, 2, 3, 4].map(
      (thread) =>
        new Worker(new URL("./fixtures/ring-worker.mjs", import.meta.url), {
          workerData: { ring: ring.words.buffer, threads, thread, counts, chunks },
        }),
    );
    const ends = workers.map(
      (worker) => new Promise((resolve, reject) => worker.on("exit", resolve).on("error", reject)),
    );
    let done = 0;
    const perSlot = async (slot: number) => {
      for (let job = slot; job < jobs; job += SLOTS) {
        ring.post(slot, [step(chunks, integer(next, 1, 3), 0, job), step(chunks, integer(next, 1, 3), 0, job)], {
          ...scratch,
          threads,
        });
        for (
          const end = performance.now() + 20_000;
          ring.state(slot) === OPEN;
          await new Promise((f) => setImmediate(f))
        )
          if (performance.now() > end)
            throw new Error(`seed ${seed}: job ${job} hangs, ${ring.tilesDone(slot)} tiles done`);
        ring.close(slot);
        ring.free(slot);
        done++;
      }
    };
    try {
      await Promise.all(Array.from({ length: SLOTS }, (_, slot) => perSlot(slot)));
    } finally {
      ring.stopAll();
    }
    await Promise.all(ends);
    const tally = new Int32Array(counts);
    expect(done).toBe(jobs);
    expect(tally.at(-1), `seed ${seed}: chunks of a second step before the first was complete`).toBe(0);
    const odd = tally.subarray(0, -1).findIndex((count) => count !== 1);
    expect(odd, `seed ${seed}: tile ${odd} was computed ${tally[odd]} times`).toBe(-1);
    note(test, `ring: ${jobs} jobs of ${2 * chunks} tiles by 4 threads, every tile once`);
  });
});
