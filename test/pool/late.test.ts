// A thread that was stopped for long may go on with a tile that another has computed meanwhile, when its job has ended and the caller
// reads the results. So a tile that is computed again must never show anything but them: here one thread computes a layer again
// and again into the same y, and another reads it all the while.
import { Worker } from "node:worker_threads";
import { createEngine } from "simdconv";
import { expect, it } from "vitest";
import { fill, random } from "../support/random.ts";
import { note } from "../support/record.ts";
import type { Engine } from "../support/spec.ts";

const WATCHED_MS = 120;

/** Reads y until told to stop, and says how often, and where it was not what it must be. */
const reader = `
  const { parentPort, workerData } = require("node:worker_threads");
  const { buffer, offset, want, stop } = workerData;
  const [y, over] = [new Int32Array(buffer, offset, want.length), new Int32Array(stop)];
  parentPort.postMessage("reads");
  let [rounds, wrong, at] = [0, 0, -1];
  for (; Atomics.load(over, 0) === 0; rounds++)
    for (let i = 0; i < want.length; i++) if (y[i] !== want[i]) [wrong, at] = [wrong + 1, i];
  parentPort.postMessage({ rounds, wrong, at });
`;

const layers = {
  "direct pixels": { input: [1, 24, 16, 16], filters: [48, 24, 1, 1], form: { algorithm: "direct", lanes: "pixels" } },
  "direct pixels, blocks of terms": {
    input: [1, 300, 16, 16],
    filters: [24, 300, 1, 1],
    form: { algorithm: "direct", lanes: "pixels" },
  },
  "direct pixels, ends of rows": {
    input: [1, 16, 15, 15],
    filters: [24, 16, 3, 3],
    form: { algorithm: "direct", lanes: "pixels" },
  },
  "direct filters": {
    input: [1, 24, 16, 16],
    filters: [48, 24, 3, 3],
    form: { algorithm: "direct", lanes: "filters" },
  },
  "direct gathered": {
    input: [1, 24, 15, 15],
    filters: [48, 24, 3, 3],
    form: { algorithm: "direct", lanes: "gathered" },
  },
  "depthwise 3×3": {
    input: [1, 24, 32, 32],
    filters: [24, 1, 3, 3],
    form: { algorithm: "depthwise", lanes: "pixels" },
  },
  "depthwise 5×5": {
    input: [1, 24, 32, 32],
    filters: [24, 1, 5, 5],
    form: { algorithm: "depthwise", lanes: "pixels" },
  },
  "depthwise planes": {
    input: [1, 24, 15, 15],
    filters: [24, 1, 3, 3],
    form: { algorithm: "depthwise", lanes: "planes" },
  },
  fft: { input: [1, 8, 32, 32], filters: [8, 1, 9, 9], form: { algorithm: "fft" } },
  winograd: { input: [1, 24, 32, 32], filters: [24, 24, 3, 3], form: { algorithm: "winograd" } },
} as const;

for (const [name, { input, filters, form }] of Object.entries(layers)) {
  it(`${name}: what is computed again shows nothing but results`, { timeout: 20_000 }, async (test) => {
    await using engine = (await createEngine({ workers: 0, sharedMemory: true })) as Engine;
    const [, channels] = input;
    const numGroups = filters[1] === 1 ? channels : 1;
    using layer = await engine.nnet.conv2d.compile({
      imageShape: input,
      filterShape: filters,
      borderMode: "half",
      numGroups,
      activation: "relu",
      bias: { data: new Float32Array(filters[0]).fill(3), shape: [filters[0]] },
      ...form,
    } as never);
    const numbers = (shape: readonly number[], seed: number) => ({
      data: Float32Array.from(
        fill(
          "zero-mean",
          shape.reduce((a, b) => a * b, 1),
          random(seed),
          "float32",
        ),
      ),
      shape,
    });
    await layer.setFilters(numbers(filters, 2));
    using x = engine.tensor(input);
    x.data.set(numbers(input, 1).data);
    using y = engine.tensor(layer.plan.outputShape);
    const again = () => layer.runSync(x as never, { out: y } as never);
    again();
    const data = y.data as Float32Array;
    expect(data.buffer).toBeInstanceOf(SharedArrayBuffer);
    const want = new Int32Array(data.slice().buffer);
    expect(new Set(want).size).toBeGreaterThan(100);

    const stop = new SharedArrayBuffer(4);
    const workerData = { buffer: data.buffer, offset: data.byteOffset, want, stop };
    const thread = new Worker(reader, { eval: true, workerData });
    const told = () => new Promise((resolve, reject) => thread.once("message", resolve).once("error", reject));
    await told();
    let times = 0;
    for (const until = performance.now() + WATCHED_MS; performance.now() < until; times++) again();
    const result = told();
    Atomics.store(new Int32Array(stop), 0, 1);
    const { rounds, wrong, at } = (await result) as { rounds: number; wrong: number; at: number };
    await thread.terminate();
    note(
      test,
      `late threads, ${name}: computed ${times} times, read ${rounds} times, ${wrong} values were not results`,
    );
    expect(times).toBeGreaterThan(10);
    expect(rounds).toBeGreaterThan(10);
    expect(wrong, `output ${at}`).toBe(0);
  });
}
