// A second thread that runs the kernel in L1 on its own: what two threads can reach on this machine when they share nothing.
import { Worker } from "node:worker_threads";
import { bareWakeUps } from "./pool.ts";
import type { Effort } from "./rounds.ts";
import type { Binary } from "./runtime.ts";

// Words of the shared memory. PING is followed by its answer.
export const STATE = 0;
export const CALLS = 1;
export const PING = 2;
export const IDLE = 0;
export const RUN = 1;
export const RATE = 0;

export interface PartnerData {
  readonly binary: Binary;
  readonly budget: Effort;
  readonly words: Int32Array;
  readonly rates: Float64Array;
}

export class Partner {
  readonly #worker: Worker;
  readonly #words: Int32Array;
  readonly #rates: Float64Array;

  private constructor(worker: Worker, { words, rates }: PartnerData) {
    this.#worker = worker;
    this.#words = words;
    this.#rates = rates;
  }

  static async start(binary: Binary, budget: Effort): Promise<Partner> {
    const words = new Int32Array(new SharedArrayBuffer(64));
    const rates = new Float64Array(new SharedArrayBuffer(64));
    const data: PartnerData = { binary, budget, words, rates };
    const worker = new Worker(new URL("partner-worker.ts", import.meta.url), { workerData: data });
    await new Promise<void>((resolve, reject) => {
      worker.once("message", () => resolve());
      worker.once("error", reject);
    });
    return new Partner(worker, data);
  }

  /** Runs `here` while the other thread computes; multiply-adds per millisecond there, and what `here` returned. */
  beside<T>(here: () => T): { there: number; here: T } {
    const words = this.#words;
    Atomics.store(words, CALLS, 0);
    Atomics.store(words, STATE, RUN);
    this.#knock();
    while (Atomics.load(words, CALLS) === 0);
    const result = here();
    Atomics.store(words, STATE, IDLE);
    for (let calls = Atomics.load(words, CALLS); calls !== -1; calls = Atomics.load(words, CALLS)) {
      Atomics.wait(words, CALLS, calls, 10);
    }
    return { there: this.#rates[RATE], here: result };
  }

  wakeUps(rounds: number): Promise<number[]> {
    return bareWakeUps(this.#words, PING, rounds);
  }

  #knock(): void {
    Atomics.add(this.#words, PING, 1);
    Atomics.notify(this.#words, PING);
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}
