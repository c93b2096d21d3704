/** The choice between the caller and the pool, call by call, and the pool's start when it is first worth it. */
import type { Clock } from "./clock.ts";
import type { Controls, Executor, Work } from "./executor.ts";
import type { InlineExecutor } from "./inline.ts";

/** What the pool must save, in multiples of its overhead, before it is used unasked. */
const LEAST_GAIN = 2;
/** Starting the workers takes tens of milliseconds, once: a program of few or tiny calls should not pay for it. So long must one be, or all. */
const LEAST_MS_TO_START = 2;
const LEAST_MS_TOGETHER = 30;

/** Executors with workers. */
export interface Pool extends Executor {
  /** Workers wanted, workers that serve, and threads that will take part in a job. */
  readonly size: number;
  readonly serving: number;
  readonly threads: number;
  /** Why there are fewer workers than wanted. */
  readonly why: string | undefined;
  /** A module with more kernels, for the workers. Until they have it the caller computes what needs it. */
  add(module: WebAssembly.Module): void;
  /** Settles when every worker serves or has failed. Calls need not wait for it. */
  start(): Promise<void>;
  /** What a job costs on top of its computation. */
  overheadMs(work: Work): number;
}

export class Dispatcher implements Executor {
  private readonly inline: InlineExecutor;
  private readonly pool: Pool;
  private readonly clock: Clock;
  private readonly openmp: () => boolean | null;
  private started = false;
  /** Of the calls so far that a pool would have paid for. */
  private missedMs = 0;

  /** `openmp` is asked where a call leaves it open; null leaves it to the estimate. */
  constructor(inline: InlineExecutor, pool: Pool, clock: Clock, openmp: () => boolean | null) {
    this.inline = inline;
    this.pool = pool;
    this.clock = clock;
    this.openmp = openmp;
  }

  run(work: Work, controls: Controls): Promise<void> {
    return this.prefersPool(work, controls.openmp ?? this.openmp())
      ? this.pool.run(work, controls)
      : this.inline.run(work, controls);
  }

  runSync(work: Work): void {
    this.inline.runSync(work);
  }

  dispose(): void {
    this.pool.dispose();
  }

  private prefersPool(work: Work, openmp: boolean | null): boolean {
    if (openmp === false) return false;
    const ms = this.clock.milliseconds(work.cycles);
    const threads = Math.max(2, this.pool.threads);
    const pays = openmp === true || ms * (1 - 1 / threads) > LEAST_GAIN * this.pool.overheadMs(work);
    if (!pays) return false;
    this.missedMs += ms;
    if (openmp === null && !this.started && ms < LEAST_MS_TO_START && this.missedMs < LEAST_MS_TOGETHER) return false;
    this.started = true;
    void this.pool.start();
    return true;
  }
}
