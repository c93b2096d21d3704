/** Teaches LeNet to read digits: npm run --prefix examples/lenet train. Draws how the loss fell to out/lenet.png. */
import { mkdir } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import "../shared/relaxed-simd.ts";
import { readDigits } from "./data.ts";
import { createEngine } from "./library.ts";
import { LeNet } from "./network.ts";
import { drawCurve, type Mark } from "./plot.ts";
import { Progress } from "./progress.ts";
import { accuracy, train } from "./training.ts";

const SPEC = { epochs: 4, seed: 1998, rate: 0.02, decay: 0.5, momentum: 0.9 };
const BATCH = 64;
const GOAL = 0.97;
/** Steps between two looks at the test digits, until the goal is reached. */
const LOOK_EVERY = 50;
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
let [reached, before] = [false, 0];

for await (const step of train(network, learning, SPEC)) {
  progress.show(step);
  losses.push(step.loss);
  if (!Number.isFinite(step.loss)) throw new Error(`the loss is ${step.loss} after ${losses.length} steps`);
  if (!reached && step.number % LOOK_EVERY === 0 && (await accuracy(network, testing)) >= GOAL) {
    reached = true;
    goal = `${step.seconds.toFixed(1)} s, ${losses.length} steps`;
  }
  if (step.number < step.steps) continue;
  const right = await accuracy(network, testing);
  marks.push({ step: losses.length, accuracy: right });
  const mean = losses.slice(-step.steps).reduce((sum, loss) => sum + loss, 0) / step.steps;
  console.log(
    `epoch ${step.epoch}   ${percent(right)} of the test digits, mean loss ${mean.toFixed(4)}, ${(step.seconds - before).toFixed(1)} s`,
  );
  before = step.seconds;
}
network.dispose();

console.log(
  `${percent(GOAL)}   ${goal} (of learning; looking at the test digits every ${LOOK_EVERY} steps is not counted)`,
);
await mkdir(`${ROOT}out`, { recursive: true });
await (await drawCurve(losses, marks)).toFile(ROOT + OUTPUT);
console.log(`written   ${OUTPUT}`);
