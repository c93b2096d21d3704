// TensorFlow.js on its WebGPU backend: conv2d, or conv3d where there is depth. Channels last, as it wants them.
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-webgpu";
import { type OpCase, product } from "../../op-cases.ts";
import type { Numbers } from "../../op-check.ts";
import { tfConvolution } from "../../peers/tfjs-conv.ts";
import type { Opened, Ready } from "./contestant.ts";

export async function open(): Promise<Opened> {
  if (!(await tf.setBackend("webgpu"))) throw new Error("its backend did not start");
  await tf.ready();
  return { contestant: { name: "tfjs webgpu", prepare }, version: tf.version_core };
}

async function prepare({ outputShape }: OpCase, numbers: Numbers): Promise<Ready> {
  const { image, imageShape, filters, convolve, layout } = tfConvolution(numbers);
  return {
    async call() {
      const input = tf.tensor(image, imageShape);
      const output = convolve(input);
      const data = await output.data();
      for (const tensor of [input, output]) tensor.dispose();
      if (data.length !== product(outputShape)) throw new Error(`${data.length} results`);
      return data;
    },
    layout,
    device: tf.backend().device,
    dispose: () => filters.dispose(),
  };
}
