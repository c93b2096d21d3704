/** What the recipes of docs/recipes.md promise beyond what their examples print. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { type NpyArray, parse } from "npyjs";
import { nnet } from "simdconv";
import { expect, it, vi } from "vitest";
import { asNhwc, fromHwio, fromNhwc } from "../../examples/recipes/tfjs.ts";
import { ROOT } from "../support/pages.ts";
import { random } from "../support/random.ts";

it("a .npy file in Fortran order is read by its strides", async () => {
  vi.spyOn(console, "log").mockImplementation(() => {});
  const { operandOf } = await import("../../examples/recipes/npy.ts");
  const header = "{'descr': '<f4', 'fortran_order': True, 'shape': (1, 1, 2, 3), }".padEnd(117).concat("\n");
  const values = new Float32Array([1, 4, 2, 5, 3, 6]); // 1 2 3 / 4 5 6, columns first
  const bytes = new Uint8Array(10 + header.length + values.byteLength);
  bytes.set([0x93, ...Buffer.from("NUMPY"), 1, 0, header.length, 0]);
  bytes.set(Buffer.from(header), 10);
  bytes.set(new Uint8Array(values.buffer), 10 + header.length);
  const file: NpyArray = parse(bytes.buffer);
  const one = { data: new Float32Array([1]), shape: [1, 1, 1, 1] };
  const maps = await nnet.conv2d(operandOf(file), one);
  expect(Array.from(maps.data)).toEqual([1, 2, 3, 4, 5, 6]);
});

const require = createRequire(join(ROOT, "bench/package.json"));
const installed = (() => {
  try {
    return [require.resolve("@tensorflow/tfjs-core"), require.resolve("@tensorflow/tfjs-backend-cpu")];
  } catch {
    return undefined; // the reason is in the name of the test
  }
})();

it.skipIf(!installed)(
  `tf.Tensors go in and out by strides${installed ? "" : " (TensorFlow.js is not installed: npm ci --prefix bench)"}`,
  async () => {
    const tf = require(installed![0]);
    require(installed![1]);
    const next = random(7);
    const integers = (count: number) => Float32Array.from({ length: count }, () => Math.floor(next() * 9) - 4);
    const x = tf.tensor4d(integers(2 * 5 * 6 * 3), [2, 5, 6, 3]);
    const w = tf.tensor4d(integers(3 * 2 * 3 * 4), [3, 2, 3, 4]);
    const expected = tf.conv2d(x, w, 1, "valid");
    const out = asNhwc([2, 4, 3, 5]);
    await nnet.conv2d(await fromNhwc(x), await fromHwio(w), { filterFlip: false, out });
    const mine = tf.tensor4d(out.data, [2, 3, 5, 4]);
    expect(mine.shape).toEqual(expected.shape);
    expect(Array.from(mine.dataSync())).toEqual(Array.from(expected.dataSync()));
  },
);
