// What a test leaves for the summary at the end of the run: calls that were checked, per binary, and remarks.
import type { TestContext } from "vitest";

declare module "vitest" {
  interface TaskMeta {
    supported?: string[];
    ran?: Record<string, number>;
    notes?: string[];
  }
  interface ProvidedContext {
    /** Seed of the random tests of this run. */
    seed: number;
    /** True in the project whose pages must be cross-origin isolated. */
    isolated: boolean;
  }
}

export function countCalls(test: TestContext, binary: string, calls = 1): void {
  const { meta } = test.task;
  meta.ran ??= {};
  meta.ran[binary] = (meta.ran[binary] ?? 0) + calls;
}

export function note(test: TestContext, text: string): void {
  const { meta } = test.task;
  meta.notes ??= [];
  meta.notes.push(text);
}
