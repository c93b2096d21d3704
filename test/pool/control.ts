// Node only: what the test's workers are told (fixtures/hooked-worker.mjs), and the Worker objects that the library made.
import { syncBuiltinESMExports } from "node:module";
import threads, { type Worker } from "node:worker_threads";

export const faults = [
  "none",
  "throw before",
  "throw after",
  "out of memory",
  "exit before",
  "exit in the middle",
  "exit after",
  "late",
  "stuck",
] as const;
export type Fault = (typeof faults)[number];

/** Places of the control words. */
const at = { calls: 0, started: 1, countdown: 2, fault: 3, happened: 4 };

export class Control {
  private readonly words: Int32Array;

  /** Workers started from now on obey this one. */
  constructor() {
    const buffer = new SharedArrayBuffer(32);
    this.words = new Int32Array(buffer);
    threads.setEnvironmentData("simdconv test", { buffer, at, faults: [...faults] });
  }

  /** The call of a kernel in a worker that is `calls` from now, counted over all workers, has the fault. */
  arm(fault: Fault, calls: number): void {
    Atomics.store(this.words, at.fault, faults.indexOf(fault));
    Atomics.store(this.words, at.countdown, calls);
  }

  disarm(): void {
    Atomics.store(this.words, at.countdown, 0);
  }

  /** Calls of kernels in workers. */
  get calls(): number {
    return Atomics.load(this.words, at.calls);
  }

  get started(): number {
    return Atomics.load(this.words, at.started);
  }

  get happened(): number {
    return Atomics.load(this.words, at.happened);
  }
}

export const hookedWorker = new URL("./fixtures/hooked-worker.mjs", import.meta.url);

export interface Recorded {
  /** Those that have not exited. */
  readonly alive: Set<Worker>;
  readonly made: number;
  restore(): void;
}

/** Every worker thread that anyone in this process starts from now on. */
export function recordWorkers(): Recorded {
  const Original = threads.Worker;
  const alive = new Set<Worker>();
  let made = 0;
  threads.Worker = class extends Original {
    constructor(...args: ConstructorParameters<typeof Original>) {
      super(...args);
      made++;
      alive.add(this);
      this.on("exit", () => alive.delete(this));
    }
  };
  syncBuiltinESMExports();
  return {
    alive,
    get made() {
      return made;
    },
    restore() {
      threads.Worker = Original;
      syncBuiltinESMExports();
    },
  };
}
