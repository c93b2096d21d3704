// Jobs of some milliseconds with known bits, and waiting that cannot hang. For Node and pages.
import { firstDifference } from "../support/compare.ts";
import { compute, type Engine, numbers, operandsOf, type Problem, reproduce, type Spec } from "../support/spec.ts";

/** Some ten to a hundred tiles each, of every kind of kernel. */
const kinds: readonly Spec[] = [
  { input: [1, 64, 30, 30], filters: [64, 64, 3, 3], seed: 1 },
  { input: [2, 32, 40, 41], filters: [48, 32, 3, 3], seed: 2, borderMode: "half", bias: true, activation: "relu" },
  { input: [4, 96, 33, 35], filters: [96, 1, 5, 5], seed: 3, numGroups: 96, borderMode: "half" },
  { input: [1, 24, 40, 40], filters: [32, 24, 3, 3], seed: 4, dtype: "float64", borderMode: "full" },
  { input: [2, 64, 28, 28], filters: [128, 16, 3, 3], seed: 5, numGroups: 4, subsample: [2, 1], bias: true },
  { input: [2, 8, 24, 24], filters: [16, 8, 3, 3], seed: 6, unshared: true, borderMode: "half" },
  { input: [1, 256, 28, 28], filters: [64, 256, 1, 1], seed: 7, bias: true, activation: "tanh" },
  { input: [3, 16, 50, 51], filters: [16, 16, 3, 3], seed: 8, filterDilation: [2, 3], borderMode: 4 },
];
export const middling: readonly Spec[] = kinds.map((spec) => ({ ...spec, values: "zero-mean" }));

export interface Job {
  readonly spec: Spec;
  readonly problem: Problem;
  /** The bits that the calling thread computes. */
  readonly bits: Float64Array;
}

export async function jobsOf(engine: Engine, specs: readonly Spec[] = middling): Promise<Job[]> {
  const jobs: Job[] = [];
  for (const spec of specs) {
    const problem = numbers(spec);
    const bits = await compute(engine, spec, operandsOf(problem), { binary: "", form: "auto", via: "runSync" });
    jobs.push({ spec, problem, bits });
  }
  return jobs;
}

/** Undefined if the result has the bits of the job. */
export function wrongBits({ spec, problem, bits }: Job, got: ArrayLike<number>): string | undefined {
  const position = firstDifference(got, bits);
  if (position < 0) return undefined;
  const how = { binary: "simd", form: "auto" };
  return `element ${position} of [${problem.shape}] is ${got[position]}, computed by the caller it is ${bits[position]}\n${reproduce(spec, how)}`;
}

/** The arguments of a call of the job, its operands made new. */
export function callOf({ spec, problem }: Pick<Job, "spec" | "problem">) {
  const { input, filters, bias } = operandsOf(problem);
  const { borderMode, subsample, filterDilation, numGroups, unshared, activation } = spec;
  const options = { borderMode, subsample, filterDilation, numGroups, unshared, activation, bias: bias?.operand };
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return { input: input.operand, filters: filters.operand, options: given as typeof options };
}

export class Late extends Error {}

/** The promise, or a rejection after `ms`: a test must not hang. */
export function settles<T>(promise: PromiseLike<T>, ms: number, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Late(`${what} has not settled after ${ms} ms`)), ms);
    promise.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Waits until the condition holds; false if it did not within `ms`. */
export async function becomes(condition: () => boolean, ms: number): Promise<boolean> {
  for (const end = performance.now() + ms; !condition(); await pause(2)) if (performance.now() > end) return false;
  return true;
}

export function serving(engine: Engine): number {
  return engine.capabilities().using.workers;
}

let first: Problem | undefined;

/** An engine's workers all at work: a call starts them, then they are waited for. */
export async function startPool(engine: Engine, workers: number): Promise<void> {
  first ??= numbers(middling[0]!);
  const { input, filters, options } = callOf({ spec: first.spec, problem: first });
  await engine.nnet.conv2d(input, filters, { ...options, openmp: true } as object);
  if (!(await becomes(() => serving(engine) === workers, 20_000))) {
    throw new Error(`${serving(engine)} of ${workers} workers serve: ${engine.capabilities().why.workers}`);
  }
}
