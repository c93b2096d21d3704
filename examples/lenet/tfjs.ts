/** The same network, from the same weights, in TensorFlow.js on its plain JavaScript backend. */
import { createRequire } from "node:module";
import { CLASSES, type LeNet, SIDE } from "./network.ts";

interface Tensor {
  dispose(): void;
  dataSync(): Float32Array;
}

/** What is used of it, so that `npm run check` does not need it installed. */
interface Tf {
  setBackend(name: "cpu"): Promise<boolean>;
  tensor(data: Float32Array, shape: readonly number[]): Tensor;
  tensor1d(data: Int32Array, dtype: "int32"): Tensor;
  oneHot(labels: Tensor, classes: number): Tensor;
  variable(initial: Tensor): Tensor;
  reshape(a: Tensor, shape: readonly number[]): Tensor;
  transpose(a: Tensor, axes: readonly number[]): Tensor;
  add(a: Tensor, b: Tensor): Tensor;
  mul(a: Tensor, b: Tensor): Tensor;
  neg(a: Tensor): Tensor;
  sum(a: Tensor): Tensor;
  div(a: Tensor, b: number): Tensor;
  relu(a: Tensor): Tensor;
  logSoftmax(a: Tensor): Tensor;
  matMul(a: Tensor, b: Tensor): Tensor;
  conv2d(x: Tensor, filters: Tensor, strides: number, pad: "valid"): Tensor;
  maxPool(x: Tensor, size: number, strides: number, pad: "valid"): Tensor;
  readonly train: {
    momentum(rate: number, momentum: number): { minimize(loss: () => Tensor, returnCost: true): Tensor };
  };
}

export interface Learner {
  /** The mean loss of a batch, before it is learnt from. */
  learn(pixels: Float32Array, labels: Uint8Array): number;
}

export async function openTfjs(network: LeNet, rate: number, momentum: number): Promise<Learner> {
  // As CommonJS, which is what its packages are to Node; the gradients are not part of its bundle, and say so when they are missing.
  const require = createRequire(import.meta.url);
  const tf = require("@tensorflow/tfjs-core") as Tf;
  require("@tensorflow/tfjs-core/dist/register_all_gradients.js");
  require("@tensorflow/tfjs-backend-cpu");
  await tf.setBackend("cpu");
  const scores = classifier(tf, network);
  const optimizer = tf.train.momentum(rate, momentum);
  return {
    learn: (pixels, labels) => {
      const cost = optimizer.minimize(() => {
        const truth = tf.oneHot(tf.tensor1d(Int32Array.from(labels), "int32"), CLASSES);
        const ours = tf.logSoftmax(scores(tf.tensor(pixels, [labels.length, SIDE, SIDE, 1])));
        return tf.div(tf.neg(tf.sum(tf.mul(truth, ours))), labels.length);
      }, true);
      const loss = cost.dataSync()[0];
      cost.dispose();
      return loss;
    },
  };
}

/** Channels come last here, and dense layers are matrix products, as anybody would write them for this library. */
function classifier(tf: Tf, network: LeNet): (images: Tensor) => Tensor {
  const [w1, b1, w2, b2, w3, b3, w4, b4] = network.parameters.map(({ values }) => {
    const { data, shape } = values;
    return tf.tensor(Float32Array.from(data), shape);
  });
  const channelsLast = (w: Tensor) => tf.transpose(w, [2, 3, 1, 0]);
  const filters = (w: Tensor) => tf.variable(channelsLast(w));
  const [conv1, conv2] = [filters(w1), filters(w2)];
  // The 800 that our dense layer takes are 50 maps of 4 × 4; theirs are 4 × 4 pixels of 50.
  const dense1 = tf.variable(tf.reshape(channelsLast(tf.reshape(w3, [500, 50, 4, 4])), [800, 500]));
  const dense2 = tf.variable(tf.reshape(channelsLast(w4), [500, CLASSES]));
  const [bias1, bias2, bias3, bias4] = [b1, b2, b3, b4].map((b) => tf.variable(b));
  return (images) => {
    const first = tf.maxPool(tf.add(tf.conv2d(images, conv1, 1, "valid"), bias1), 2, 2, "valid");
    const second = tf.maxPool(tf.add(tf.conv2d(first, conv2, 1, "valid"), bias2), 2, 2, "valid");
    const hidden = tf.relu(tf.add(tf.matMul(tf.reshape(second, [-1, 800]), dense1), bias3));
    return tf.add(tf.matMul(hidden, dense2), bias4);
  };
}
