// A model of one convolution, as the bytes of a .tflite file. Numbers of fields and of operators are those of TensorFlow Lite's schema.
import { type Child, flatbuffer } from "./flatbuffer.ts";

/** Rows and columns. */
type Pair = readonly [number, number];

interface Operation {
  readonly operator: number;
  /** Which table of options it has, and that. */
  readonly options: number;
  readonly table: (window: Window, shapes: Shapes) => Child;
}

/** Zeros around an image: none, or so many that the result has ⌈size ∕ stride⌉ of each axis, the odd one last. */
export type Padding = "same" | "valid";

export interface Window {
  readonly padding: Padding;
  readonly stride: Pair;
  readonly dilation: Pair;
}

const integer = (value: number) => ({ integer: value });
const byte = (value: number) => ({ byte: value });
const paddingOf = ({ padding }: Window) => byte(padding === "same" ? 0 : 1);
const stepsOf = ({ stride }: Window) => [integer(stride[1]), integer(stride[0])];
const gapsOf = ({ dilation }: Window) => [integer(dilation[1]), integer(dilation[0])];
const NO_ACTIVATION = byte(0);

const OPERATIONS = {
  /** Filters [o, y, x, c], c of the group. */
  conv: {
    operator: 3,
    options: 1,
    table: (window) => ({ table: [paddingOf(window), ...stepsOf(window), NO_ACTIVATION, ...gapsOf(window)] }),
  },
  /** Filters [1, y, x, o]. XNNPACK wants to be told the multiplier, or leaves the layer to plain loops. */
  depthwise: {
    operator: 4,
    options: 2,
    table: (window, { input, output }) => {
      const multiplier = integer(output.at(-1)! / input.at(-1)!);
      return {
        table: [paddingOf(window), ...stepsOf(window), multiplier, NO_ACTIVATION, ...gapsOf(window)],
      };
    },
  },
  /** The gradient with respect to an image: filters [c, y, x, o], input [n, y, x, o]. */
  transpose: {
    operator: 67,
    options: 49,
    table: (window) => ({ table: [paddingOf(window), ...stepsOf(window), NO_ACTIVATION] }),
  },
} as const satisfies Record<string, Operation>;

export interface Constant {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

const FLOAT32 = 0;
const INT32 = 2;

const bytesOf = ({ data }: Constant): Child => ({
  table: [{ bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) }],
});

/** Shape, type, which buffer (the first is empty: no constant), name. */
function tensorOf(
  name: string,
  shape: readonly number[],
  constant?: { readonly buffer: number; readonly type: number },
) {
  return {
    table: [{ integers: shape }, byte(constant?.type ?? FLOAT32), integer(constant?.buffer ?? 0), { text: name }],
  };
}

/** Both channels last. */
export interface Shapes {
  readonly input: readonly number[];
  readonly output: readonly number[];
}

/** Tensors: the input, the result, then the constants. `inputs`: which of them the operation takes, in its order. */
function modelOf(
  operation: Operation,
  window: Window,
  shapes: Shapes,
  constants: readonly Constant[],
  inputs: readonly number[],
): Uint8Array {
  const tensors = [
    tensorOf("x", shapes.input),
    tensorOf("y", shapes.output),
    ...constants.map((constant, i) => {
      const type = constant.data instanceof Float32Array ? FLOAT32 : INT32;
      return tensorOf(`constant ${i}`, constant.shape, { buffer: 1 + i, type });
    }),
  ];
  const node = {
    table: [
      integer(0),
      { integers: inputs },
      { integers: [1] },
      byte(operation.options),
      operation.table(window, shapes),
    ],
  };
  const graph = {
    table: [{ list: tensors }, { integers: [0] }, { integers: [1] }, { list: [node] }, { text: "main" }],
  };
  const operator = { table: [byte(operation.operator), null, integer(1), integer(operation.operator)] };
  const buffers = [{ table: [] }, ...constants.map(bytesOf)];
  const version = integer(3);
  return flatbuffer("TFL3", {
    table: [version, { list: [operator] }, { list: [graph] }, { text: "one convolution" }, { list: buffers }],
  });
}

/** `filters` as the kind wants them; groups follow from the shapes. */
export function convModel(kind: "conv" | "depthwise", window: Window, shapes: Shapes, filters: Constant): Uint8Array {
  const outputs = shapes.output.at(-1)!;
  const bias = { shape: [outputs], data: new Float32Array(outputs) };
  return modelOf(OPERATIONS[kind], window, shapes, [filters, bias], [0, 2, 3]);
}

/** From the result's gradient (`shapes.input`) to the image's (`shapes.output`). It knows no dilation. */
export function transposeModel(window: Window, shapes: Shapes, filters: Constant): Uint8Array {
  const shape = { shape: [shapes.output.length], data: Int32Array.from(shapes.output) };
  return modelOf(OPERATIONS.transpose, window, shapes, [shape, filters], [2, 3, 0]);
}
