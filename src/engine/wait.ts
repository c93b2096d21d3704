/** Waiting, for a word of shared memory without blocking the thread, or until a signal aborts. */

interface WaitAsync {
  waitAsync?(words: Int32Array, index: number, value: number): { async: boolean; value: Promise<string> | string };
}

/**
 * Settles when the word is no longer `value` (and its changer notified), when `ms` have passed, or when the signal aborts.
 * The timer guards against `waitAsync` that loses a wake-up, serves where there is none, and keeps the program alive meanwhile.
 */
export function until(
  words: Int32Array,
  index: number,
  value: number,
  ms: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const atomics = Atomics as unknown as WaitAsync;
    const timer = setTimeout(done, atomics.waitAsync ? ms : 1);
    signal?.addEventListener("abort", done, { once: true });
    const wait = atomics.waitAsync?.(words, index, value);
    if (wait?.async) void (wait.value as Promise<string>).then(done);
    else if (wait) done();
  });
}

/** The promise, or a rejection with the signal's reason, whichever comes first. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
    if (signal.aborted) abort();
  });
}

/** Whether this thread may block: the main thread of a page may not. */
export function mayBlock(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0);
    return true;
  } catch {
    // The refusal is the answer.
    return false;
  }
}
