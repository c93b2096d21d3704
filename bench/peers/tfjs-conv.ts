// A case as TensorFlow.js has it, whatever the backend: channels last.
import * as tf from "@tensorflow/tfjs-core";
import { highOf, type Layout, type Space, type Sum, stackOf } from "../op-cases.ts";
import { lay, type Numbers } from "../op-check.ts";
import { channelsLast, filtersLast, isDepthwise, isFlat } from "./channels-last.ts";

export interface TfConvolution {
  /** The image's numbers and shape: a tensor is made of them when it is wanted. */
  readonly image: Float32Array;
  readonly imageShape: readonly number[];
  readonly filters: tf.Tensor;
  /** A fresh result. */
  convolve(image: tf.Tensor): tf.Tensor;
  readonly layout: Layout;
}

export function tfConvolution({ sum, image, filter }: Numbers): TfConvolution {
  const { batch, channels, filters, groups, taps, result } = sum;
  const of = (space: Space) => (isFlat(sum) ? space.slice(1) : space);
  const x = new Float32Array(image.length);
  lay(image, batch, channels, sum.image, { data: x, layout: channelsLast(channels, sum.image) });
  const w = new Float32Array(filter.length);
  lay(filter, filters, stackOf(sum), taps, { data: w, layout: filtersLast(sum) });
  const depthwise = isDepthwise(sum);
  if (groups > 1 && !depthwise) throw new Error("no groups of several channels");
  const last = depthwise ? [channels, filters / channels] : [channels, filters];
  const kernel = tf.tensor(w, [...of(taps), ...last]);
  const convolve = isFlat(sum) ? planes(sum, depthwise) : volumes(sum);
  return {
    image: x,
    imageShape: [batch, ...of(sum.image), channels],
    filters: kernel,
    convolve: (input) => convolve(input, kernel),
    layout: channelsLast(filters, result),
  };
}

type Convolve = (image: tf.Tensor, filters: tf.Tensor) => tf.Tensor;

function planes(sum: Sum, depthwise: boolean): Convolve {
  const high = highOf(sum);
  const side = (axis: number) => [sum.low[axis], high[axis]] as const;
  const pad = [[0, 0], side(1), side(2), [0, 0]] as const;
  const [stride, dilation] = [sum.stride.slice(1), sum.dilation.slice(1)];
  const operation = depthwise ? tf.depthwiseConv2d : tf.conv2d;
  return (x, w) => operation(x, w, stride, pad, "NHWC", dilation);
}

/** Paddings by name only. */
function volumes(sum: Sum): Convolve {
  const all = [...sum.low, ...highOf(sum)];
  const pad = all.every((n) => n === 0) ? "valid" : "same";
  const halves = sum.taps.map((n) => n >> 1);
  if (pad === "same" && `${all}` !== `${[...halves, ...halves]}`) throw new Error("no such padding");
  return (x, w) => tf.conv3d(x, w, sum.stride, pad, "NDHWC");
}
