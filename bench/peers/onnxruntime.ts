// onnxruntime-web on its WebAssembly backend: Conv, in two dimensions or three.

import { workOf } from "../op-cases.ts";
import type { Numbers } from "../op-check.ts";
import { inNode } from "./installed.ts";
import { convModel, fedConvModel, transposeModel } from "./onnx-model.ts";
import { type Backward, type Challenger, type Declined, type Library, tooMuch } from "./peer.ts";

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
  const inside = "the result made anew in its own memory and one element of it read back; no upload";
  const peer = {
    name: NAME,
    kind: "wasm",
    accuracy: "sum",
    inside,
    prepare: (numbers: Numbers) => prepare(ort, numbers),
    prepareGradient: (backward: Backward) => challenge(ort, transposeModel(backward)),
  } as const;
  return {
    peers: [peer],
    version: ort.env.versions.web ?? "",
    close() {},
  };
}

async function prepare(ort: OnnxRuntime, numbers: Numbers): Promise<Challenger | Declined> {
  const declined = tooMuch(workOf(numbers.sum), MOST_WORK);
  if (declined) return declined;
  const challenger = await challenge(ort, convModel(numbers));
  const fed = await fedSession(ort, numbers);
  return {
    ...challenger,
    whole: fed.run,
    async dispose() {
      await fed.release();
      await challenger.dispose();
    },
  };
}

// Without optimizations: there is nothing to fuse, and a Conv of constants would be computed beforehand.
const OPTIONS = { executionProviders: ["wasm"], graphOptimizationLevel: "disabled" };

async function challenge(ort: OnnxRuntime, model: Uint8Array): Promise<Challenger> {
  const session = await ort.InferenceSession.create(model, OPTIONS);
  return {
    call: async () => void (await session.run({}, ["first"])),
    result: async () => (await session.run({}, ["y"])).y.data,
    dispose: () => session.release(),
  };
}

async function fedSession(ort: OnnxRuntime, numbers: Numbers) {
  const { model, imageShape } = fedConvModel(numbers);
  const session = await ort.InferenceSession.create(model, OPTIONS);
  const x = new ort.Tensor("float32", numbers.image, imageShape);
  return {
    run: async () => (await session.run({ x }, ["y"])).y.data,
    release: () => session.release(),
  };
}
