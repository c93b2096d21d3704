// Hostile calls of signal.conv2d, conv3D, conv3d2d.conv3d, filterActs and the gradients: operands, options and specs that mean nothing. Reading
// an operand is the same code for every op, and operands.ts has all of that; here is a sample of it, under each op's own names,
// and everything that an op says for itself.
import type { SmallOp } from "../oracle/ops.ts";
import type { ErrorName } from "../support/errors.ts";
import { goodSpecs } from "../support/fixtures.ts";
import {
  callOp,
  forwardOf,
  type GradientOp,
  gradientOps,
  isGradient,
  type LooseLayer,
  opOf,
  ops,
  smallOps,
} from "../support/ops.ts";
import type { Placed } from "../support/place.ts";
import { numbers, optionsOf } from "../support/spec.ts";
import { type Given, type Hostile, notCounts, show } from "./table.ts";

type Role = keyof Given;
type Op = SmallOp | GradientOp;

/** b is an operand of theirs, and must be given. */
const takesBias = (op: Op) => op === "conv3D" || op === "convTransp3D";
/** What says the shape of a gradient may be what is wrong. */
const resultOf = (op: Op) => (ops[op].result ? [ops[op].result!] : []);

/** The op's operands from those given, its good settings, and what is changed about either. */
function call(op: Op, given: Record<Role, unknown>, settings: object = {}, roles: readonly Role[] = []) {
  const operands = { input: given.input, filters: given.filters, ...(takesBias(op) && { bias: given.bias }) };
  const out = roles.includes("out") ? { out: given.out } : {};
  const all = { ...optionsOf(goodSpecs[op]), ...out, ...settings };
  return (engine: Parameters<typeof callOp>[0]) => callOp(engine, op, operands, all);
}

/** Beside the op's own names, where a call is too large for any memory. */
const PLANNED = ["memory", "out"];

const nameOf = (op: Op, role: Role) => (role === "out" ? "out" : ops[op].names[role]);

function* operands(op: Op, role: Role): Generator<Hostile> {
  const replaced = (
    what: string,
    error: ErrorName,
    change: (good: Placed) => unknown,
    more: readonly string[] = [],
  ): Hostile => ({
    op,
    name: `${op}, ${nameOf(op, role)}: ${what}`,
    error,
    names: [nameOf(op, role), ...more],
    prepare: (given) => call(op, { ...given, [role]: change(given[role]) }, {}, [role]),
  });
  const boom = () => {
    throw new Error("boom");
  };
  for (const value of [5, "tensor", [[1]], new Float32Array(300)])
    yield replaced(`is ${show(value)}`, "ConvError", () => value);
  if (role !== "out") for (const value of [undefined, null]) yield replaced(`is ${value}`, "ShapeError", () => value);
  for (const field of ["data", "shape", "stride", "offset"]) {
    yield replaced(`a getter of ${field} throws`, "OptionError", (good) =>
      Object.defineProperty({ ...good }, field, { get: boom }),
    );
  }
  yield replaced(
    "a proxy that throws at every touch",
    "ConvError",
    () => new Proxy({}, { get: boom, has: boom, ownKeys: boom }),
  );
  yield replaced("int32 data", "DTypeError", (good) => ({ ...good, data: new Int32Array(2000) }));
  yield replaced("a list of numbers as data", "DTypeError", (good) => ({ ...good, data: new Array(2000).fill(0) }));
  const double = role === "input" ? [nameOf(op, "filters")] : [];
  yield replaced("float64 beside float32", "DTypeError", (good) => ({ ...good, data: new Float64Array(2000) }), double);
  const size = (good: Placed) => good.shape.reduce((product, extent) => product * extent, 1);
  yield replaced("data one element short", "ShapeError", (good) => ({
    data: new Float32Array(size(good) - 1),
    shape: good.shape,
  }));
  yield replaced("a detached buffer", "ShapeError", (good) => {
    const data = new Float32Array(size(good));
    structuredClone(data.buffer, { transfer: [data.buffer] });
    return { data, shape: good.shape };
  });
  yield* wrongShapes(replaced, op, role);
  for (const bad of [Number.NaN, 0.5, 2 ** 31, 2 ** 53, "1", 1n]) {
    yield replaced(`a stride of ${show(bad)}`, "ShapeError", (good) => ({
      ...good,
      stride: [bad, ...good.stride.slice(1)],
    }));
    yield replaced(`an offset of ${show(bad)}`, "ShapeError", (good) => ({ ...good, offset: bad }));
  }
  yield replaced("strides beyond the end", "ShapeError", (good) => ({
    ...good,
    stride: good.stride.map((step) => 1000 * step),
  }));
  yield replaced("an offset before the start", "ShapeError", (good) => ({ ...good, offset: -1 }));
}

function replacing(shape: readonly number[], axis: number, extent: number): number[] {
  return shape.map((value, at) => (at === axis ? extent : value));
}

type Replaced = (
  what: string,
  error: ErrorName,
  change: (good: Placed) => unknown,
  more?: readonly string[],
) => Hostile;

function* wrongShapes(replaced: Replaced, op: Op, role: Role): Generator<Hostile> {
  const shape = (what: string, value: (good: readonly number[]) => unknown, more?: readonly string[]) =>
    replaced(`shape ${what}`, "ShapeError", (good) => ({ data: good.data, shape: value(good.shape) }), more);
  for (const value of [undefined, null, 4, "2,3", {}, []]) yield shape(`is ${show(value)}`, () => value);
  const { input, filters } = ops[op].names;
  // With an axis more or less an operand of signal.conv2d may still be one: its rank decides, and `out` is wrong then.
  if (forwardOf(op) !== "signal.conv2d" || role === "out") yield shape("one axis less", (good) => good.slice(1));
  yield shape("one axis more", (good) => [1, ...good]);
  yield shape("of rank 8", () => [1, 1, 1, 1, 1, 1, 1, 1]);
  yield shape("with nine axes", () => [1, 1, 1, 1, 1, 1, 1, 1, 1]);
  for (const bad of notCounts.filter((value) => value !== 0)) {
    yield shape(`last extent ${show(bad)}`, (good) => [...good.slice(0, -1), bad]);
  }
  yield shape("last extent 2^31", (good) => [...good.slice(0, -1), 2 ** 31]);
  yield shape("of more than 2^53 elements", (good) => good.map(() => 2 ** 27), [input, filters]);
  if (role === "out" || role === "bias") {
    yield shape("one entry more", (good) => [...good.slice(0, -1), good.at(-1)! + 1]);
    return;
  }
  for (const axis of spaceOf(op, role)) {
    yield shape(`without extent on axis ${axis}`, (good) => replacing(good, axis, 0));
    if (role === "filters") {
      const names = [input, ...resultOf(op)];
      yield shape(`larger than the image on axis ${axis}`, (good) => replacing(good, axis, 40), names);
    }
  }
  const channels = isGradient(op) ? filterAxes[op][role === "input" ? 0 : 1] : channelAxis[op];
  if (channels !== undefined) yield shape("other channels", (good) => replacing(good, channels, 2), [input, filters]);
}

/** Axes of space in the shapes of goodSpecs: the same for the input and the filters, but for the output of signal.conv2d. */
function spaceOf(op: Op, role: Role): readonly number[] {
  const spaces = {
    "nnet.conv2d": [2, 3],
    "signal.conv2d": [1, 2],
    conv3D: [1, 2, 3],
    "conv3d2d.conv3d": [1, 3, 4],
    "c01b.filterActs": [1, 2],
  };
  return op === "signal.conv2dGradWrtInputs" && role === "input" ? [2, 3] : spaces[forwardOf(op)];
}
/** The axis of the forward op's filters, in the gradient of the output and in the filters. */
const filterAxes: Readonly<Record<GradientOp, readonly [number, number]>> = {
  "nnet.conv2dGradWrtInputs": [1, 0],
  "nnet.conv2dTranspose": [1, 0],
  "signal.conv2dGradWrtInputs": [1, 0],
  convTransp3D: [4, 0],
  "conv3d2d.conv3dGradWrtSignals": [2, 0],
  "c01b.imageActs": [0, 3],
};
const channelAxis: Readonly<Partial<Record<SmallOp, number>>> = {
  conv3D: 4,
  "conv3d2d.conv3d": 2,
  "c01b.filterActs": 0,
};

function* overlapping(op: Op): Generator<Hostile> {
  const row = (name: string, error: ErrorName, names: readonly string[], prepare: Hostile["prepare"]): Hostile => ({
    op, name: `${op}: ${name}`, error, names, prepare,
  }); // biome-ignore format: a row
  const { input } = ops[op].names;
  const roles: readonly Role[] = takesBias(op) ? ["input", "filters", "bias"] : ["input", "filters"];
  for (const role of roles) {
    yield row(`out is the memory of ${nameOf(op, role)}`, "OptionError", ["out"], (given) => {
      const arena = new Float32Array(4000);
      const dense = { data: arena, shape: given[role].shape };
      const first = given[role].shape.reduce((product, extent) => product * extent, 1);
      // One element in common is enough.
      return call(
        op,
        { ...given, [role]: dense, out: { data: arena, shape: given.out.shape, offset: first - 1 } },
        {},
        ["out"],
      );
    });
  }
  yield row("elements of out in one place", "OptionError", ["out"], (given) =>
    call(
      op,
      { ...given, out: { data: new Float32Array(4000), shape: given.out.shape, stride: given.out.shape.map(() => 1) } },
      {},
      ["out"],
    ),
  );
  yield row(
    "one element blown up by strides of 0 to 2^40",
    "ConvError",
    [input, ops[op].names.filters, ...resultOf(op), ...PLANNED],
    (given) => {
      const shape = spaceOf(op, "input")
        .slice(-2)
        .reduce((all, axis) => replacing(all, axis, 2 ** 20), [...given.input.shape]);
      return call(op, { ...given, input: { data: Float32Array.of(1), shape, stride: shape.map(() => 0) } });
    },
  );
}

const modes = [
  "same",
  "VALID",
  "",
  1,
  0,
  -1,
  true,
  {},
  [],
  [1, 1, 1],
  ["valid"],
  ["valid", "valid"],
  Symbol("m"),
  1n,
] as const;
const signalModes = [...modes, "half", ["valid", "valid", "valid"], [1, 1]];
const videoModes = [
  ...modes, ["valid", "valid", "valid", "valid"], ["valid", "half", "full"], ["full", "valid", "half"], ["valid", "same", "same"],
  [null, "full", "full"], ["valid", 1, 1], new Array(3),
]; // biome-ignore format: a list

type BadOption = readonly [key: string, value: unknown, error?: ErrorName];

/** Values by option that the op must refuse, naming it. */
function* badOptions(op: Op): Generator<BadOption> {
  for (const bad of ["fastest", "", 0, {}, "winograd"]) yield ["algorithm", bad];
  for (const bad of ["rows", 4, {}]) yield ["lanes", bad];
  for (const bad of ["gpu", 1]) yield ["device", bad];
  yield ["device", "webgpu", "DeviceError"];
  for (const bad of ["true", 1, {}]) yield ["openmp", bad];
  for (const bad of [{}, true, { aborted: false }]) yield ["signal", bad];
  for (const bad of [{}, "log"]) yield ["onProgress", bad];
  const ofConv2d = ["bias", "activation", "numGroups", "filterDilation", "unrollBatch"];
  for (const unknown of [
    ...(forwardOf(op) === "nnet.conv2d" ? [] : ofConv2d),
    "border_mode",
    "padding",
    "toString",
    "0",
  ]) {
    yield [unknown, 1];
    yield [unknown, undefined];
  }
  if (isGradient(op)) yield* badResults(op);
  yield* ownBadOptions(op);
}

/** Shapes of results that say nothing, or not what the operands say. */
function* badResults(op: GradientOp): Generator<BadOption> {
  const { input } = goodSpecs[op];
  const key = ops[op].result!;
  if (op === "c01b.imageActs") {
    for (const bad of [4, "2,3", {}, [], [5], [5, 5, 5]]) yield [key, bad];
    for (const bad of notCounts) for (const pair of [[bad, 5], [6, bad]]) yield [key, pair]; // biome-ignore format: pairs
    for (const pair of [[60, 5], [6, 60]]) yield [key, pair, "ShapeError"]; // biome-ignore format: pairs
    return;
  }
  const space = op === "convTransp3D" ? input.slice(1, 4) : input;
  for (const bad of [4, "2,3", {}, [], [3], new Array(9).fill(3)]) yield [key, bad, "ShapeError"];
  for (const bad of notCounts.filter((value) => value !== null))
    yield [key, [...space.slice(0, -1), bad], "ShapeError"];
  yield [key, [...space.slice(0, -1), op === "convTransp3D" ? 1 : null], "ShapeError"];
}

function* ownBadOptions(op: Op): Generator<BadOption> {
  const counts = [...notCounts.filter((value) => value !== null), 2 ** 31];
  if (forwardOf(op) === "nnet.conv2d") {
    const strides = op === "nnet.conv2dTranspose" ? "inputDilation" : "subsample";
    for (const bad of [...modes.filter((mode) => typeof mode !== "number" || mode < 0), [1], [[1, 2, 3], 0]]) yield ["borderMode", bad];
    for (const key of [strides, "filterDilation"]) {
      for (const bad of [...notCounts, 2 ** 53]) for (const pair of [[bad, 1], [1, bad]]) yield [key, pair];
      for (const bad of [1, "1,1", [], [1], [1, 1, 1], {}, new Array(2)]) yield [key, bad];
    }
    for (const bad of [...counts, 2, 3]) yield ["numGroups", bad];
    for (const key of ["pad", "stride", "d", op === "nnet.conv2dTranspose" ? "subsample" : "inputDilation"]) yield [key, 1];
    return;
  } // biome-ignore format: rows
  if (forwardOf(op) === "signal.conv2d") {
    for (const bad of signalModes) yield ["borderMode", bad];
    for (const bad of [...notCounts, 2 ** 53]) for (const pair of [[bad, 1], [1, bad]]) yield ["subsample", pair]; // biome-ignore format: pairs
    for (const bad of [1, "1,1", [], [1], [1, 1, 1], {}, new Array(2)]) yield ["subsample", bad];
    for (const key of ["pad", "stride", "d"]) yield [key, 1];
  } else if (forwardOf(op) === "conv3D") {
    for (const bad of [...notCounts, 2 ** 53]) for (const d of [[bad, 1, 1], [1, bad, 1], [1, 1, bad]]) yield ["d", d]; // biome-ignore format: triples
    for (const bad of [undefined, null, 1, "1,1,1", [], [1], [1, 1], [1, 1, 1, 1], {}, new Array(3), () => [1, 1, 1]])
      yield ["d", bad];
    for (const key of ["borderMode", "subsample", "pad", "stride"]) yield [key, 1];
  } else if (forwardOf(op) === "conv3d2d.conv3d") {
    for (const bad of videoModes) yield ["borderMode", bad];
    for (const key of ["subsample", "pad", "stride", "d"]) yield [key, 1];
    if (isGradient(op)) return;
    for (const key of ["signalsShape", "filtersShape"]) {
      for (const bad of [4, "2,3", {}, [], [null], new Array(6).fill(null)]) yield [key, bad, "ShapeError"];
      for (const bad of notCounts) if (bad !== null) yield [key, [null, null, null, null, bad], "ShapeError"];
      yield [key, [7, null, null, null, null], "ShapeError"];
    }
    yield ["signalsShape", [4, 2, 3, 6, 5], "ShapeError"]; // as many frames in all: the original regroups them
  } else {
    for (const bad of [...counts, -(2 ** 31)]) if (bad !== 0) yield ["pad", bad];
    for (const bad of counts) for (const key of ["stride", "partialSum"]) yield [key, bad];
    for (const bad of [3, 4, 2 ** 30]) yield ["stride", bad]; // larger than the filter on an axis
    for (const key of ["borderMode", "subsample", "d", "imagesShape"]) yield [key, 1];
  }
}

function* options(op: Op): Generator<Hostile> {
  for (const [key, value, error = "OptionError"] of badOptions(op)) {
    yield {
      op, error, name: `${op}: ${key} ${show(value)}`, names: [key],
      prepare: (given) => call(op, { ...given }, { [key]: value }),
    }; // biome-ignore format: a row
  }
  const known = {
    "nnet.conv2d": ["borderMode", "filterDilation", "unshared"], "signal.conv2d": ["borderMode", "subsample"], conv3D: [],
    "conv3d2d.conv3d": ["borderMode", "signalsShape"], "c01b.filterActs": ["pad", "stride", "partialSum"],
  }[forwardOf(op)]; // biome-ignore format: a table
  for (const key of [
    "out",
    "openmp",
    "signal",
    "algorithm",
    "lanes",
    ...known,
    ...(op === "convTransp3D" ? [] : resultOf(op)),
  ]) {
    const trap = () =>
      Object.defineProperty({}, key, {
        enumerable: true,
        get: () => {
          throw new Error("boom");
        },
      });
    yield {
      op, error: "ConvError", name: `${op}: a getter of ${key} throws`, names: [key],
      prepare: (given) => (engine) => opOf(engine, op)(...before(op, given), trap()),
    }; // biome-ignore format: a row
  }
  for (const value of [null, 1, "full", true, Symbol("options")]) {
    yield {
      op, error: "ConvError", name: `${op}: options are ${show(value)}`, names: ["options"],
      prepare: (given) => (engine) => opOf(engine, op)(...before(op, given), value),
    }; // biome-ignore format: a row
  }
}

/** The arguments before the options. */
function before(op: Op, { input, filters, bias }: Given): readonly unknown[] {
  if (op === "convTransp3D") return [filters, bias, [1, 2, 1], input, null];
  return op === "conv3D" ? [input, filters, bias, [1, 1, 1]] : [input, filters];
}

function* specs(op: Op): Generator<Hostile> {
  const { names, shapes } = ops[op];
  const good = goodSpecs[op];
  const inputShape = isGradient(op) && op !== "convTransp3D" ? good.input : numbers(good).problem.inputShape;
  const whole = { ...optionsOf(good), [shapes.input]: inputShape, [shapes.filters]: good.filters };
  const compile = (name: string, spec: unknown, error: ErrorName, ...argument: string[]): Hostile => ({
    op, name: `${op}.compile: ${name}`, error, names: argument, prepare: () => (engine) => opOf(engine, op).compile(spec),
  }); // biome-ignore format: a row
  for (const value of [undefined, null, 5, "spec", []]) yield compile(`spec is ${show(value)}`, value, "ConvError");
  for (const [key, role] of [[shapes.input, names.input], [shapes.filters, names.filters]] as const) {
    const extents = key === shapes.input ? inputShape : good.filters;
    for (const bad of notCounts.filter((value) => value !== 0)) {
      yield compile(`${key} with ${show(bad)}`, { ...whole, [key]: [...extents.slice(0, -1), bad] }, "ShapeError", key, role);
    }
    const either = [key, role, names.input, names.filters, ...Object.values(ops[op].shapes), ...resultOf(op), ...PLANNED];
    for (const big of [2 ** 31, 2 ** 32, 2 ** 53 - 1]) {
      for (const axis of extents.keys()) {
        yield compile(`${key} with ${big} on axis ${axis}`, { ...whole, [key]: replacing(extents, axis, big) }, "ConvError", ...either);
      }
    }
    for (const axis of spaceOf(op, "filters")) {
      yield compile(`${key} with 0 on axis ${axis}`, { ...whole, [key]: replacing(extents, axis, 0) }, "ShapeError", key, role, names.filters);
    }
    yield compile(`${key} with an axis more`, { ...whole, [key]: [1, ...extents] }, "ShapeError", key, role);
  } // biome-ignore format: rows
  for (const [key, value, error = "OptionError"] of badOptions(op)) {
    if (key.endsWith("Shape")) continue; // to compile, shapes are no hints, nor a choice
    yield compile(`${key} ${show(value)}`, { ...whole, [key]: value }, error, key);
  }
  for (const dtype of ["int32", "f32", 32])
    yield compile(`dtype ${show(dtype)}`, { ...whole, dtype }, "OptionError", "dtype");
  for (const key of ["out", "onProgress"]) yield compile(key, { ...whole, [key]: () => 0 }, "OptionError", key);
  const layered = (name: string, argument: string, use: (layer: LooseLayer, given: Given) => unknown): Hostile => ({
    op, name: `compiled ${op}: ${name}`, error: "ConvError", names: [argument],
    prepare: (given) => async (engine) => {
      using layer = await opOf(engine, op).compile(whole);
      await layer.setFilters(given.filters);
      await use(layer, given);
    },
  }); // biome-ignore format: a row
  for (const value of [undefined, null, 5, {}, new Float32Array(400)]) {
    yield layered(`run(${show(value)})`, names.input, (layer) => layer.run(value));
    yield layered(`runSync(${show(value)})`, names.input, (layer) => layer.runSync(value));
    yield layered(`setFilters(${show(value)})`, names.filters, (layer) => layer.setFilters(value as never));
  }
  for (const value of [5, {}, new Float32Array(4)])
    yield layered(`setBias(${show(value)})`, names.bias, (layer) => layer.setBias(value as never));
  yield layered("run into its own input", "out", (layer, given) =>
    layer.run(given.input, { out: { data: given.input.data, shape: given.out.shape, offset: 3 } }),
  );
  yield layered("run with an option of the plan", "lanes", (layer, given) =>
    layer.run(given.input, { lanes: "pixels" }),
  );
}

export function* hostileOps(): Generator<Hostile> {
  for (const op of [...smallOps, ...gradientOps]) {
    const roles: readonly Role[] = takesBias(op) ? ["input", "filters", "bias", "out"] : ["input", "filters", "out"];
    for (const role of roles) yield* operands(op, role);
    yield* overlapping(op);
    yield* options(op);
    yield* specs(op);
  }
}
