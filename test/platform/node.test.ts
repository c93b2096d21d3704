// Node runs all three binaries: from 20 on with the flag for relaxed SIMD that vitest.config.ts passes.
// And whether there was a browser to test in: this is where a run without one says so.
import { it } from "vitest";
import { note } from "../support/record.ts";
import { environment } from "../support/runtime.ts";
import { everyBinaryRuns } from "./binaries.ts";

everyBinaryRuns(["scalar", "simd", "relaxed"]);

it("browser projects", (test) => {
  const found = environment("BROWSER_FOUND");
  if (found) return;
  const reason = `no Chromium found, so the browser projects did not run. Tried: ${environment("BROWSER_TRIED")}`;
  note(test, reason);
  test.skip(reason);
});
