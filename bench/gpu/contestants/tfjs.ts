// TensorFlow.js on its WebGPU backend: conv2d, or conv3d where there is depth. Channels last, as it wants them.
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-webgpu";
import { type Layout, type OpCase, product, type Sum } from "../../op-cases.ts";
import { lay, type Numbers } from "../../op-check.ts";
import type { Opened, Ready } from "./contestant.ts";

export async function open(): Promise<Opened> {
  if (!(await tf.setBackend("webgpu"))) throw new Error("its backend did not start");
  await tf.ready();
  return { contestant: { name: "tfjs webgpu", prepare }, version: tf.version_core };
}

/** [outer, z, y, x, inner] */
function channelsLast(inners: number, [depth, rows, columns]: readonly number[]): Layout {
  const row = columns * inners;
  return { offset: 0, outer: depth * rows * row, inner: 1, space: [rows * row, row, inners] };
}

async function prepare(_: OpCase, { sum, image, filter }: Numbers): Promise<Ready> {
  const { batch, channels, filters, taps, result } = sum;
  const flat = taps[0] === 1 && sum.image[0] === 1;
  const of = (space: readonly number[]) => (flat ? space.slice(1) : space);

  const x = new Float32Array(image.length);
  lay(image, batch, channels, sum.image, { data: x, layout: channelsLast(channels, sum.image) });
  const w = new Float32Array(filter.length);
  // [z, y, x, channel, filter]
  const [dz, dy, dx] = channelsLast(channels * filters, taps).space;
  const layout = { offset: 0, outer: 1, inner: filters, space: [dz, dy, dx] as const };
  lay(filter, filters, channels, taps, { data: w, layout });

  const kernel = tf.tensor(w, [...of(taps), channels, filters]);
  const shape = [batch, ...of(sum.image), channels];
  const convolve = flat ? planes(sum) : volumes(sum);
  return {
    async call() {
      const input = tf.tensor(x, shape);
      const output = convolve(input, kernel);
      const data = await output.data();
      for (const tensor of [input, output]) tensor.dispose();
      if (data.length !== batch * filters * product(result)) throw new Error(`${data.length} results`);
      return data;
    },
    layout: channelsLast(filters, result),
    device: tf.backend().device,
    dispose: () => kernel.dispose(),
  };
}

const highOf = ({ image, taps, result, stride, low }: Sum) =>
  result.map((n, axis) => (n - 1) * stride[axis] + taps[axis] - image[axis] - low[axis]);

function planes(sum: Sum) {
  const high = highOf(sum);
  const side = (axis: number) => [sum.low[axis], high[axis]] as const;
  const pad = [[0, 0], side(1), side(2), [0, 0]] as const;
  return (x: tf.Tensor, w: tf.Tensor) => tf.conv2d(x, w, sum.stride.slice(1), pad, "NHWC");
}

/** Paddings by name only. */
function volumes(sum: Sum) {
  const all = [...sum.low, ...highOf(sum)];
  const pad = all.every((n) => n === 0) ? "valid" : "same";
  const halves = sum.taps.map((n) => n >> 1);
  if (pad === "same" && `${all}` !== `${[...halves, ...halves]}`) throw new Error("no such padding");
  return (x: tf.Tensor, w: tf.Tensor) => tf.conv3d(x, w, sum.stride, pad, "NDHWC");
}
