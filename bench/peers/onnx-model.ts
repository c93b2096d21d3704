// A model of one Conv, as the bytes of an ONNX file (protocol buffers, written by hand: a dozen fields).
import { highOf, type Sum, stackOf } from "../op-cases.ts";
import type { Numbers } from "../op-check.ts";
import type { Backward } from "./peer.ts";

type Bytes = Uint8Array<ArrayBuffer>;

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = BigInt.asUintN(64, BigInt(value)); ; rest >>= 7n) {
    if (rest < 128n) return [...bytes, Number(rest)];
    bytes.push(Number(rest & 127n) | 128);
  }
}

function join(parts: readonly Uint8Array[]): Bytes {
  const all = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const number = (field: number, value: number): Bytes => Uint8Array.from([...varint(field * 8), ...varint(value)]);

function message(field: number, ...parts: readonly Uint8Array[]): Bytes {
  const size = parts.reduce((all, part) => all + part.length, 0);
  return join([Uint8Array.from([...varint(field * 8 + 2), ...varint(size)]), ...parts]);
}

const text = (field: number, value: string): Bytes => message(field, new TextEncoder().encode(value));
const list = (field: number, values: readonly number[]): Bytes =>
  message(field, Uint8Array.from(values.flatMap(varint)));

const FLOAT = 1;
const INT64 = 7;

/** TensorProto: dims 1, data_type 2, name 8, raw_data 9; an initializer of the graph (5). */
function constant(name: string, dims: readonly number[], data: Float32Array | BigInt64Array): Bytes {
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const type = data instanceof Float32Array ? FLOAT : INT64;
  return message(5, list(1, dims), number(2, type), text(8, name), message(9, raw));
}

/** AttributeProto: name 1, ints 8, type 20 (7: integers); of a node (5). */
const integers = (name: string, values: readonly number[]): Bytes =>
  message(5, text(1, name), list(8, values), number(20, 7));

/** i 3, type 2: an integer. */
const integer = (name: string, value: number): Bytes => message(5, text(1, name), number(3, value), number(20, 2));

/** NodeProto: input 1, output 2, op_type 4; of the graph (1). */
const node = (op: string, inputs: readonly string[], output: string, ...attributes: readonly Bytes[]): Bytes =>
  message(1, ...inputs.map((name) => text(1, name)), text(2, output), text(4, op), ...attributes);

/** ValueInfoProto: name 1, type 2 with tensor_type 1, elem_type 1, shape 2; an input (11) or output (12) of the graph. */
const value = (field: 11 | 12, name: string, shape: readonly number[]): Bytes =>
  message(
    field,
    text(1, name),
    message(2, message(1, number(1, FLOAT), message(2, ...shape.map((n) => message(1, number(1, n)))))),
  );

/** ModelProto: ir_version 1, graph 7, opset_import 8 with version 2. */
const modelOf = (...graph: readonly Bytes[]): Bytes =>
  join([number(1, 8), message(7, ...graph), message(8, number(2, 17))]);

/** A node of x and w to y, and the shapes of these. */
interface Convolution {
  readonly conv: Bytes;
  readonly imageShape: readonly number[];
  readonly filterShape: readonly number[];
  readonly shape: readonly number[];
}

/** What a Conv and its ConvTranspose have in common; two axes of space where there is no depth. */
function formOf(sum: Sum) {
  const flat = sum.taps[0] === 1 && sum.image[0] === 1;
  const axes = flat ? [1, 2] : [0, 1, 2];
  const of = (space: readonly number[]) => axes.map((axis) => space[axis]);
  const attributes = [
    integers("strides", of(sum.stride)),
    integers("dilations", of(sum.dilation)),
    integers("pads", [...of(sum.low), ...of(highOf(sum))]),
    integers("kernel_shape", of(sum.taps)),
    integer("group", sum.groups),
  ];
  return {
    of,
    attributes,
    imageShape: [sum.batch, sum.channels, ...of(sum.image)],
    filterShape: [sum.filters, stackOf(sum), ...of(sum.taps)],
    resultShape: [sum.batch, sum.filters, ...of(sum.result)],
  };
}

function convNode({ sum }: Numbers): Convolution {
  const { attributes, imageShape, filterShape, resultShape } = formOf(sum);
  return { conv: node("Conv", ["x", "w"], "y", ...attributes), imageShape, filterShape, shape: resultShape };
}

/** Its padding is the layer's; rows and columns of the image that no window reaches are `output_padding`. */
function transposeNode({ sum }: Backward): Convolution {
  const { of, attributes, imageShape, filterShape, resultShape } = formOf(sum);
  const { image, taps, result, stride, dilation, low } = sum;
  const high = highOf(sum);
  const reached = result.map((n, i) => (n - 1) * stride[i] + (taps[i] - 1) * dilation[i] + 1 - low[i] - high[i]);
  const rest = integers("output_padding", of(image.map((n, axis) => n - reached[axis])));
  const conv = node("ConvTranspose", ["x", "w"], "y", ...attributes, rest);
  return { conv, imageShape: resultShape, filterShape, shape: imageShape };
}

/**
 * Outputs: `y`, the whole result, and `first`, its first element: who fetches that alone has y computed, but not copied out.
 * The image is a constant of the model for the same reason: what is fed is copied in at every run.
 */
export const convModel = (numbers: Numbers): Bytes => constantModel(convNode(numbers), numbers.image, numbers.filter);

/** As `convModel`: `y` is the gradient of the image. */
export const transposeModel = (backward: Backward): Bytes =>
  constantModel(transposeNode(backward), backward.outputGrad, backward.filter);

function constantModel(convolution: Convolution, image: Float32Array, filter: Float32Array): Bytes {
  const { conv, imageShape, filterShape, shape } = convolution;
  const whole = (name: string, value: number) =>
    constant(
      name,
      [shape.length],
      BigInt64Array.from(shape, () => BigInt(value)),
    );
  return modelOf(
    conv,
    node("Slice", ["y", "from", "to"], "first"),
    text(2, "conv"),
    constant("x", imageShape, image),
    constant("w", filterShape, filter),
    whole("from", 0),
    whole("to", 1),
    value(12, "y", shape),
    value(
      12,
      "first",
      shape.map(() => 1),
    ),
  );
}

/** The image `x` is fed, the result `y` fetched. */
export function fedConvModel(numbers: Numbers): {
  readonly model: Bytes;
  readonly imageShape: readonly number[];
  readonly resultShape: readonly number[];
} {
  const { conv, imageShape, filterShape, shape } = convNode(numbers);
  const filters = constant("w", filterShape, numbers.filter);
  const model = modelOf(conv, text(2, "conv"), filters, value(11, "x", imageShape), value(12, "y", shape));
  return { model, imageShape, resultShape: shape };
}
