/** One layer in growing sizes, each computed in three ways that take turns. */
import type { Engine } from "simdconv";
import { median } from "../../rounds.ts";
import { type Layer, taskOf } from "../compare/layer.ts";
import { makeOperands, type Placed, place } from "../compare/operands.ts";
import { nextTask } from "../turns.ts";
import type { Kind } from "./kinds.ts";

/** By `openmp`: off, on, and not said, so that the library decides. */
export const WAYS = [
  { id: "alone", title: "the page alone", colour: "--scalar", options: { openmp: false } },
  { id: "crew", title: "workers", colour: "--relaxed", options: { openmp: true } },
  { id: "free", title: "as the library decides", colour: "--webgpu", options: {} },
] as const;
export type Way = (typeof WAYS)[number]["id"];

export interface Point {
  readonly side: number;
  readonly multiplyAdds: number;
  /** Milliseconds of one run, median. */
  readonly ms: Readonly<Record<Way, number>>;
  /** Whether workers gave every bit that the page alone gives. */
  readonly sameBits: boolean;
}

/** A sample is at least this long; so long, or so many rounds, a size is measured, but never in fewer than three. */
const [SAMPLE_MS, SIZE_MS, MOST_ROUNDS, LEAST_ROUNDS] = [1, 250, 15, 3];

/** `done` is told of every size as soon as it is measured. Rejects with the signal's reason. */
export async function measureSizes(
  engine: Engine,
  kind: Kind,
  signal: AbortSignal,
  done: (point: Point) => void,
): Promise<void> {
  for (const side of kind.sides) done(await measureSize(engine, side, kind.layer(side), signal));
}

async function measureSize(engine: Engine, side: number, layer: Layer, signal: AbortSignal): Promise<Point> {
  const task = taskOf(layer);
  const placed = await place(engine, task, await makeOperands(task, signal), false);
  try {
    const answers: Float32Array[] = [];
    for (const { options } of WAYS.slice(0, 2)) {
      await placed.run({ ...options, signal });
      answers.push(placed.out.slice());
    }
    const ms = await timeWays(placed, signal);
    const [alone, crew] = answers.map(({ buffer }) => new Uint32Array(buffer));
    const sameBits = alone.every((bits, i) => bits === crew[i]);
    return { side, multiplyAdds: placed.plan.multiplyAdds, ms, sameBits };
  } finally {
    placed.dispose();
  }
}

async function timeWays(placed: Placed, signal: AbortSignal): Promise<Record<Way, number>> {
  const times = WAYS.map((): number[] => []);
  const calls = WAYS.map(() => 1);
  const start = performance.now();
  for (let round = 0; round < LEAST_ROUNDS || (round < MOST_ROUNDS && performance.now() - start < SIZE_MS); round++) {
    for (const [i, { options }] of WAYS.entries()) {
      const ms = await sample(() => placed.run({ ...options, signal }), calls[i]);
      signal.throwIfAborted();
      calls[i] = Math.max(1, Math.ceil(SAMPLE_MS / ms));
      times[i].push(ms);
    }
  }
  return Object.fromEntries(WAYS.map(({ id }, i) => [id, median(times[i])])) as Record<Way, number>;
}

/** Milliseconds of one call; one goes first, untimed, as the one before computed in another way. */
async function sample(call: () => Promise<unknown>, calls: number): Promise<number> {
  await call();
  const start = performance.now();
  for (let i = 0; i < calls; i++) await call();
  const ms = (performance.now() - start) / calls;
  await nextTask();
  return Math.max(ms, 1e-4);
}

/**
 * Multiply-adds from which on workers are faster: between the last size where they are not and the next, where the logarithm of the ratio
 * crosses 0. 0 if they always are, undefined if they are not at the largest size.
 */
export function crossingOf(points: readonly Point[]): number | undefined {
  const gain = points.map(({ ms }) => Math.log(ms.alone / ms.crew));
  const last = gain.findLastIndex((value) => value <= 0);
  if (last === points.length - 1) return undefined;
  if (last < 0) return 0;
  const [a, b] = [points[last], points[last + 1]].map(({ multiplyAdds }) => Math.log(multiplyAdds));
  const share = -gain[last] / (gain[last + 1] - gain[last]);
  return Math.exp(a + share * (b - a));
}
