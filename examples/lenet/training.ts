/** Epochs of mini-batches, and what is written down of them. Nothing here asks for Node. */
import { permutation } from "../shared/random.ts";
import { Batch, type Digits } from "./batch.ts";
import { type LeNet, PIXELS } from "./network.ts";
import { Sgd } from "./sgd.ts";

export interface TrainingSpec {
  readonly epochs: number;
  readonly seed: number;
  /** The first epoch's; each later one has `decay` of the one before. */
  readonly rate: number;
  readonly decay: number;
  readonly momentum: number;
}

export interface Step {
  readonly epoch: number;
  /** Of the epoch, from 1. */
  readonly number: number;
  readonly steps: number;
  /** Of the batch, before it is learnt from. */
  readonly loss: number;
  /** Of learning, so far; what the caller does between steps does not count. */
  readonly seconds: number;
}

/** Each epoch sees the digits in an order of its own, whole batches of them: what is left over waits for another. */
export async function* train(network: LeNet, digits: Digits, spec: TrainingSpec): AsyncGenerator<Step> {
  const sgd = new Sgd(spec.momentum);
  const batch = new Batch(network.batch);
  const steps = Math.floor(digits.labels.length / network.batch);
  let seconds = 0;
  for (let epoch = 1; epoch <= spec.epochs; epoch++) {
    const order = permutation(digits.labels.length, spec.seed + epoch);
    const rate = spec.rate * spec.decay ** (epoch - 1);
    for (let number = 1; number <= steps; number++) {
      const begin = performance.now();
      batch.gather(digits, order.slice((number - 1) * network.batch, number * network.batch));
      const loss = await network.learn(batch.pixels, batch.labels);
      sgd.step(network.parameters, rate);
      seconds += (performance.now() - begin) / 1000;
      yield { epoch, number, steps, loss, seconds };
    }
  }
}

/** The share of digits that the network names rightly; `pause` is awaited between batches. */
export async function accuracy(network: LeNet, digits: Digits, pause?: () => Promise<void>): Promise<number> {
  const count = digits.labels.length;
  let correct = 0;
  for (let first = 0; first < count; first += network.batch) {
    const end = Math.min(first + network.batch, count);
    const pixels = digits.pixels.subarray(first * PIXELS, end * PIXELS);
    correct += await network.countCorrect(pixels, digits.labels.subarray(first, end));
    await pause?.();
  }
  return correct / count;
}
