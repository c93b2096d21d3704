// The first and the last lines of a test run: which runtimes, which seed, and what each binary computed where.
// A binary that a runtime supports but that computed nothing in a full run makes the run fail.
import type { TaskMeta } from "vitest";
import type { Reporter, TestModule, Vitest } from "vitest/node";
import type {} from "./record.ts"; // what our tests add to TaskMeta

interface Tally {
  readonly supported: Set<string>;
  readonly ran: Map<string, number>;
  readonly notes: string[];
}

export class Summary implements Reporter {
  readonly #runtimes: readonly string[];
  readonly #seed: number;
  #vitest: Vitest | undefined;

  constructor(runtimes: readonly string[], seed: number) {
    this.#runtimes = runtimes;
    this.#seed = seed;
  }

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
    console.log(
      `\nruntimes  ${this.#runtimes.join("\n          ")}\nseed      ${this.#seed} (SEED=${this.#seed} replays)`,
    );
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const lines: string[] = [];
    let missing = false;
    const partial = this.#vitest !== undefined && isPartial(this.#vitest);
    for (const [project, tally] of tallies(modules)) {
      lines.push(`${project}`);
      for (const binary of new Set([...tally.supported, ...tally.ran.keys()])) {
        const calls = tally.ran.get(binary) ?? 0;
        const bad = calls === 0 && !partial;
        missing ||= bad;
        lines.push(`  ${binary.padEnd(8)} ${String(calls).padStart(7)} calls checked${bad ? "  <-- DID NOT RUN" : ""}`);
      }
      lines.push(...tally.notes.map((note) => `  ${note}`));
    }
    console.log(`\nwhat ran\n${lines.map((line) => `  ${line}`).join("\n")}`);
    if (missing) {
      console.error("\nFAILED: a binary that the runtime supports did not run.");
      process.exitCode = 1;
    }
  }
}

// Only some files or tests were asked for. (The file patterns are there at run time but not in Vitest's types.)
function isPartial(vitest: Vitest): boolean {
  const { filenamePattern } = vitest as unknown as { filenamePattern?: readonly string[] };
  return Boolean(filenamePattern?.length || vitest.config.testNamePattern);
}

function tallies(modules: readonly TestModule[]): Map<string, Tally> {
  const byProject = new Map<string, Tally>();
  for (const module of modules) {
    const name = module.project.name.replace(/(-timed)? \(.*\)$/, ""); // "browser-plain-timed (chromium)"
    const tally = byProject.get(name) ?? { supported: new Set<string>(), ran: new Map<string, number>(), notes: [] };
    byProject.set(name, tally);
    for (const test of module.children.allTests()) {
      const { supported = [], ran = {}, notes = [] }: TaskMeta = test.meta();
      for (const binary of supported) tally.supported.add(binary);
      for (const [binary, calls] of Object.entries(ran)) tally.ran.set(binary, (tally.ran.get(binary) ?? 0) + calls);
      tally.notes.push(...notes);
    }
  }
  return byProject;
}
