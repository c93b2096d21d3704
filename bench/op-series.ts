// Contests one after the other: one that fails is told of and does not stop the others.
import { absentText, type OpTimes } from "./op-contest.ts";
import { show } from "./report.ts";

export class Series {
  readonly failures: string[] = [];
  readonly #tell: (line: string) => void;

  constructor(tell: (line: string) => void) {
    this.#tell = tell;
  }

  async attempt(name: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.failures.push(`- ${name}: ${error instanceof Error ? error.message : error}`);
      this.#tell(`FAILED ${name}: ${error instanceof Error ? error.stack : error}`);
    }
  }
}

/** A row of the tables as a line, while the others are still to come. */
export function rowText({ contest, algorithm, checked, ms, beside, peers, absent }: OpTimes): string {
  const others = [...(beside ? [beside] : []), ...peers].map((other) => `${other.name} ${show.digits(other.ms)}`);
  const head = `${contest.of.name}: ${checked} outputs checked, ${algorithm} ${show.digits(ms)} ms`;
  return [head, ...others, ...absent.map(absentText)].join("; ");
}
