// R3 on a page: with the workers that it may have, the bits of one thread.
import { beforeAll, expect, inject, it } from "vitest";
import { countCalls, note } from "../support/record.ts";
import { type Case, differences, engineOf, reference } from "./bits.ts";
import { serving } from "./jobs.ts";

let cases: Case[];
beforeAll(async () => {
  cases = await reference("simd");
});

for (const workers of [0, 1, 2, 3, 7]) {
  it(`${workers} workers compute the bits of one thread`, { timeout: 120_000 }, async (test) => {
    await using engine = await engineOf(workers);
    const failures = await differences(engine, workers, cases, workers === 2 ? 5 : 2);
    expect(failures.length, `${failures.length} differ\n${failures.slice(0, 5).join("\n")}`).toBe(0);
    const { why, workers: size } = engine.capabilities();
    if (inject("isolated")) expect(serving(engine)).toBe(workers);
    if (workers > 0 && size === 0) expect(why.workers).toMatch(/\w+ \w+/);
    countCalls(test, "simd", cases.length);
    note(test, `R3 page: ${workers} workers asked for, ${serving(engine)} serve, ${cases.length} cases, one hash each`);
  });
}
