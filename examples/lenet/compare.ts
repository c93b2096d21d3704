/**
 * How long an epoch takes here and in TensorFlow.js (plain JavaScript), from a few mini-batches: npm run --prefix examples/lenet compare.
 * Both learn from the same batches, in turn, beginning with the same weights; that the losses agree is checked before times are shown.
 */
import "../shared/relaxed-simd.ts";
import { Batch } from "./batch.ts";
import { readDigits } from "./data.ts";
import { createEngine } from "./library.ts";
import { LeNet } from "./network.ts";
import { Sgd } from "./sgd.ts";
import { openTfjs } from "./tfjs.ts";

const [BATCH, RATE, MOMENTUM] = [64, 0.02, 0.9];
/** The first round warms up and is not timed: an engine compiles what is hot only after a while. */
const [WARM, ROUNDS] = [1, 3];
/** Of ours in a round: a slow phase of the machine should hit both, and ours are short. */
const OURS_PER_ROUND = 40;
/** Rounding grows from step to step. */
const TOLERANCE = 1e-3;

const digits = await readDigits("train");
const steps = Math.floor(digits.labels.length / BATCH);
await using engine = await createEngine();
const network = await LeNet.create(engine, { batch: BATCH, seed: 1 });
/** Takes more steps than the other two, so it is another network. */
const timed = await LeNet.create(engine, { batch: BATCH, seed: 2 });
const theirs = await openTfjs(network, RATE, MOMENTUM);

const [sgd, timedSgd] = [new Sgd(MOMENTUM), new Sgd(MOMENTUM)];
const batch = new Batch(BATCH);
const times: { ours: number; theirs: number }[] = [];
for (let round = 0; round < WARM + ROUNDS; round++) {
  batch.gather(
    digits,
    Array.from({ length: BATCH }, (_, i) => round * BATCH + i),
  );
  const loss = await step(network, sgd);
  const begin = performance.now();
  for (let i = 0; i < OURS_PER_ROUND; i++) await step(timed, timedSgd);
  const middle = performance.now();
  const theirLoss = theirs.learn(batch.pixels, batch.labels);
  const end = performance.now();
  if (!(Math.abs(theirLoss - loss) < TOLERANCE * loss)) throw new Error(`losses differ: ${loss} and ${theirLoss}`);
  if (round >= WARM) times.push({ ours: (middle - begin) / OURS_PER_ROUND, theirs: end - middle });
}

async function step(one: LeNet, by: Sgd): Promise<number> {
  const loss = await one.learn(batch.pixels, batch.labels);
  by.step(one.parameters, RATE);
  return loss;
}

const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1];
const epoch = (ms: number) =>
  `${ms.toFixed(1)} ms a mini-batch of ${BATCH}; an epoch, extrapolated: ${((ms * steps) / 1000).toFixed(0)} s`;
console.log(`checked    the losses of ${WARM + ROUNDS} mini-batches agree to ${TOLERANCE}`);
console.log(`simdconv   ${epoch(median(times.map(({ ours }) => ours)))}`);
console.log(`tfjs-cpu   ${epoch(median(times.map(({ theirs }) => theirs)))}`);
console.log(
  `ratio      ${median(times.map(({ ours, theirs }) => theirs / ours)).toFixed(1)} (median of ${ROUNDS} rounds)`,
);
