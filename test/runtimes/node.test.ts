// node --test-reporter=spec test/runtimes/node.test.ts     (or all of it: npm run test:runtimes)
import { test } from "node:test";
import { checks, SAMPLE } from "./suite.ts";

for (const { name, run } of await checks(SAMPLE)) test(name, run);
