/** The executor without workers: the caller computes, in slices, and lets the event loop live between them. */
import type { Arena, Lease } from "./arena.ts";
import type { Clock } from "./clock.ts";
import type { Controls, Executor, Work } from "./executor.ts";
import { Turn } from "./turn.ts";

export class InlineExecutor implements Executor {
  /** Of the thread, so of all its jobs. */
  readonly turn: Turn = new Turn();
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
    const { turn } = this;
    let spent = 0;
    turn.begin();
    for (let reported = -1; ; ) {
      signal?.throwIfAborted();
      if (!work.finished) spent += this.slice(work, scratch());
      if (onProgress && work.done !== reported) {
        reported = work.done;
        onProgress(work.done, work.total);
      }
      if (work.finished) {
        this.clock.learn(work.cycles, spent);
        if (turn.over) await turn.next();
        return;
      }
      await turn.next();
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

  /** Compute for the rest of the turn; returns what it took. */
  private slice(work: Work, scratch: number): number {
    const start = performance.now();
    do work.advance(scratch);
    while (!work.finished && !this.turn.over);
    return performance.now() - start;
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
