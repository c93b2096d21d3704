/** Seeded operands, made without holding up the page, and a task placed in an engine. */
import type { Engine, PlanView, RunOptions } from "simdconv";
import { random } from "../../check.ts";
import { nextTask } from "../turns.ts";
import type { Arrays } from "./answer.ts";
import { PASSES, sizeOf, type Task } from "./layer.ts";
import { compile } from "./ops.ts";

/** Elements between two looks at the clock, and milliseconds between two turns of the event loop. */
const CHUNK = 20_000;
const SLICE_MS = 8;

/** Values in [-1, 1), the same for the same seed. */
async function noise(size: number, seed: number, signal: AbortSignal): Promise<Float32Array> {
  const data = new Float32Array(size);
  const next = random(seed);
  let since = performance.now();
  for (let i = 0; i < size; i++) {
    data[i] = next() * 2 - 1;
    if (i % CHUNK !== 0 || performance.now() - since < SLICE_MS) continue;
    await nextTask();
    signal.throwIfAborted();
    since = performance.now();
  }
  return data;
}

/** The two arrays that the pass is given. */
export async function makeOperands({ pass, places }: Task, signal: AbortSignal): Promise<Arrays> {
  const [first, second] = PASSES[pass].given;
  return {
    [first]: await noise(sizeOf(places[first].shape), 1, signal),
    [second]: await noise(sizeOf(places[second].shape), 2, signal),
  };
}

/** A task in one engine: planned and filters packed. */
export interface Placed {
  readonly plan: PlanView;
  readonly out: Float32Array;
  run(options: RunOptions): Promise<unknown>;
  dispose(): void;
}

/**
 * Operands lie in the memory of the engine, so that a run does nothing but convolve; on the GPU they are the page's own arrays, and a
 * run takes them there and the result back, as without that nobody could say when it is done.
 */
export async function place(engine: Engine, task: Task, arrays: Arrays, onGpu: boolean): Promise<Placed> {
  const owned: { dispose(): void }[] = [];
  const own = <T extends { dispose(): void }>(thing: T): T => {
    owned.push(thing);
    return thing;
  };
  const dispose = () => {
    for (const thing of owned.splice(0)) thing.dispose();
  };
  const { given, made } = PASSES[task.pass];
  const resident = (shape: readonly number[]) => own(engine.tensor(shape));
  const array = (shape: readonly number[], data: Float32Array = new Float32Array(sizeOf(shape))) => ({ data, shape });
  try {
    const op = own(await compile(engine, task));
    const plain = given.map((role) => array(task.places[role].shape, arrays[role]));
    if (op.setFilters) await op.setFilters(plain[1]);
    const operands = plain.slice(0, op.setFilters ? 1 : 2).map((operand) => {
      if (onGpu) return operand;
      const tensor = resident(operand.shape);
      tensor.data.set(operand.data);
      return tensor;
    });
    const out = onGpu ? array(task.places[made].shape) : resident(task.places[made].shape);
    const [first, second] = operands;
    const run = (options: RunOptions) =>
      second ? op.run(first, second, { ...options, out }) : op.run(first, { ...options, out });
    return {
      // Filters may change the plan when they are set.
      get plan() {
        return op.plan;
      },
      // Taken anew, as memory may have grown.
      get out() {
        return out.data as Float32Array;
      },
      run,
      dispose,
    };
  } catch (error) {
    dispose();
    throw error;
  }
}
