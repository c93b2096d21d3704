/** Teaches LeNet to read digits: npm run --prefix examples/lenet train. Draws how the loss fell to out/lenet.png. */
import { mkdir } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import "../shared/relaxed-simd.ts";
import { readDigits } from "./data.ts";
import { BATCH, GOAL, SPEC, teach } from "./lesson.ts";
import { createEngine } from "./library.ts";
import { LeNet } from "./network.ts";
import { drawCurve, type Mark } from "./plot.ts";
import { Progress } from "./progress.ts";

const { values: flags } = parseArgs({ options: { epochs: { type: "string", default: String(SPEC.epochs) } } });
const epochs = Number(flags.epochs);
if (!(Number.isInteger(epochs) && epochs > 0))
  throw new Error(`--epochs is a whole number from 1 on, not ${flags.epochs}`);
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const OUTPUT = "out/lenet.png";

const percent = (share: number) => `${(100 * share).toFixed(2)} %`;

const [learning, testing] = [await readDigits("train"), await readDigits("t10k")];
console.log(`digits    ${learning.labels.length} to learn from, ${testing.labels.length} to be tested on`);
console.log(
  `runtime   Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model.trim()}, load ${loadavg()[0].toFixed(1)}`,
);

await using engine = await createEngine();
const network = await LeNet.create(engine, { batch: BATCH, seed: SPEC.seed });
const progress = new Progress();
const losses: number[] = [];
const marks: Mark[] = [];
let goal = "not reached";

for await (const step of teach(network, learning, testing, { ...SPEC, epochs })) {
  progress.show(step);
  losses.push(step.loss);
  if (step.goal) goal = `${step.seconds.toFixed(1)} s, ${step.taken} steps`;
  if (!step.ended) continue;
  const { accuracy, meanLoss, seconds } = step.ended;
  marks.push({ step: step.taken, accuracy });
  console.log(
    `epoch ${step.epoch}   ${percent(accuracy)} of the test digits, mean loss ${meanLoss.toFixed(4)}, ${seconds.toFixed(1)} s`,
  );
}
network.dispose();

console.log(`${percent(GOAL)}   ${goal} (of learning; looking at the test digits is not counted)`);
await mkdir(`${ROOT}out`, { recursive: true });
await (await drawCurve(losses, marks)).toFile(ROOT + OUTPUT);
console.log(`written   ${OUTPUT}`);
