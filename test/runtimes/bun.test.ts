// bun test ./test/runtimes/bun.test.ts     (or all of it: npm run test:runtimes)
import { test } from "bun:test";
import { checks, THOROUGH } from "./suite.ts";

for (const { name, run } of await checks(THOROUGH)) test(name, run, 120_000);
