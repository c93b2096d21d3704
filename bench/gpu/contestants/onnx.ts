// onnxruntime-web on its WebGPU execution provider: a model of one Conv, filters a constant of the model.
import * as ort from "onnxruntime-web/webgpu";
import { type OpCase, plainLayout, product } from "../../op-cases.ts";
import type { Numbers } from "../../op-check.ts";
import { fedConvModel } from "../../peers/onnx-model.ts";
import type { Opened, Ready } from "./contestant.ts";

export async function open(): Promise<Opened> {
  ort.env.wasm.numThreads = 1;
  ort.env.webgpu.powerPreference = "high-performance";
  ort.env.logLevel = "error";
  return { contestant: { name: "onnxruntime-web webgpu", prepare }, version: ort.env.versions.web ?? "" };
}

async function prepare(_: OpCase, numbers: Numbers): Promise<Ready> {
  const { sum, image } = numbers;
  const { model, imageShape } = fedConvModel(numbers);
  const session = await ort.InferenceSession.create(model, { executionProviders: ["webgpu"] });
  const input = new ort.Tensor("float32", image, imageShape);
  return {
    async call() {
      const { data } = (await session.run({ x: input })).y;
      if (data.length !== sum.batch * sum.filters * product(sum.result)) throw new Error(`${data.length} results`);
      return data;
    },
    layout: plainLayout(sum.batch, sum.filters, sum.result),
    device: await ort.env.webgpu.device,
    dispose: () => session.release(),
  };
}
