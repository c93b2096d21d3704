/** The choice between the caller and the pool, call by call, and the pool's start when it is first worth it. */
import type { Clock } from "./clock.ts";
import type { Controls, Executor, Work } from "./executor.ts";
import type { InlineExecutor } from "./inline.ts";
import type { PoolExecutor } from "./pool.ts";

/** Until it was measured. */
const TYPICAL_WAKE_MS = 0.05;
/** What the pool must save, in wake-ups, before it is used unasked. */
const LEAST_GAIN = 2;
/** Starting the workers takes tens of milliseconds, once: a program of tiny calls should not pay for it. */
const LEAST_MS_TO_START = 2;

export class Dispatcher implements Executor {
  /** Milliseconds from a posted job to a worker at work. */
  wakeMs = TYPICAL_WAKE_MS;
  private readonly inline: InlineExecutor;
  private readonly pool: PoolExecutor;
  private readonly clock: Clock;
  private readonly openmp: () => boolean | null;
  private started = false;

  /** `openmp` is asked where a call leaves it open; null leaves it to the estimate. */
  constructor(inline: InlineExecutor, pool: PoolExecutor, clock: Clock, openmp: () => boolean | null) {
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

  /** Settles when every worker serves or has failed. Calls need not wait for it: whoever is there computes. */
  async start(): Promise<void> {
    this.started = true;
    await this.pool.crew.start();
    this.wakeMs = (await this.pool.crew.measureWake()) ?? this.wakeMs;
  }

  dispose(): void {
    this.pool.dispose();
  }

  private prefersPool(work: Work, openmp: boolean | null): boolean {
    if (openmp === false) return false;
    const ms = this.clock.milliseconds(work.cycles);
    const threads = Math.max(2, this.pool.threads);
    const pays = openmp === true || ms * (1 - 1 / threads) > LEAST_GAIN * this.wakeMs;
    if (!pays || (openmp === null && !this.started && ms < LEAST_MS_TO_START)) return false;
    if (!this.started) void this.start();
    return true;
  }
}
