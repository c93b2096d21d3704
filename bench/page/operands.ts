/** Seeded images and filters, made without holding up the page, and the same in the memory of an engine. */
import type { CompiledOp, Engine, Tensor } from "simdconv";
import { random } from "../check.ts";
import type { Operands } from "./answer.ts";
import { filterShapeOf, imageShapeOf, type Layer, outputShapeOf, sizeOf, specOf } from "./layer.ts";

/** Elements between two looks at the clock, and milliseconds between two turns of the event loop. */
const CHUNK = 20_000;
const SLICE_MS = 8;

export function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}

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

export async function makeOperands(layer: Layer, signal: AbortSignal): Promise<Operands> {
  return {
    image: await noise(sizeOf(imageShapeOf(layer)), 1, signal),
    filters: await noise(sizeOf(filterShapeOf(layer)), 2, signal),
  };
}

/** A layer in one engine: planned, filters packed, operands resident, so that a run does nothing but convolve. */
export interface Placed {
  readonly op: CompiledOp;
  readonly input: Tensor;
  readonly out: Tensor;
  dispose(): void;
}

export async function place(engine: Engine, layer: Layer, { image, filters }: Operands): Promise<Placed> {
  const owned: { dispose(): void }[] = [];
  const own = <T extends { dispose(): void }>(thing: T): T => {
    owned.push(thing);
    return thing;
  };
  const dispose = () => {
    for (const thing of owned.splice(0)) thing.dispose();
  };
  try {
    const op = own(await engine.nnet.conv2d.compile(specOf(layer)));
    const input = own(engine.tensor(imageShapeOf(layer)));
    input.data.set(image);
    const out = own(engine.tensor(outputShapeOf(layer)));
    await op.setFilters({ data: filters, shape: filterShapeOf(layer) });
    return { op, input, out, dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}
