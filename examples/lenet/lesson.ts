/** The whole of a training: what it is made of, and what is told of it on the way. Nothing here asks for Node. */
import type { Digits } from "./batch.ts";
import type { LeNet } from "./network.ts";
import { accuracy, type Step, type TrainingSpec, train } from "./training.ts";

export const BATCH = 64;
export const SPEC: TrainingSpec = { epochs: 4, seed: 1998, rate: 0.02, decay: 0.5, momentum: 0.9 };
/** Share of the test digits whose reading is waited for, and the steps between two looks at them until then. */
export const GOAL = 0.97;
const LOOK_EVERY = 50;

/** The end of an epoch. */
export interface Epoch {
  readonly accuracy: number;
  readonly meanLoss: number;
  /** Of learning. */
  readonly seconds: number;
}

export interface Moment extends Step {
  /** Of all epochs, this one included. */
  readonly taken: number;
  /** Whether GOAL was first met after this step. */
  readonly goal: boolean;
  /** With the last step of an epoch. */
  readonly ended?: Epoch;
}

/** `pause` is awaited between batches of test digits: in a page it lets events in. */
export async function* teach(
  network: LeNet,
  learning: Digits,
  testing: Digits,
  spec: TrainingSpec = SPEC,
  pause?: () => Promise<void>,
): AsyncGenerator<Moment> {
  let [taken, reached] = [0, false];
  let [sum, before] = [0, 0];
  for await (const step of train(network, learning, spec)) {
    taken++;
    sum += step.loss;
    if (!Number.isFinite(step.loss)) throw new Error(`the loss is ${step.loss} after ${taken} steps`);
    const looks = !reached && step.number % LOOK_EVERY === 0;
    const goal = looks && (await accuracy(network, testing, pause)) >= GOAL;
    reached ||= goal;
    if (step.number < step.steps) {
      yield { ...step, taken, goal };
      continue;
    }
    const right = await accuracy(network, testing, pause);
    const ended = { accuracy: right, meanLoss: sum / step.steps, seconds: step.seconds - before };
    [sum, before] = [0, step.seconds];
    yield { ...step, taken, goal, ended };
  }
}
