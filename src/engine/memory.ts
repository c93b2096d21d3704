/**
 * The one memory of an engine. Shared where the runtime can make it (a page need not be isolated for that: only posting
 * it to a worker needs isolation), because the kernels import a shared memory.
 */
import { OutOfMemoryError } from "../errors.ts";

const PAGE = 65536;
const MOST_PAGES = 65536;
const LEAST_PAGES = 16;

export interface EngineMemory {
  readonly memory: WebAssembly.Memory;
  readonly limit: number;
}

/** Start small; ask for the full maximum and halve it while the runtime refuses to reserve so much. */
export function createMemory(maximumBytes: number | undefined): EngineMemory {
  const wanted = maximumBytes === undefined ? MOST_PAGES : Math.min(MOST_PAGES, Math.floor(maximumBytes / PAGE));
  let refusal: unknown;
  for (let maximum = Math.max(wanted, LEAST_PAGES); maximum >= LEAST_PAGES; maximum = maximum >> 1) {
    try {
      const memory = new WebAssembly.Memory({ initial: LEAST_PAGES, maximum, shared: true });
      return { memory, limit: Math.min(maximum, MOST_PAGES) * PAGE };
    } catch (error) {
      refusal = error;
    }
  }
  throw new OutOfMemoryError("maximumMemory", "the runtime gives no shared WebAssembly memory", { cause: refusal });
}

/** Whether a memory can be handed to a worker: found by trying, since `crossOriginIsolated` is undefined or wrong in places. */
export function canPostMemory(memory: WebAssembly.Memory): boolean {
  if (typeof SharedArrayBuffer === "undefined" || typeof MessageChannel === "undefined") return false;
  const { port1, port2 } = new MessageChannel();
  try {
    port1.postMessage(memory);
    return true;
  } catch {
    // The refusal is the answer.
    return false;
  } finally {
    port1.close();
    port2.close();
  }
}
