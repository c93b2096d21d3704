// TensorFlow.js on its WebAssembly backend: XNNPACK with multiply and add, channels last.

import { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import { workOf } from "../op-cases.ts";
import type { Numbers } from "../op-check.ts";
import { isDepthwise, isFlat } from "./channels-last.ts";
import { inNode, installed } from "./installed.ts";
import { type Challenger, type Declined, type Library, tooMuch } from "./peer.ts";
import { tfConvolution } from "./tfjs-conv.ts";

/** What it does in depth is a plain loop, of 0.2 G multiply-adds in a second. */
const MOST_IN_DEPTH = 2e8;

export async function open(threads: number): Promise<Library> {
  if (threads > 1 && inNode) throw new Error("no threads in Node");
  setWasmPaths(installed("@tensorflow/tfjs-backend-wasm/dist/"));
  setThreadsCount(threads);
  if (!(await tf.setBackend("wasm"))) throw new Error("its backend did not start");
  await tf.ready();
  const inside = "a tensor for the result made and let go in every call; no upload, no read-back";
  return {
    peers: [{ name: "tfjs-wasm", kind: "wasm", accuracy: "sum", inside, prepare }],
    version: tf.version_core,
    close() {},
  };
}

async function prepare(numbers: Numbers): Promise<Challenger | Declined | null> {
  const { sum } = numbers;
  if (sum.groups > 1 && !isDepthwise(sum)) return { declined: "it has no groups of several channels" };
  const declined = isFlat(sum) ? null : tooMuch(workOf(sum), MOST_IN_DEPTH);
  if (declined) return declined;
  const { image, imageShape, filters, convolve, layout } = tfConvolution(numbers);
  const input = tf.tensor(image, imageShape);
  let result: tf.Tensor | undefined;
  return {
    call() {
      result?.dispose();
      result = convolve(input);
      return undefined;
    },
    result: () => result!.data(),
    async whole() {
      const from = tf.tensor(image, imageShape);
      const to = convolve(from);
      const data = await to.data();
      for (const tensor of [from, to]) tensor.dispose();
      return data;
    },
    layout,
    dispose() {
      for (const tensor of [input, filters, result]) tensor?.dispose();
    },
  };
}
