// deno test --no-check --allow-read --allow-env=SEED test/runtimes/deno.test.ts     (or all of it: npm run test:runtimes)
import { checks, THOROUGH } from "./suite.ts";

for (const { name, run } of await checks(THOROUGH)) Deno.test(name, run);
