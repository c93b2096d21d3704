/** Tensors of TensorFlow.js as nnet.conv2d takes them, and back: channels last is a matter of strides. */
import type { Operand } from "simdconv";

/** What is used of a tf.Tensor4D. */
export interface TfTensor {
  readonly shape: number[];
  data(): Promise<unknown>;
}

/** [N, H, W, C] as [N, C, H, W]. */
export async function fromNhwc(x: TfTensor): Promise<Operand> {
  const [n, h, w, c] = x.shape;
  return { data: (await x.data()) as Float32Array, shape: [n, c, h, w], stride: [h * w * c, 1, w * c, c] };
}

/** Filters [h, w, I, O] as [O, I, h, w]. TensorFlow does not flip them: `filterFlip: false`. */
export async function fromHwio(filters: TfTensor): Promise<Operand> {
  const [h, w, i, o] = filters.shape;
  return { data: (await filters.data()) as Float32Array, shape: [o, i, h, w], stride: [1, o, w * i * o, i * o] };
}

/** For `out`: a result [N, O, R, S] that stands in memory as tf.tensor4d(out.data, [N, R, S, O]) wants it. */
export function asNhwc([n, o, r, s]: readonly number[]): Operand {
  return { data: new Float32Array(n * o * r * s), shape: [n, o, r, s], stride: [r * s * o, 1, s * o, o] };
}
