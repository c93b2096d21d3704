/** The workers of a pool: started when first wanted, replaced when lost, sent home at the end. */
import { Ring, ringBytes } from "../../workers/ring.ts";
import type { Arena, Lease } from "./arena.ts";
import { macrotask } from "./turn.ts";
import { type Loss, startWorker, type WorkerHandle, type WorkerSource, within } from "./worker-handle.ts";

const START_MS = 10_000;
/** A worker that cannot be started this often in a row will not be started by another try. */
const MOST_FAILED_STARTS = 3;
/** Threads beyond the wanted ones: a lost worker whose end is not confirmed keeps its scratch, and its successor needs another. */
const SPARE_THREADS = 8;

const WAKE_ROUNDS = 12;
const MOST_WAKE_MS = 1;
/** After so long a worker that found nothing to do is asleep. */
const ASLEEP_MS = 0.1;
/** A worker that had not yet gone to sleep says nothing; and a job must be posted in any case. */
const LEAST_WAKE_MS = 0.01;

interface Member {
  readonly handle: WorkerHandle;
  readonly thread: number;
  serving: boolean;
}

export interface CrewOptions {
  readonly size: number;
  readonly module: WebAssembly.Module;
  readonly worker: WorkerSource | undefined;
  /** A thread was lost; its chunk, if it held one, must be computed by someone else. */
  readonly onLost: (thread: number, loss: Loss) => void;
}

export class Crew {
  readonly ring: Ring;
  /** Threads of the ring; the first is the caller. */
  readonly threads: number;
  /** Why there are fewer workers than wanted. */
  why: string | undefined;
  private readonly arena: Arena;
  private readonly options: CrewOptions;
  private readonly region: Lease;
  /** With all kernels that the workers are to have. */
  private readonly modules: WebAssembly.Module[];
  private readonly members = new Map<number, Member>();
  private readonly freeThreads: number[];
  private failedStarts = 0;
  private started: Promise<void> | undefined;
  ended = false;

  constructor(arena: Arena, options: CrewOptions) {
    this.arena = arena;
    this.options = options;
    this.threads = options.size + SPARE_THREADS + 1;
    this.region = arena.lease(ringBytes(this.threads), "workers");
    this.ring = Ring.over(arena.memory, this.region.pointer, this.threads);
    this.ring.words.fill(0);
    this.modules = [options.module];
    this.ring.announce(this.modules.length);
    this.freeThreads = Array.from({ length: this.threads - 1 }, (_, i) => i + 1);
  }

  readonly caller = 0;

  /** Threads that a job posted now should have scratch for: the caller, the workers wanted, and their successors. */
  get threadsToServe(): number {
    return Math.max(this.options.size, ...this.members.keys()) + 1;
  }

  /** Workers that serve at present. */
  get serving(): number {
    let count = 0;
    for (const member of this.members.values()) if (member.serving) count++;
    return count;
  }

  /** Whether one of the first `threads` threads is a worker that serves: others have no scratch in a job of so many. */
  servesWithin(threads: number): boolean {
    for (const { serving, thread } of this.members.values()) if (serving && thread < threads) return true;
    return false;
  }

  /** Start all workers; settles when each serves or has failed. Failures are told by `why`. */
  start(): Promise<void> {
    this.started ??= Promise.all(Array.from({ length: this.options.size }, () => this.hire())).then(() => {});
    return this.started;
  }

  private async hire(): Promise<void> {
    const thread = this.freeThreads.shift();
    if (thread === undefined) {
      this.why = "too many workers were lost without a sign that they ended";
      return;
    }
    let handle: WorkerHandle | undefined;
    try {
      handle = await startWorker(this.options.worker);
      const member: Member = { handle, thread, serving: false };
      this.members.set(thread, member);
      const { modules } = this;
      const { memory } = this.arena;
      const start = handle.remote.start({ modules, memory, ring: this.region.pointer, threads: this.threads, thread });
      await within(
        Promise.race([start, handle.lost.then(({ reason }) => Promise.reject(new Error(reason)))]),
        START_MS,
        "it did not start",
        false,
      );
      this.failedStarts = 0;
      this.serve(member);
    } catch (error) {
      handle?.terminate();
      this.members.delete(thread);
      this.freeThreads.unshift(thread);
      this.failedStarts++;
      this.why = `a worker could not be started: ${(error as Error).message}`;
      if (!this.ended && this.failedStarts < MOST_FAILED_STARTS) await this.hire();
    }
  }

  /** More kernels: each worker comes for them when it has finished its chunk. */
  add(module: WebAssembly.Module): void {
    this.modules.push(module);
    this.ring.announce(this.modules.length);
  }

  /** From here on a worker's end, whatever its cause, is a loss. */
  private serve(member: Member): void {
    if (this.ended) {
      member.handle.terminate();
      return;
    }
    // It has left its kernel, so it writes no more.
    const thrown = this.keepServing(member).catch((error: Error): Loss => ({ reason: error.message, exited: true }));
    void Promise.race([member.handle.lost, thrown]).then((loss) => this.lose(member, loss));
  }

  /** A worker that serves reads no messages, so it stops serving to be sent modules. */
  private async keepServing(member: Member): Promise<never> {
    const { remote } = member.handle;
    for (;;) {
      member.serving = true;
      const has = await remote.serve();
      member.serving = false;
      if (this.ended) return new Promise(() => {});
      const sent = this.modules.slice(has).map((module) => remote.load(module));
      await within(Promise.all(sent), START_MS, "it did not take more kernels", false);
    }
  }

  /** Also called for a worker that gives no sign of life. */
  lose(member: Member, loss: Loss): void {
    if (!this.members.delete(member.thread) || this.ended) return;
    member.serving = false;
    member.handle.terminate();
    this.options.onLost(member.thread, loss);
    // An unconfirmed end leaves the thread's number, and with it the scratch, to whoever may still be using it.
    if (loss.exited) {
      this.ring.forgetHeld(member.thread);
      this.freeThreads.unshift(member.thread);
    }
    void this.hire();
  }

  /** Give up workers that did not wake up: their numbers are not used again. */
  loseSilent(beats: ReadonlyMap<number, number>): void {
    for (const member of [...this.members.values()]) {
      if (member.serving && beats.get(member.thread) === this.ring.beat(member.thread)) {
        this.lose(member, { reason: "it gave no sign of life", exited: false });
      }
    }
  }

  /** The signs of life of those that serve, by thread. */
  beats(): Map<number, number> {
    const serving = [...this.members.values()].filter((member) => member.serving);
    return new Map(serving.map(({ thread }) => [thread, this.ring.beat(thread)]));
  }

  /**
   * Milliseconds from a call to a sleeping worker's awakening, the second best of a few; undefined if nobody serves. They follow each other
   * as calls do where it matters: a core that has been idle for long wakes up ten times as slowly.
   */
  async measureWake(): Promise<number | undefined> {
    await new Promise((resolve) => setTimeout(resolve, 2)); // what started with it comes to rest
    const times: number[] = [];
    for (let round = 0; round < WAKE_ROUNDS; round++) {
      await macrotask();
      const thread = [...this.members.values()].find((member) => member.serving)?.thread;
      if (thread === undefined || this.ended) return undefined;
      passTime(ASLEEP_MS);
      const before = this.ring.beat(thread);
      const start = performance.now();
      this.ring.wakeAll();
      while (this.ring.beat(thread) === before && performance.now() - start < MOST_WAKE_MS);
      times.push(performance.now() - start);
    }
    return Math.max(LEAST_WAKE_MS, times.sort((a, b) => a - b)[1]!);
  }

  end(): void {
    this.ended = true;
    this.ring.stopAll();
    for (const { handle, thread } of this.members.values()) {
      handle.terminate();
      // Jobs in flight end in the caller, with what this worker held.
      void handle.lost.then((loss) => {
        this.options.onLost(thread, loss);
        this.ring.forgetHeld(thread);
      });
    }
    this.members.clear();
  }
}

function passTime(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}
