// LiteRT: XNNPACK with relaxed multiply-add, channels last. A model of one convolution, its image a tensor in the library's memory.
import { loadAndCompile, loadLiteRt, Tensor, unloadLiteRt } from "@litertjs/core";
import { highOf, type Layout, type Space, type Sum, stackOf } from "../op-cases.ts";
import { lay, type Numbers } from "../op-check.ts";
import { channelsLast, filtersLast, isDepthwise, isFlat } from "./channels-last.ts";
import { inNode, installed, versionOf } from "./installed.ts";
import type { Backward, Challenger, Declined, Library } from "./peer.ts";
import { convModel, type Padding, transposeModel, type Window } from "./tflite-model.ts";

const PACKAGE = "@litertjs/core";

export async function open(threads: number): Promise<Library> {
  const files = installed(`${PACKAGE}/wasm/`);
  const load = () => loadLiteRt(files, { threads: threads > 1 });
  // It would tell of every environment and model.
  Object.assign(globalThis, { Module: { printErr() {} } });
  const script = `litert_wasm_${threads > 1 ? "threaded_" : ""}internal.js`;
  const clear = inNode ? await (await import("./litert-node.ts")).loadInNode(files, script, load) : await load();
  const inside = "a tensor for the result made and let go in every call; no upload, no read-back";
  const peer = {
    name: "litert",
    kind: "wasm",
    accuracy: "sum",
    inside,
    prepare: (numbers: Numbers) => prepare(numbers, threads),
    prepareGradient: (backward: Backward) => prepareGradient(backward, threads),
  } as const;
  return {
    peers: [peer],
    version: await versionOf(PACKAGE),
    async close() {
      unloadLiteRt();
      if (typeof clear === "function") await clear();
    },
  };
}

/** Its two paddings have the odd zero last. Where a layer has it first, all of it is laid down mirrored: the same work. */
interface Frame {
  readonly padding: Padding;
  readonly mirrored: readonly boolean[];
}

function frameOf(sum: Sum): Frame | null {
  const high = highOf(sum);
  const none = [...sum.low, ...high].every((zeros) => zeros === 0);
  if (none) return { padding: "valid", mirrored: [false, false, false] };
  const { image, result, stride, low } = sum;
  const isSame = result.every((n, axis) => n === Math.ceil(image[axis] / stride[axis]));
  if (!isSame || low.some((before, axis) => Math.abs(before - high[axis]) > 1)) return null;
  return { padding: "same", mirrored: low.map((before, axis) => before > high[axis]) };
}

function mirror({ offset, space, ...rest }: Layout, extents: Space, { mirrored }: Frame): Layout {
  const ends = space.map((step, axis) => (mirrored[axis] ? step * (extents[axis] - 1) : 0));
  const turned = space.map((step, axis) => (mirrored[axis] ? -step : step));
  return { ...rest, offset: ends.reduce((a, b) => a + b, offset), space: turned as unknown as Space };
}

/** [filter, y, x, channel] */
function filtersFirst(sum: Sum): Layout {
  return channelsLast(stackOf(sum), sum.taps);
}

/** [channel, y, x, filter], of one group. */
function channelsFirst({ filters, taps }: Sum): Layout {
  const { outer, inner, space } = channelsLast(filters, taps);
  return { offset: 0, outer: inner, inner: outer, space };
}

const plane = ([, rows, columns]: Space) => [rows, columns] as const;
const planes = ({ batch }: Sum, space: Space, last: number) => [batch, ...plane(space), last];

const windowOf = ({ stride, dilation }: Sum, { padding }: Frame): Window => ({
  padding,
  stride: plane(stride),
  dilation: plane(dilation),
});

function modelOf({ sum, filter }: Numbers, frame: Frame, depthwise: boolean): Uint8Array {
  const { channels, filters, taps, image, result } = sum;
  const data = new Float32Array(filter.length);
  const layout = mirror(depthwise ? filtersLast(sum) : filtersFirst(sum), taps, frame);
  lay(filter, filters, stackOf(sum), taps, { data, layout });
  const [, height, width] = taps;
  const shape = depthwise ? [1, height, width, filters] : [filters, height, width, stackOf(sum)];
  const shapes = { input: planes(sum, image, channels), output: planes(sum, result, filters) };
  return convModel(depthwise ? "depthwise" : "conv", windowOf(sum, frame), shapes, { shape, data });
}

async function prepare(numbers: Numbers, threads: number): Promise<Challenger | Declined | null> {
  const { sum, image } = numbers;
  if (!isFlat(sum)) return { declined: "in depth it has plain loops" };
  const frame = frameOf(sum);
  if (!frame) return { declined: "it has no such padding" };
  const data = new Float32Array(image.length);
  const layout = mirror(channelsLast(sum.channels, sum.image), sum.image, frame);
  lay(image, sum.batch, sum.channels, sum.image, { data, layout });
  return challenge(modelOf(numbers, frame, isDepthwise(sum)), threads, {
    data,
    shape: planes(sum, sum.image, sum.channels),
    layout: mirror(channelsLast(sum.filters, sum.result), sum.result, frame),
  });
}

/** Its transposed convolution is that of a layer with the same stride and padding; where the image goes back to is its result. */
async function prepareGradient(backward: Backward, threads: number): Promise<Challenger | Declined> {
  const { sum, outputGrad, filter } = backward;
  const { batch, channels, filters, taps, image, result } = sum;
  if (!isFlat(sum) || sum.groups > 1 || sum.dilation.some((gap) => gap > 1))
    return { declined: "its transposed convolution knows neither groups nor dilation" };
  const frame = frameOf(sum);
  if (!frame) return { declined: "it has no such padding" };
  const weights = new Float32Array(filter.length);
  lay(filter, filters, channels, taps, { data: weights, layout: mirror(channelsFirst(sum), taps, frame) });
  const data = new Float32Array(outputGrad.length);
  lay(outputGrad, batch, filters, result, { data, layout: mirror(channelsLast(filters, result), result, frame) });
  const shapes = { input: planes(sum, result, filters), output: planes(sum, image, channels) };
  const constant = { shape: [channels, ...plane(taps), filters], data: weights };
  return challenge(transposeModel(windowOf(sum, frame), shapes, constant), threads, {
    data,
    shape: shapes.input,
    layout: mirror(channelsLast(channels, image), image, frame),
  });
}

/** `data` and `shape` are the input's, `layout` is the result's. */
interface Operands {
  readonly data: Float32Array;
  readonly shape: readonly number[];
  readonly layout: Layout;
}

async function challenge(bytes: Uint8Array, threads: number, { data, shape, layout }: Operands): Promise<Challenger> {
  const model = await loadAndCompile(bytes, { accelerator: "wasm", cpuOptions: { numThreads: threads } });
  const upload = () => new Tensor(data, shape);
  const input = upload();
  let result: Tensor | undefined;
  return {
    async call() {
      result?.delete();
      [result] = await model.run([input]);
      return undefined;
    },
    result: () => result!.toTypedArray(),
    async whole() {
      const from = upload();
      const [to] = await model.run([from]);
      const array = to.toTypedArray();
      for (const tensor of [from, to]) tensor.delete();
      return array;
    },
    layout,
    dispose() {
      for (const tensor of [input, result]) tensor?.delete();
      model.delete();
    },
  };
}
