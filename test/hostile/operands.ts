// Operands that are not what they say: wrong data, shapes, strides and offsets, detached and shrunk buffers, getters
// that throw, proxies.

import type { ErrorName } from "../support/errors.ts";
import { conv2dOf, type Given, type Hostile, notCounts, show } from "./table.ts";

type Name = "input" | "filters" | "bias" | "out";

function replaced(
  name: Name,
  what: string,
  error: ErrorName,
  change: (good: Given[Name]) => unknown,
  more: string[] = [],
): Hostile {
  return {
    name: `${name}: ${what}`,
    error,
    names: [name, ...more],
    prepare: (given) => {
      const all = { ...given, [name]: change(given[name]) };
      const options = name === "bias" ? { bias: all.bias } : name === "out" ? { out: all.out } : {};
      return (engine) => conv2dOf(engine)(all.input, all.filters, options);
    },
  };
}

function* notOperands(name: Name): Generator<Hostile> {
  const nothing = [
    5,
    "tensor",
    Symbol("x"),
    () => 0,
    [],
    [[1]],
    true,
    7n,
    new Float32Array(252),
    new Map(),
    new Date(0),
  ];
  // A bias or an out may be absent (null or undefined), an input must be there.
  if (name === "input" || name === "filters") nothing.push(undefined as never, null as never);
  for (const value of nothing) yield replaced(name, `is ${show(value)}`, "ConvError", () => value);
  const boom = () => {
    throw new Error("boom");
  };
  for (const field of ["data", "shape", "stride", "offset"]) {
    yield replaced(name, `a getter of ${field} throws`, "ConvError", (good) =>
      Object.defineProperty({ ...good }, field, { get: boom }),
    );
  }
  yield replaced(
    name,
    "a proxy that throws at every touch",
    "ConvError",
    () => new Proxy({}, { get: boom, has: boom, ownKeys: boom }),
  );
  yield replaced(name, "a revoked proxy", "ConvError", (good) => {
    const { proxy, revoke } = Proxy.revocable({ ...good }, {});
    revoke();
    return proxy;
  });
}

function* wrongData(name: Name): Generator<Hostile> {
  const others = [
    Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, BigInt64Array, BigUint64Array,
  ]; // biome-ignore format: a list
  for (const Other of others)
    yield replaced(name, `${Other.name} data`, "DTypeError", (good) => ({ ...good, data: new Other(1000) }));
  const floats = new Float32Array(1000);
  const impostors: readonly (readonly [string, unknown])[] = [
    ["undefined", undefined],
    ["null", null],
    ["a list of numbers", Array.from(floats)],
    ["a string", "0".repeat(1000)],
    ["an ArrayBuffer", floats.buffer],
    ["a DataView", new DataView(floats.buffer)],
    ["an object with a length", { length: 1000, 0: 1 }],
    ["a proxy of a Float32Array", new Proxy(floats, {})],
    ["an object with its prototype", Object.create(Float32Array.prototype)],
    [
      "a typed array of another tag",
      Object.defineProperty(new Int32Array(1000), Symbol.toStringTag, { value: "Float32Array" }),
    ],
  ];
  for (const [what, data] of impostors)
    yield replaced(name, `data is ${what}`, "DTypeError", (good) => ({ ...good, data }));
  if (name !== "input")
    yield replaced(
      name,
      "float64 beside float32",
      "DTypeError",
      (good) => ({ ...good, data: new Float64Array(1000) }),
      ["input"],
    );

  const plain = (good: Given[Name], data: unknown) => ({ data, shape: good.shape });
  const size = (good: Given[Name]) => good.shape.reduce((a, b) => a * b, 1);
  yield replaced(name, "data one element short", "ShapeError", (good) => plain(good, new Float32Array(size(good) - 1)));
  yield replaced(name, "no data at all", "ShapeError", (good) => plain(good, new Float32Array(0)));
  yield replaced(name, "a view that runs out at the end", "ShapeError", (good) => ({
    ...good,
    data: good.data.subarray(0, 17),
  }));
  yield replaced(name, "a detached buffer", "ConvError", (good) => {
    const data = new Float32Array(size(good));
    structuredClone(data.buffer, { transfer: [data.buffer] });
    return plain(good, data);
  });
  for (const bytes of [0, 4, 8]) {
    yield replaced(name, `a buffer resized to ${bytes} bytes`, "ConvError", (good) => {
      const buffer = new Resizable(size(good) * 4, { maxByteLength: size(good) * 4 + 100 });
      const [tracking, fixed] = [new Float32Array(buffer), new Float32Array(buffer, 0, size(good))];
      buffer.resize(bytes);
      return plain(good, bytes === 8 ? fixed : tracking);
    });
  }
}
// (The compiler's library is of 2022, resizable buffers are of 2024.)
interface ResizableBuffer extends ArrayBuffer {
  resize(bytes: number): void;
}
const Resizable = ArrayBuffer as unknown as new (bytes: number, options: { maxByteLength: number }) => ResizableBuffer;

function* wrongShapes(name: Name): Generator<Hostile> {
  const shape = (what: string, value: (good: readonly number[]) => unknown) =>
    replaced(name, `shape ${what}`, "ShapeError", (good) => ({ ...good, shape: value(good.shape) }));
  const dense = (what: string, value: unknown) =>
    replaced(name, `dense shape ${what}`, "ShapeError", ({ data }) => ({ data, shape: value }));
  for (const value of [undefined, null, 4, "2,3,7,6", {}, [], true]) {
    yield shape(`is ${show(value)}`, () => value);
  }
  yield shape("one axis less", (good) => good.slice(1));
  yield shape("one axis more", (good) => [1, ...good]);
  yield dense("of rank 8", [1, 1, 1, 1, 1, 1, 1, 1]);
  for (const bad of notCounts) {
    yield shape(`last extent ${show(bad)}`, (good) => [...good.slice(0, -1), bad]);
  }
  yield shape("with a hole", (good) => {
    const holey = [...good];
    delete holey[good.length - 1];
    return holey;
  });
  if (name === "bias" || name === "out") return;
  for (const big of [2 ** 31, 2 ** 32, 2 ** 53 - 1]) yield dense(`[1, 3, ${big}, 1]`, [1, 3, big, 1]);
  yield dense("of 2^32 elements and a bit", [65537, 65536, 1, 1]);
  yield dense("whose 2^32 products wrap to 0", [65536, 65536, 1, 1]);
  yield dense("of more than 2^53 elements", [2 ** 27, 2 ** 14, 2 ** 14, 2]);
  yield dense("of 2^64 elements", [2 ** 16, 2 ** 16, 2 ** 16, 2 ** 16]);
  yield dense("no rows", [2, 3, 0, 6]);
  yield dense("no columns", [2, 3, 7, 0]);
  const fewer = (good: readonly number[]) => [good[0], 2, good[2], good[3]];
  const both = name === "input" ? ["filters"] : ["input"];
  yield replaced(name, "other channels", "ShapeError", (good) => ({ ...good, shape: fewer(good.shape) }), both);
}

function* wrongViews(name: Name): Generator<Hostile> {
  const stride = (what: string, value: (good: readonly number[]) => unknown) =>
    replaced(name, `stride ${what}`, "ConvError", (good) => ({ ...good, stride: value(good.stride) }));
  for (const value of [4, "1", {}, []]) yield stride(`is ${show(value)}`, () => value);
  yield stride("one entry more", (good) => [...good, 1]);
  for (const bad of [
    Number.NaN,
    0.5,
    Number.POSITIVE_INFINITY,
    2 ** 31,
    2 ** 53,
    -(2 ** 53),
    "1",
    null,
    undefined,
    1n,
    Symbol("s"),
    {},
  ]) {
    yield stride(`entry ${show(bad)}`, (good) => [bad, ...good.slice(1)]);
  }
  yield stride("beyond the end", (good) => good.map((step) => step * 1000));
  yield replaced(name, "stride before the start", "ConvError", (good) => ({
    ...good,
    offset: 0,
    stride: good.stride.map((s) => -Math.abs(s)),
  }));
  for (const bad of [
    -1,
    Number.NaN,
    0.5,
    Number.POSITIVE_INFINITY,
    2 ** 31,
    2 ** 53,
    "0",
    1n,
    Symbol("o"),
    {},
    [0],
    10_000,
  ]) {
    yield replaced(name, `offset ${show(bad)}`, "ConvError", (good) => ({
      ...good,
      offset: bad,
      stride: good.stride.map(Math.abs),
    }));
  }
}

export function* hostileOperands(): Generator<Hostile> {
  for (const name of ["input", "filters", "bias", "out"] as const) {
    yield* notOperands(name);
    yield* wrongData(name);
    yield* wrongShapes(name);
    yield* wrongViews(name);
  }
  const other = (
    what: string,
    argument: string,
    prepare: Hostile["prepare"],
    error: ErrorName = "OptionError",
  ): Hostile => ({ name: what, error, names: [argument], prepare });
  for (const name of ["input", "filters", "bias"] as const) {
    yield other(
      `out is the same memory as ${name}`,
      "out",
      (given) => {
        const { data } = given[name];
        const out = { data, shape: [2, 4, 5, 5], stride: [0, 0, 0, 0], offset: given[name].offset };
        return (engine) => conv2dOf(engine)(given.input, given.filters, { bias: given.bias, out });
      },
      "ConvError",
    );
  }
  yield other("out overlaps the input's last element", "out", (given) => {
    const arena = new Float32Array(600);
    const input = { data: arena, shape: [2, 3, 7, 6] };
    const out = { data: arena, shape: [2, 4, 5, 5], offset: 251 };
    return (engine) => conv2dOf(engine)(input, given.filters, { out });
  });
  yield other(
    "a view of 1 element blown up by strides of 0 to 2^40 outputs",
    "",
    (given) => {
      const input = { data: Float32Array.of(1), shape: [1, 3, 2 ** 20, 2 ** 20], stride: [0, 0, 0, 0] };
      return (engine) => conv2dOf(engine)(input, given.filters);
    },
    "ConvError",
  );
  yield other(
    "a batch of 2^52 by strides of 0",
    "",
    (given) => {
      const input = { data: Float32Array.of(1), shape: [2 ** 52, 3, 7, 6], stride: [0, 0, 0, 0] };
      return (engine) => conv2dOf(engine)(input, given.filters);
    },
    "ConvError",
  );
}
