// onnxruntime, native: what the machine can do where code need not be portable. A yardstick, no rival.
import * as ort from "onnxruntime-node";
import { product } from "../op-cases.ts";
import type { Numbers } from "../op-check.ts";
import { fedConvModel } from "./onnx-model.ts";
import type { Challenger, Library } from "./peer.ts";

const NAME = "onnxruntime-node";

export async function open(threads: number): Promise<Library> {
  const inside = "it reads the image and writes the result where they are, in arrays of the caller's";
  const prepareHere = (numbers: Numbers) => prepare(numbers, threads);
  return {
    peers: [{ name: NAME, kind: "native", accuracy: "sum", inside, prepare: prepareHere }],
    version: ort.env.versions.node ?? "",
    close() {},
  };
}

async function prepare(numbers: Numbers, threads: number): Promise<Challenger> {
  const { model, imageShape, resultShape } = fedConvModel(numbers);
  const session = await ort.InferenceSession.create(model, {
    executionProviders: ["cpu"],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: "all",
  });
  const x = new ort.Tensor("float32", numbers.image, imageShape);
  const result = new Float32Array(product(resultShape));
  const y = new ort.Tensor("float32", result, resultShape);
  return {
    call: async () => void (await session.run({ x }, { y })),
    result: () => result,
    whole: async () => (await session.run({ x })).y.data,
    dispose: () => session.release(),
  };
}
