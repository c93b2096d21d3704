// A thread that was stopped for long may go on with a tile that another has computed meanwhile, when its job has ended and the caller
// reads the results. So a tile that is computed again must never show anything but them: here one thread computes a layer again
// and again into the same y, and another reads it all the while.
import { Worker } from "node:worker_threads";
import { createEngine } from "simdconv";
import { expect, it } from "vitest";
import { reals } from "../support/fixtures.ts";
import { forms } from "../support/forms.ts";
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

type Layer = readonly [
  form: string,
  name: string,
  input: readonly number[],
  filters: readonly number[],
  options?: object,
];
const layers: readonly Layer[] = [
  ["direct pixels", "1×1", [1, 24, 16, 16], [48, 24, 1, 1]],
  ["direct pixels", "blocks of terms", [1, 300, 16, 16], [24, 300, 1, 1]],
  ["direct pixels", "ends of rows", [1, 16, 15, 15], [24, 16, 3, 3]],
  ["direct filters", "3×3", [1, 24, 16, 16], [48, 24, 3, 3]],
  ["direct gathered", "3×3", [1, 24, 15, 15], [48, 24, 3, 3]],
  ["depthwise pixels", "3×3", [1, 24, 32, 32], [24, 1, 3, 3]],
  ["depthwise pixels", "5×5", [1, 24, 32, 32], [24, 1, 5, 5]],
  ["depthwise planes", "3×3", [1, 24, 15, 15], [24, 1, 3, 3]],
  ["fft", "9×9", [1, 8, 32, 32], [8, 1, 9, 9]],
  ["winograd", "3×3", [1, 24, 32, 32], [24, 24, 3, 3]],
  ["winograd", "3×3 dilated", [1, 24, 31, 29], [24, 24, 3, 3], { filterDilation: [2, 2] }],
  ["winograd", "7×7 in blocks", [1, 8, 32, 32], [24, 8, 7, 7]],
  ["winograd", "1×1 in halves", [1, 24, 15, 15], [48, 24, 1, 1]],
  ["winograd", "filters kept as rows", [1, 256, 12, 12], [256, 256, 3, 3]],
];

for (const [form, kind, input, filters, options] of layers) {
  const name = `${form}, ${kind}`;
  it(`${name}: what is computed again shows nothing but results`, { timeout: 20_000 }, async (test) => {
    await using engine = (await createEngine({ workers: 0, sharedMemory: true })) as Engine;
    const [count, depth] = filters;
    using layer = await engine.nnet.conv2d.compile({
      imageShape: input,
      filterShape: filters,
      borderMode: "half",
      numGroups: depth === 1 ? count : 1,
      activation: "relu",
      bias: { data: new Float32Array(count!).fill(3), shape: [count!] },
      ...forms[form].options,
      ...options,
    } as never);
    await layer.setFilters(reals(filters, 2));
    using x = engine.tensor(input);
    x.data.set(reals(input, 1).data);
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
