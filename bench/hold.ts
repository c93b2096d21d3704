// Computes one layer for a while, for a debugger to be attached: README.md, "Machine code".
import { parseArgs } from "node:util";
import { cases } from "./cases.ts";
import { prepareLayer } from "./layers.ts";
import { library } from "./library.ts";
import type { Binary } from "./runtime.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    binary: { type: "string", default: "relaxed" },
    /** As of the op; the chooser's, if unset. */
    algorithm: { type: "string" },
    seconds: { type: "string", default: "60" },
  },
});
const pattern = new RegExp(positionals[0] ?? "", "i");
const layer = cases.find(({ network, name }) =>
  pattern.test(`${network} ${name}`.replaceAll("×", "x").replaceAll("→", "->")),
);
if (!layer) throw new Error(`no layer is called ${positionals[0]}: bench/cases.ts has them all`);

const binary = values.binary as Binary;
const { createEngine } = await library();
await using engine = await createEngine({ binary, workers: 0 });
const options = { ...layer.options, ...(values.algorithm && { algorithm: values.algorithm as "direct" }) };
const { op, subject } = await prepareLayer(engine, binary, { ...layer, options });
console.log(`process ${process.pid}: ${subject.name}\n${op.plan.describe()}`);
for (const end = performance.now() + 1000 * Number(values.seconds); performance.now() < end; ) subject.call();
