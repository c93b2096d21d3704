import {
  type CompiledOp,
  type Conv2dOptions,
  ConvError,
  createEngine,
  nnet,
  type Operand,
  type Tensor,
  tensor,
} from "simdconv";
import * as inline from "simdconv/inline";

const images: Operand = { data: new Float32Array(9), shape: [1, 1, 3, 3] };
const options: Conv2dOptions = { borderMode: "half", subsample: [1, 2], openmp: true };
export const result: Promise<Tensor> = nnet.conv2d(images, tensor([1], [1, 1, 1, 1]), options);
export const same: Promise<Tensor> = inline.nnet.conv2d(images, images);
export async function layer(): Promise<CompiledOp> {
  const engine = await createEngine({ workers: 0, wasm: new URL("https://example.org/simd.wasm") });
  return engine.nnet.conv2d.compile({ imageShape: [1, 1, 3, 3], filterShape: [1, 1, 1, 1] });
}
export const isOurs = (error: unknown): boolean => error instanceof ConvError && error.argument === "filters";
// @ts-expect-error: there is no such mode
export const wrong = nnet.conv2d(images, images, { borderMode: "same" });
