/** Workers with memories of their own: idle ones to be taken, one call at a time, and new ones for those that are lost. */
import { startWorker, type WorkerHandle, type WorkerSource, within } from "./worker-handle.ts";

const START_MS = 10_000;
const MOST_FAILED_STARTS = 3;

export interface Hand {
  readonly handle: WorkerHandle;
  /** How many of the modules it has. */
  modules: number;
}

export interface HandsOptions {
  readonly workers: number;
  readonly module: WebAssembly.Module;
  readonly worker: WorkerSource | undefined;
}

export class Hands {
  readonly idle: Hand[] = [];
  /** With all kernels that the workers are to have. */
  readonly modules: WebAssembly.Module[];
  working = 0;
  why: string | undefined;
  private readonly options: HandsOptions;
  private readonly waiting: ((hand: Hand | null) => void)[] = [];
  private starting = 0;
  private failedStarts = 0;
  private started: Promise<void> | undefined;
  private ended = false;

  constructor(options: HandsOptions) {
    this.options = options;
    this.modules = [options.module];
  }

  get size(): number {
    return this.options.workers;
  }

  /** Settles when each worker is ready or has failed. */
  start(): Promise<void> {
    this.started ??= Promise.all(Array.from({ length: this.size }, () => this.hire())).then(() => {});
    return this.started;
  }

  private async hire(): Promise<void> {
    this.starting++;
    let handle: WorkerHandle | undefined;
    try {
      handle = await startWorker(this.options.worker);
      const lost = handle.lost.then(({ reason }): never => {
        throw new Error(reason);
      });
      const modules = this.modules.length;
      await within(Promise.race([handle.remote.startOwn(this.modules), lost]), START_MS, "it did not start", false);
      this.failedStarts = 0;
      this.starting--;
      if (this.ended) handle.terminate();
      else this.offer({ handle, modules });
    } catch (error) {
      handle?.terminate();
      this.starting--;
      this.failedStarts++;
      this.why = `a worker could not be started: ${(error as Error).message}`;
      if (!this.ended && this.failedStarts < MOST_FAILED_STARTS) await this.hire();
      else this.sendAwayIfHopeless();
    }
  }

  private offer(hand: Hand): void {
    const next = this.waiting.shift();
    if (next) {
      this.working++;
      next(hand);
    } else this.idle.push(hand);
  }

  /** The next worker that is free, or null if there will be none. */
  take(): Promise<Hand | null> {
    const hand = this.idle.shift();
    if (hand) {
      this.working++;
      return Promise.resolve(hand);
    }
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.sendAwayIfHopeless();
    });
  }

  giveBack(hand: Hand): void {
    this.working--;
    if (this.ended) hand.handle.terminate();
    else this.offer(hand);
  }

  lose(hand: Hand, reason: string): void {
    this.working--;
    hand.handle.terminate();
    this.why = `a worker was lost: ${reason}`;
    if (!this.ended) void this.hire();
    this.sendAwayIfHopeless();
  }

  private sendAwayIfHopeless(): void {
    if (!this.ended && this.working + this.starting + this.idle.length > 0) return;
    for (const leave of this.waiting.splice(0)) leave(null);
  }

  end(): void {
    this.ended = true;
    for (const { handle } of this.idle.splice(0)) handle.terminate();
    this.sendAwayIfHopeless();
  }
}
