/** From the cost model's cycles to milliseconds on this machine: learnt from the runs that were timed. */

/** Before anything was timed. */
const TYPICAL_CYCLES_PER_MS = 3e6;
/** Shorter runs are mostly calls and timers. */
const LEAST_MS = 0.2;
const WEIGHT = 0.25;

export class Clock {
  private cyclesPerMs = TYPICAL_CYCLES_PER_MS;

  milliseconds(cycles: number): number {
    return cycles / this.cyclesPerMs;
  }

  /** `ms` of one thread were spent on `cycles`. */
  learn(cycles: number, ms: number): void {
    if (ms < LEAST_MS || cycles <= 0) return;
    this.cyclesPerMs += WEIGHT * (cycles / ms - this.cyclesPerMs);
  }
}
