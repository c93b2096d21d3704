// workers/ring.ts by itself: who may take what, what counts once, and what survives a thread that stops between two steps.
import { describe, expect, it } from "vitest";
import {
  type Chunk,
  FINISHED,
  FREE,
  MOST_CHUNKS,
  MOST_STEPS,
  OPEN,
  Ring,
  ringBytes,
  SLOTS,
} from "../../workers/ring.ts";

const THREADS = 4;
const scratch = { pointer: 4096, pitch: 256, threads: THREADS };
const make = (threads = THREADS) => new Ring(new Int32Array(new SharedArrayBuffer(ringBytes(threads))), threads);
const step = (tiles: number, chunkTiles = 1, kernel = 0, args = 64) => ({ kernel, args, tiles, chunkTiles });

function takeAll(ring: Ring, slot: number, thread = 0): Chunk[] {
  const taken: Chunk[] = [];
  for (let chunk = ring.take(slot, thread); chunk; chunk = ring.take(slot, thread)) taken.push(chunk);
  return taken;
}

describe("a slot", () => {
  it("gives every chunk of a step once, in order, with its tiles, and then nothing", () => {
    const ring = make();
    expect(ring.take(3, 0)).toBeNull();
    ring.post(3, [step(10, 4, 5, 640)], scratch);
    expect(ring.state(3)).toBe(OPEN);
    const chunks = takeAll(ring, 3, 2);
    expect(chunks).toEqual([0, 1, 2].map((chunk) => ({ slot: 3, step: 0, chunk })));
    expect(chunks.map((chunk) => ring.describe(chunk, 2))).toEqual(
      [
        [0, 4],
        [4, 8],
        [8, 10],
      ].map(([first, last]) => ({ kernel: 5, args: 640, first, last, scratch: 4096 + 2 * 256 })),
    );
    expect(ring.take(3, 1)).toBeNull();
    expect(ring.take(2, 1)).toBeNull();
  });

  it("gives a thread no chunk whose kernel it does not know, and leaves it to others", () => {
    const ring = make();
    ring.post(0, [step(2, 1, 5), step(2, 1, 6)], scratch);
    const knows = (kernel: number) => kernel === 5;
    for (const _ of [1, 2]) ring.finish(ring.take(0, 1, knows)!, 1);
    expect(ring.take(0, 1, knows)).toBeNull();
    expect(ring.heldBy(1)).toBeNull();
    expect(takeAll(ring, 0, 2).map((chunk) => ring.describe(chunk, 2).kernel)).toEqual([6, 6]);
  });

  it("is finished when the last chunk is, whatever their order", () => {
    const ring = make();
    ring.post(0, [step(70)], scratch);
    const chunks = takeAll(ring, 0);
    for (const [i, chunk] of chunks.reverse().entries()) {
      expect(ring.state(0)).toBe(OPEN);
      expect(ring.tilesDone(0)).toBe(i);
      ring.finish(chunk, 1);
      expect(ring.isDone(chunk)).toBe(true);
    }
    expect(ring.state(0)).toBe(FINISHED);
    expect(ring.tilesDone(0)).toBe(70);
  });

  it("ends with any number of chunks: 1 to 200, and the most", () => {
    const hang: number[] = [];
    for (const count of [...Array.from({ length: 200 }, (_, i) => i + 1), MOST_CHUNKS / 2 - 1, MOST_CHUNKS / 2]) {
      const ring = make();
      ring.post(0, [step(count), step(count)], scratch);
      for (const s of [0, 1]) for (const chunk of takeAll(ring, 0)) if (chunk.step === s) ring.finish(chunk, 0);
      if (ring.state(0) !== FINISHED) hang.push(count);
    }
    expect(hang, "numbers of chunks with which a job never ends").toEqual([]);
  });

  it("opens its second step when the first is complete, not before, and once", () => {
    const ring = make();
    ring.post(0, [step(3), step(2, 1, 1)], scratch);
    const [a, b, c] = takeAll(ring, 0);
    const before = ring.epoch;
    ring.finish(a!, 0);
    ring.finish(b!, 1);
    expect(ring.take(0, 2)).toBeNull();
    ring.finish(c!, 2);
    expect(ring.epoch).toBe(before + 1); // one wake-up
    for (let i = 0; i < 3; i++) ring.advance(0);
    expect(ring.epoch).toBe(before + 1);
    const second = takeAll(ring, 0);
    expect(second.map(({ step, chunk }) => [step, chunk])).toEqual([
      [1, 0],
      [1, 1],
    ]);
    for (const chunk of second) ring.finish(chunk, 0);
    expect(ring.state(0)).toBe(FINISHED);
    expect(ring.tilesDone(0)).toBe(5);
  });

  it("counts a chunk that was finished twice once", () => {
    const ring = make();
    ring.post(0, [step(3)], scratch);
    const [a, b, c] = takeAll(ring, 0);
    for (const chunk of [a, a, b, a, b]) ring.finish(chunk!, 1);
    expect(ring.tilesDone(0)).toBe(2);
    expect(ring.state(0)).toBe(OPEN);
    ring.finish(c!, 1);
    ring.finish(c!, 2);
    expect(ring.state(0)).toBe(FINISHED);
    expect(ring.tilesDone(0)).toBe(3);
  });

  it("gives nothing after close, and what is held may still be finished", () => {
    const ring = make();
    ring.post(0, [step(5), step(5)], scratch);
    const held = ring.take(0, 1)!;
    ring.close(0);
    expect(ring.take(0, 2)).toBeNull();
    expect(ring.heldBy(1)).toEqual(held);
    ring.finish(held, 1);
    expect(ring.heldBy(1)).toBeNull();
    expect(ring.take(0, 2)).toBeNull();
    ring.free(0);
    expect(ring.state(0)).toBe(FREE);
  });

  it("helps only threads that have scratch in it", () => {
    const ring = make();
    ring.post(0, [step(5)], { ...scratch, threads: 2 });
    expect(ring.take(0, 2)).toBeNull();
    expect(ring.heldBy(2)).toBeNull();
    expect(ring.take(0, 1)).not.toBeNull();
  });

  it("holds as many chunks and jobs as it says", () => {
    const ring = make();
    const each = MOST_CHUNKS / MOST_STEPS;
    const steps = Array.from({ length: MOST_STEPS }, () => step(each));
    for (let slot = 0; slot < SLOTS; slot++) ring.post(slot, steps, scratch);
    for (let slot = SLOTS - 1; slot >= 0; slot--) {
      for (let s = 0; s < MOST_STEPS; s++) {
        const chunks = takeAll(ring, slot);
        expect(chunks.map(({ step }) => step)).toEqual(new Array(each).fill(s));
        for (const chunk of chunks) ring.finish(chunk, 0);
      }
      expect(ring.state(slot)).toBe(FINISHED);
    }
  });

  it("is used again and again: 10,000 jobs, past the end of its generations", () => {
    const ring = make();
    for (let job = 0; job < 10_000; job++) {
      // On average 32 steps: 2^18 generations are over after some 8,000 jobs.
      const steps = Array.from({ length: 1 + (job % MOST_STEPS) }, (_, i) => step(1 + ((job + i) % 2)));
      ring.post(5, steps, scratch);
      let finished = 0;
      for (let chunk = ring.take(5, 0); chunk; chunk = ring.take(5, 0)) {
        ring.finish(chunk, 0);
        finished++;
      }
      expect(finished).toBe(steps.reduce((sum, { tiles }) => sum + tiles, 0));
      expect(ring.state(5)).toBe(FINISHED);
      ring.close(5);
      ring.free(5);
    }
  });
});

type OnWords = (words: Int32Array, index: number, ...values: number[]) => number;

/** A ring whose words do something just before a compare-exchange: what another thread might do there. */
function interrupted(ring: Ring, what: () => void, which = 1): <T>(run: () => T) => T {
  const compareExchange: OnWords = Atomics.compareExchange;
  return (run) => {
    let count = 0;
    const before: OnWords = (...args) => {
      if (args[0] === ring.words && ++count === which) {
        Atomics.compareExchange = compareExchange as typeof Atomics.compareExchange;
        what();
      }
      return compareExchange(...args);
    };
    Atomics.compareExchange = before as typeof Atomics.compareExchange;
    try {
      return run();
    } finally {
      Atomics.compareExchange = compareExchange as typeof Atomics.compareExchange;
    }
  };
}

describe("late threads", () => {
  it("take nothing of a job that replaced the one they saw, and hold nothing", () => {
    const ring = make();
    ring.post(0, [step(4)], scratch);
    const late = interrupted(ring, () => {
      for (const chunk of takeAll(ring, 0, 0)) ring.finish(chunk, 0);
      ring.close(0);
      ring.free(0);
      ring.post(0, [step(4), step(4)], scratch);
    })(() => ring.take(0, 1));
    // It may take of the new job, as anyone may, but as the new job's.
    expect(late).toEqual({ slot: 0, step: 0, chunk: 0 });
    expect(ring.tilesDone(0)).toBe(0);
    expect(takeAll(ring, 0, 2).map(({ chunk }) => chunk)).toEqual([1, 2, 3]);
  });

  it("are asked again whether they know the kernel of a job that replaced the one they saw", () => {
    const ring = make();
    ring.post(0, [step(4, 1, 5)], scratch);
    const late = interrupted(ring, () => {
      ring.close(0);
      ring.free(0);
      ring.post(0, [step(4, 1, 6)], scratch);
    });
    expect(late(() => ring.take(0, 1, (kernel) => kernel === 5))).toBeNull();
    expect(takeAll(ring, 0, 2)).toHaveLength(4);
  });

  it("take nothing when the slot was closed between the look and the exchange", () => {
    const ring = make();
    ring.post(0, [step(4)], scratch);
    expect(interrupted(ring, () => ring.close(0))(() => ring.take(0, 1))).toBeNull();
    expect(ring.heldBy(1)).toBeNull();
  });

  it("that died between the look and the exchange do not seem to hold a chunk of the slot's next job", () => {
    const ring = make();
    ring.post(0, [step(9), step(9)], scratch);
    for (const chunk of takeAll(ring, 0, 0)) ring.finish(chunk, 0); // in its second step now
    const died = new Error("killed here");
    const dies = interrupted(ring, () => {
      for (const chunk of takeAll(ring, 0, 0)) ring.finish(chunk, 0);
      expect(ring.state(0)).toBe(FINISHED);
      ring.close(0);
      ring.free(0);
      ring.post(0, [step(2), step(2)], scratch); // fewer chunks, and in its first step
      throw died;
    });
    expect(() => dies(() => ring.take(0, 1))).toThrow(died);
    expect(ring.heldBy(1), "would be computed for a job that it is not of").toBeNull();
  });

  it("that are late to end a job, which another has ended meanwhile, do not end the slot's next job", () => {
    const ring = make();
    ring.post(0, [step(2)], scratch);
    const [a, b] = takeAll(ring, 0, 0);
    ring.finish(a!, 0);
    const late = interrupted(ring, () => {
      ring.advance(0);
      expect(ring.state(0)).toBe(FINISHED);
      ring.close(0);
      ring.free(0);
      ring.post(0, [step(2)], scratch);
    });
    late(() => ring.finish(b!, 1));
    expect(ring.state(0), "the next job, of which nothing is done").toBe(OPEN);
    for (const chunk of takeAll(ring, 0, 0)) ring.finish(chunk, 0);
    expect(ring.state(0)).toBe(FINISHED);
  });

  it("see the chunk that they are about to take as held, so that nobody forgets it if they die with it", () => {
    const ring = make();
    ring.post(0, [step(4)], scratch);
    const died = new Error("killed here");
    const dies = interrupted(ring, () => {
      throw died;
    });
    expect(() => dies(() => ring.take(0, 1))).toThrow(died);
    expect(ring.heldBy(1)).toEqual({ slot: 0, step: 0, chunk: 0 });
    ring.finish(ring.heldBy(1)!, 0); // computed by the one who looked
    expect(takeAll(ring, 0, 2)).toHaveLength(4); // and once too often
  });

  it("that die between marking the last chunk and advancing: the next one who asks ends the step, and the job", () => {
    for (const steps of [[step(2)], [step(2), step(2)]]) {
      const ring = make();
      ring.post(0, steps, scratch);
      for (let s = 0; s < steps.length; s++) {
        for (const chunk of takeAll(ring, 0, 1)) {
          const or: OnWords = Atomics.or;
          const died = new Error("killed here");
          const thenDies: OnWords = (...args) => {
            or(...args);
            throw died;
          };
          Atomics.or = thenDies as typeof Atomics.or;
          try {
            expect(() => ring.finish(chunk, 1)).toThrow(died);
          } finally {
            Atomics.or = or as typeof Atomics.or;
          }
          expect(ring.isDone(chunk)).toBe(true);
        }
        expect(ring.state(0)).toBe(OPEN);
        ring.advance(0);
      }
      expect(ring.state(0)).toBe(FINISHED);
    }
  });
});
