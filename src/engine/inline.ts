/** The executor without workers: the caller computes, in slices, and lets the event loop live between them. */
import type { Arena, Lease } from "./arena.ts";
import type { Clock } from "./clock.ts";
import type { Controls, Executor, Work } from "./executor.ts";

/** Half of what R12 allows a task: a tile that is under way when the slice ends is not cut short. */
export const SLICE_MS = 4;

export class InlineExecutor implements Executor {
  private readonly arena: Arena;
  private readonly clock: Clock;
  private scratch: Lease | undefined;

  constructor(arena: Arena, clock: Clock) {
    this.arena = arena;
    this.clock = clock;
    arena.reclaimers.add(() => this.letGo());
  }

  async run(work: Work, { signal, onProgress }: Controls): Promise<void> {
    const scratch = () => this.scratchFor(work.scratchBytes);
    let spent = 0;
    for (let reported = -1; ; ) {
      signal?.throwIfAborted();
      if (!work.finished) spent += this.slice(work, scratch());
      if (onProgress && work.done !== reported) {
        reported = work.done;
        onProgress(work.done, work.total);
      }
      if (work.finished) {
        this.clock.learn(work.cycles, spent);
        return;
      }
      await macrotask();
    }
  }

  runSync(work: Work): void {
    const scratch = this.scratchFor(work.scratchBytes);
    while (!work.finished) work.advance(scratch);
  }

  dispose(): void {
    this.letGo();
  }

  /** Between two slices nothing lives in scratch. */
  private letGo(): void {
    this.scratch?.release();
    this.scratch = undefined;
  }

  /** Compute for a slice of time; returns what it took. */
  private slice(work: Work, scratch: number): number {
    const start = performance.now();
    let spent = 0;
    do {
      work.advance(scratch);
      spent = performance.now() - start;
    } while (!work.finished && spent < SLICE_MS);
    return spent;
  }

  /** Nothing lives in scratch from one call of a kernel to the next, so one region serves all jobs, as large as the largest. */
  private scratchFor(bytes: number): number {
    if (!this.scratch || this.scratch.bytes < bytes) {
      this.letGo();
      this.scratch = this.arena.lease(bytes, "input");
    }
    return this.scratch.pointer;
  }
}

/** A turn of the event loop. Never a timer: browsers hold those back to 4 ms, and to a second in hidden pages. */
export function macrotask(): Promise<void> {
  if (typeof setImmediate === "function") return new Promise((resolve) => setImmediate(resolve));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
declare const setImmediate: ((callback: () => void) => unknown) | undefined;
