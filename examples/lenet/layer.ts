/** What the network knows of its layers. Tensors are resident: they live in the engine's memory as long as the layer. */
import type { Tensor } from "simdconv";

export type Numbers = Float32Array | Float64Array;

/** What is learnt, and the gradient of the loss with respect to it as of the last `backward`. */
export interface Parameter {
  readonly values: Tensor;
  readonly gradient: Tensor;
  /** How the values begin: uniformly within ± this. */
  readonly spread: number;
}

export interface Layer {
  readonly outputShape: readonly number[];
  readonly parameters: readonly Parameter[];
  /** Overwrites its last result. */
  forward(input: Tensor): Promise<Tensor>;
  /** From the gradient with respect to its last result that with respect to its last input, which must not have changed since. */
  backward(outputGrad: Tensor): Promise<Tensor>;
  dispose(): void;
}
