// A program that Deno does not let read the kernels, or the workers' script: told in words, and computed where that is possible.
import { mustFail } from "../support/errors.ts";
import { stillGood } from "../support/fixtures.ts";
import { createEngine } from "./library.ts";
import { always } from "./pool.ts";

const ignore = () => {};

/** Starts until `why` tells of the workers that cannot be had. */
async function withoutWorkers(): Promise<string | undefined> {
  const engine = await createEngine({ workers: 2 });
  for (const end = performance.now() + 10_000; engine.capabilities().why.workers === undefined; ) {
    const wrong = await stillGood(always(engine, true, ignore));
    if (wrong !== undefined || performance.now() > end) return wrong ?? "no reason after 10 s";
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  console.log(engine.capabilities().why.workers);
  return stillGood(always(engine, true, ignore));
}

const problem = await mustFail(() => createEngine(), "OptionError", ["wasm"]);
// It was not the kernels that were denied, then.
const wrong = problem === undefined ? undefined : await withoutWorkers();
if (wrong !== undefined) throw new Error(wrong);
console.log(problem === undefined ? "OptionError naming wasm" : "exact without workers");
