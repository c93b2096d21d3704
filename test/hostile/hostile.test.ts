// R5 and R6 of reliability.md: hundreds of calls that must be refused with a typed error that names the argument,
// quickly, without touching a byte, and with the engine as good as before.
import { describe, expect, it } from "vitest";
import { enginesOfThisFile } from "../support/engines.ts";
import { failureOf, wrongError } from "../support/errors.ts";
import { stillGood } from "../support/fixtures.ts";
import { opNames } from "../support/ops.ts";
import { note } from "../support/record.ts";
import type { Engine } from "../support/spec.ts";
import { hostileOperands } from "./operands.ts";
import { hostileOps } from "./ops.ts";
import { hostileOptions } from "./options.ts";
import { hostileOthers } from "./others.ts";
import { givenOperands, type Hostile } from "./table.ts";

const engines = await enginesOfThisFile();
const tables = { operands: hostileOperands, options: hostileOptions, others: hostileOthers, ops: hostileOps };
const rounds = 5; // the time of a call is the median over these
const allowed = 5; // milliseconds

describe("hostile calls", () => {
  for (const [name, table] of Object.entries(tables)) {
    it(`${name}: each is refused, in time and without a trace`, { timeout: 120_000 }, async (test) => {
      const engine = await engines.get("simd");
      const failures: string[] = [];
      const times: number[] = [];
      for (const hostile of table()) {
        const { wrong, median } = await attack(engine, hostile);
        times.push(median);
        if (wrong) failures.push(`${hostile.name}: ${wrong}`);
        const after = await stillGood(engine, hostile.op).catch((error: Error) => `the good call threw ${error.stack}`);
        if (after) failures.push(`${hostile.name}: afterwards ${after}`);
      }
      times.sort((a, b) => a - b);
      const [middle, worst] = [times[times.length >> 1]!, times.at(-1)!];
      note(
        test,
        `R5 ${name}: ${times.length} hostile calls, median ${middle.toFixed(3)} ms, slowest ${worst.toFixed(2)} ms`,
      );
      expect(failures.length, `${failures.length} of ${times.length}\n${failures.slice(0, 60).join("\n")}`).toBe(0);
    });
  }

  it("are at least 300", () => {
    const total = Object.values(tables).reduce((sum, table) => sum + [...table()].length, 0);
    expect(total).toBeGreaterThanOrEqual(300);
  });

  it("one after the other on the debug build: no assertion fails", async () => {
    const engine = await engines.get("debug");
    const failures: string[] = [];
    for (const hostile of [...hostileOperands(), ...hostileOptions(), ...hostileOps()]) {
      const { wrong } = await attack(engine, hostile);
      if (wrong) failures.push(`${hostile.name}: ${wrong}`);
    }
    expect(failures.length, failures.slice(0, 20).join("\n")).toBe(0);
    for (const op of opNames) expect(await stillGood(engine, op)).toBeUndefined();
  });
});

async function attack(
  engine: Engine,
  hostile: Hostile,
  times = rounds,
): Promise<{ wrong: string | undefined; median: number }> {
  const taken: number[] = [];
  for (let round = 0; round < times; round++) {
    const { given, damage } = givenOperands(hostile.op);
    const call = hostile.prepare(given);
    const start = performance.now();
    let returned: unknown;
    const atOnce = await failureOf(() => {
      returned = call(engine);
    });
    const failure = atOnce ?? (await failureOf(() => returned));
    taken.push(performance.now() - start);
    if (!failure) return { wrong: `was accepted; must be ${hostile.error} naming ${hostile.names}`, median: 0 };
    if (atOnce && !hostile.sync) return { wrong: `threw at once instead of rejecting: ${atOnce.error}`, median: 0 };
    const names = hostile.names.filter((name) => name !== "");
    const wrong = wrongError(failure.error, hostile.error, names) ?? damage();
    if (wrong) return { wrong, median: 0 };
  }
  const median = taken.sort((a, b) => a - b)[taken.length >> 1]!;
  return { wrong: median < allowed ? undefined : `took ${median.toFixed(2)} ms, may take ${allowed}`, median };
}
