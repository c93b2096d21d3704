/** What a worker and the thread that started it say to each other: three calls over Comlink, and never any data. */
import type { KernelName } from "../src/plan/plan.ts";

/** A placed step: everything is an address in the memory that the worker was started with. */
export interface TileRange {
  readonly kernel: KernelName;
  readonly args: number;
  readonly scratch: number;
  readonly first: number;
  readonly last: number;
}

export interface KernelWorker {
  /** Instantiate the kernels over a memory, which must be shared; answers with the name of the binary. */
  start(module: WebAssembly.Module, memory: WebAssembly.Memory): string;
  /** Compute tiles. They are as if computed by the caller, bit for bit. */
  compute(range: TileRange): void;
  /** Let go of the memory. */
  stop(): void;
}
