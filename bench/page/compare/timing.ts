/** One entry as a thing to time; warm-up; interleaved rounds. */
import { nextTask } from "../turns.ts";
import type { Placed } from "./operands.ts";
import type { Contest, Standing, Watch } from "./standing.ts";

/**
 * A sample is at least this long, and as much goes before it untimed: operands come back into the caches, and threads that
 * were woken up together on one core, as happens, get apart. A run longer than `LONG_MS` does both by itself.
 */
const SAMPLE_MS = 25;
const LONG_MS = 20;
/** Engines compile hot code again, in the background: so long each entry runs before it counts. */
const WARM_MS = 250;
const [LEAST_ROUNDS, MOST_ROUNDS, ROUNDS_MS] = [3, 30, 5000];

export class Runner {
  readonly standing: Standing;
  readonly placed: Placed;
  private readonly contest: Contest;
  /** Runs in one sample, and the best milliseconds of one so far. */
  private calls = 1;
  private ms = Number.POSITIVE_INFINITY;

  constructor(contest: Contest, standing: Standing, placed: Placed) {
    this.contest = contest;
    this.standing = standing;
    this.placed = placed;
  }

  /** One run; its own progress is that of the page's bar between `from` and `to`. */
  readonly run = async ({ signal, changed }: Watch, from: number, to: number): Promise<void> => {
    const { openmp } = this.standing.entry;
    const onProgress = (done: number, total: number) => {
      this.contest.progress = from + ((to - from) * done) / total;
      changed();
    };
    // Short runs are over before anyone could see progress, and need not pay for it.
    await this.placed.run(this.isLong ? { openmp, signal, onProgress } : { openmp, signal });
  };

  /** Milliseconds of one run. The event loop turns once afterwards. */
  async sample(watch: Watch, from: number, to: number): Promise<number> {
    for (let i = 0; i < this.calls && !this.isLong; i++) await this.run(watch, from, to);
    const start = performance.now();
    for (let i = 0; i < this.calls; i++) await this.run(watch, from, to);
    const ms = (performance.now() - start) / this.calls;
    this.ms = Math.min(this.ms, Math.max(ms, 1e-4));
    await nextTask();
    watch.signal.throwIfAborted();
    return ms;
  }

  /** What a sample costs, as far as is known. */
  get sampleMs(): number {
    return this.ms * (this.isLong ? this.calls : 2 * this.calls);
  }

  fitCalls(): void {
    this.calls = Math.ceil(SAMPLE_MS / this.ms);
  }

  private get isLong(): boolean {
    return this.ms >= LONG_MS;
  }
}

/** Run each entry until its code and its times have settled. */
export async function warmUp(contest: Contest, runners: readonly Runner[], watch: Watch, from: number, to: number) {
  contest.phase = "warming up";
  for (const [i, runner] of runners.entries()) {
    const at = (share: number) => from + ((to - from) * (i + share)) / runners.length;
    const start = performance.now();
    for (let share = 0; share < 1; share = (performance.now() - start) / WARM_MS) {
      await runner.sample(watch, at(share), at(1));
      runner.fitCalls();
      contest.progress = at(Math.min(1, share));
      watch.changed();
    }
  }
}

/** In each round every entry is sampled once, so that a busy moment of the machine falls on all alike. */
export async function measure(contest: Contest, runners: readonly Runner[], watch: Watch, from: number): Promise<void> {
  const roundMs = runners.reduce((sum, { sampleMs }) => sum + sampleMs, 0);
  contest.phase = "measuring";
  contest.rounds = Math.min(MOST_ROUNDS, Math.max(LEAST_ROUNDS, Math.floor(ROUNDS_MS / roundMs)));
  const at = (taken: number) => from + ((1 - from) * taken) / (contest.rounds * runners.length);
  let taken = 0;
  while (contest.round < contest.rounds) {
    contest.round++;
    for (const runner of runners) {
      runner.standing.times.push(await runner.sample(watch, at(taken), at(taken + 1)));
      contest.progress = at(++taken);
      watch.changed();
    }
  }
}
