// Assertions of the suite, which no test runner's own `expect` reaches everywhere.

export function must(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what);
}

/** For checks that say what is wrong instead of throwing it. */
export function none(problem: string | undefined): void {
  if (problem !== undefined) throw new Error(problem);
}

export const ignore = () => {};
export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Runs `body` while a global is missing, or is `instead`. */
export async function without(name: string, body: () => Promise<void>, instead?: unknown): Promise<void> {
  const own = Object.getOwnPropertyDescriptor(globalThis, name);
  Object.defineProperty(globalThis, name, { value: instead, configurable: true, writable: true });
  try {
    await body();
  } finally {
    if (own) Object.defineProperty(globalThis, name, own);
    else delete (globalThis as Record<string, unknown>)[name];
  }
}
