/** What a worker and the thread that started it say to each other over Comlink. Data never goes this way. */

/** Where a worker finds everything: one module, one shared memory, the ring in it, and which of its threads it is. */
export interface WorkerStart {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly ring: number;
  readonly threads: number;
  readonly thread: number;
}

export interface KernelWorker {
  /** Instantiate the kernels over the memory; answers with the name of the binary. */
  start(options: WorkerStart): string;
  /** Compute chunks until the ring is stopped. Settles when it is, or rejects with what a kernel threw. */
  serve(): void;
}
