/** What measuring has taught an engine: the fastest candidate of a problem, by name (plan/choose.ts). */
import { OptionError } from "../errors.ts";
import type { BinaryName } from "../plan/registers.ts";
import type { ConvProblem } from "../problem/problem.ts";

/** As it is kept in a file: plain JSON. What was learned with one binary means nothing to another. */
export interface TuningData {
  readonly version: 1;
  readonly binary: string;
  /** Pairs of a problem and the name of its fastest candidate. */
  readonly best: readonly (readonly [string, string])[];
}

export class Tunings {
  private readonly best = new Map<string, string>();
  private readonly binary: BinaryName;

  constructor(binary: BinaryName) {
    this.binary = binary;
  }

  get(problem: ConvProblem): string | undefined {
    return this.best.size === 0 ? undefined : this.best.get(JSON.stringify(problem));
  }

  /** Undefined: go by the estimates again. */
  set(problem: ConvProblem, name: string | undefined): void {
    if (name === undefined) this.best.delete(JSON.stringify(problem));
    else this.best.set(JSON.stringify(problem), name);
  }

  data(): TuningData {
    return { version: 1, binary: this.binary, best: [...this.best] };
  }

  /** Adds to what is known; returns how many problems, none if they were measured with another binary. */
  take(data: unknown): number {
    const { version, binary, best } = (typeof data === "object" && data !== null ? data : {}) as Partial<TuningData>;
    const pairs = Array.isArray(best) ? best : null;
    const isPair = (pair: unknown) =>
      Array.isArray(pair) && pair.length === 2 && pair.every((s) => typeof s === "string");
    if (version !== 1 || typeof binary !== "string" || !pairs?.every(isPair)) {
      throw new OptionError("tunings", "expected what exportTunings gave");
    }
    if (binary !== this.binary) return 0;
    for (const [problem, name] of pairs) this.best.set(problem, name);
    return pairs.length;
  }
}
