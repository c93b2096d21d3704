/** What a worker and the thread that started it say to each other over Comlink. */
import type { KernelName } from "../src/plan/plan.ts";

/** Where a worker finds everything that it shares: one module, one memory, the ring in it, and which of its threads it is. */
export interface WorkerStart {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly ring: number;
  readonly threads: number;
  readonly thread: number;
}

/** A job for a worker with a memory of its own: copies of the operands, and the argument block that they complete. */
export interface OwnJob {
  readonly id: number;
  readonly kernel: KernelName;
  readonly block: Int32Array;
  /** Words of the block that count from its own start. */
  readonly relative: readonly number[];
  readonly scratchBytes: number;
  readonly input: ArrayBuffer;
  readonly filters: ArrayBuffer;
  readonly bias: ArrayBuffer | null;
  readonly outputBytes: number;
  /** From the start of input and output to their elements at the origin of every axis. */
  readonly inputOrigin: number;
  readonly outputOrigin: number;
}

/** Tiles first … last − 1 of a job, in calls of `grain`; `segments` are the runs of bytes that come back, one after the other. */
export interface OwnRange {
  readonly id: number;
  readonly first: number;
  readonly last: number;
  readonly grain: number;
  readonly segments: Int32Array;
}

export interface KernelWorker {
  /** Instantiate the kernels over a shared memory; answers with the name of the binary. */
  start(options: WorkerStart): string;
  /** Compute chunks until the ring is stopped. Settles when it is, or rejects with what a kernel threw. */
  serve(): void;
  /** Instantiate the kernels over a memory of its own. */
  startOwn(module: WebAssembly.Module): string;
  open(job: OwnJob): void;
  compute(range: OwnRange): ArrayBuffer;
  close(id: number): void;
}
