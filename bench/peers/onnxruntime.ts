// onnxruntime-web on its WebAssembly backend: Conv, in two dimensions or three.

import { workOf } from "../op-cases.ts";
import type { Numbers } from "../op-check.ts";
import { inNode } from "./installed.ts";
import { convModel, fedConvModel } from "./onnx-model.ts";
import { type Challenger, type Declined, type Library, tooMuch } from "./peer.ts";

interface Session {
  run(feeds: object, fetches: readonly string[]): Promise<Record<string, { data: Float32Array }>>;
  release(): Promise<void>;
}
interface OnnxRuntime {
  readonly env: { wasm: { numThreads: number }; logLevel: string; versions: { web?: string } };
  readonly InferenceSession: { create(model: Uint8Array, options: object): Promise<Session> };
  readonly Tensor: new (type: "float32", data: Float32Array, shape: readonly number[]) => object;
}

const NAME = "onnxruntime-web";
/** Two seconds a call; C3D's largest layer is below. */
const MOST_WORK = 1.2e10;

export async function open(threads: number): Promise<Library> {
  const module: unknown = await (inNode ? import("onnxruntime-web") : import("onnxruntime-web/wasm"));
  const ort = module as OnnxRuntime;
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = "error";
  const prepareHere = (numbers: Numbers) => prepare(ort, numbers);
  const inside = "the result made anew in its own memory and one element of it read back; no upload";
  return {
    peers: [{ name: NAME, kind: "wasm", accuracy: "sum", inside, prepare: prepareHere }],
    version: ort.env.versions.web ?? "",
    close() {},
  };
}

async function prepare(ort: OnnxRuntime, numbers: Numbers): Promise<Challenger | Declined> {
  const declined = tooMuch(workOf(numbers.sum), MOST_WORK);
  if (declined) return declined;
  // Without optimizations: there is nothing to fuse, and a Conv of constants would be computed beforehand.
  const options = { executionProviders: ["wasm"], graphOptimizationLevel: "disabled" };
  const session = await ort.InferenceSession.create(convModel(numbers), options);
  const fed = await fedSession(ort, numbers, options);
  return {
    call: async () => void (await session.run({}, ["first"])),
    result: async () => (await session.run({}, ["y"])).y.data,
    whole: fed.run,
    async dispose() {
      await fed.release();
      await session.release();
    },
  };
}

async function fedSession(ort: OnnxRuntime, numbers: Numbers, options: object) {
  const { model, imageShape } = fedConvModel(numbers);
  const session = await ort.InferenceSession.create(model, options);
  const x = new ort.Tensor("float32", numbers.image, imageShape);
  return {
    run: async () => (await session.run({ x }, ["y"])).y.data,
    release: () => session.release(),
  };
}
