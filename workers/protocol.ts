/** What a worker and the thread that started it say to each other over Comlink. */
import type { KernelName, Pointer } from "../src/plan/plan.ts";

/** Where a worker finds everything that it shares: the modules, one memory, the ring in it, and which of its threads it is. */
export interface WorkerStart {
  readonly modules: readonly WebAssembly.Module[];
  readonly memory: WebAssembly.Memory;
  readonly ring: number;
  readonly threads: number;
  readonly thread: number;
}

/** A step for a worker with a memory of its own: plan.ts has the fields. */
export interface OwnStep {
  readonly kernel: KernelName;
  readonly block: { readonly words: Int32Array; readonly relative: readonly number[] };
  readonly pointers: readonly Pointer[];
}

/** Its job: copies of the operands, and the steps whose blocks they complete. */
export interface OwnJob {
  readonly id: number;
  readonly steps: readonly OwnStep[];
  readonly scratchBytes: number;
  readonly workBytes: number;
  readonly input: ArrayBuffer;
  readonly filters: ArrayBuffer;
  readonly bias: ArrayBuffer | null;
  readonly outputBytes: number;
  /** Where in the whole of x and y the parts that the worker has begin. */
  readonly inputFrom: number;
  readonly outputFrom: number;
}

/** Tiles first … last − 1 of a step, in calls of `grain`; `segments` are the runs of bytes that come back, one after the other. */
export interface OwnRange {
  readonly id: number;
  readonly step: number;
  readonly first: number;
  readonly last: number;
  readonly grain: number;
  readonly segments: Int32Array;
  /** They are runs of `work`, and not of y. */
  readonly ofWork: boolean;
}

export interface KernelWorker {
  /** Instantiate the kernels over a shared memory; answers with the name of the binary. */
  start(options: WorkerStart): string;
  /**
   * Compute chunks until the ring is stopped, or announces modules that the worker has not: answers with how many it has. Rejects with
   * what a kernel threw.
   */
  serve(): number;
  /** Kernels beside those that it was started with. */
  load(module: WebAssembly.Module): void;
  /** Instantiate the kernels over a memory of its own. */
  startOwn(modules: readonly WebAssembly.Module[]): string;
  open(job: OwnJob): void;
  compute(range: OwnRange): ArrayBuffer;
  close(id: number): void;
}
