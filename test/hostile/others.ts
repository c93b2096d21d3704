// Hostile calls to what stands around the op: compile and its object, engines and their tensors, tensor(), config.
import { config, createEngine, tensor } from "simdconv";
import type { ErrorName } from "../support/errors.ts";
import { good, goodShapes } from "../support/fixtures.ts";
import type { Engine } from "../support/spec.ts";
import { type Hostile, notCounts, show } from "./table.ts";

type Loose = (...given: unknown[]) => unknown;
const spec = { imageShape: goodShapes.input, filterShape: goodShapes.filters };

function call(
  name: string,
  error: ErrorName,
  names: readonly string[],
  run: (engine: Engine) => unknown,
  sync = false,
): Hostile {
  return { name, error, names, sync, prepare: () => run };
}

function* compiles(): Generator<Hostile> {
  const compile = (name: string, given: unknown, error: ErrorName, ...names: string[]) =>
    call(`compile: ${name}`, error, names, (engine) => (engine.nnet.conv2d.compile as unknown as Loose)(given));
  for (const value of [undefined, null, 5, "spec", []]) yield compile(`spec is ${show(value)}`, value, "ConvError");
  yield compile("no imageShape", { filterShape: spec.filterShape }, "ConvError", "imageShape");
  yield compile("no filterShape", { imageShape: spec.imageShape }, "ConvError", "filterShape");
  for (const key of ["imageShape", "filterShape"] as const) {
    const [n, c, h, w] = spec[key];
    // Too large a number of the right kind is told of as the operand that would have that extent.
    const operand = key === "imageShape" ? "input" : "filters";
    const sizes = ["imageShape", "filterShape", "input", "filters", "out"];
    for (const bad of notCounts) {
      yield compile(`${key} with ${show(bad)}`, { ...spec, [key]: [n, c, h, bad] }, "ShapeError", key, operand);
      if (bad !== 0)
        yield compile(`${key} with ${show(bad)} first`, { ...spec, [key]: [bad, c, h, w] }, "ShapeError", key);
    }
    for (const big of [2 ** 31, 2 ** 32, 2 ** 53 - 1]) {
      yield compile(`${key} with ${big}`, { ...spec, [key]: [n, c, h, big] }, "ConvError", ...sizes);
      yield compile(`${key} with ${big} first`, { ...spec, [key]: [big, c, h, w] }, "ConvError", ...sizes);
    }
    yield compile(`${key} of rank 3`, { ...spec, [key]: [c, h, w] }, "ShapeError", key);
    yield compile(`${key} null`, { ...spec, [key]: null }, "ConvError", key);
  }
  for (const dtype of ["int32", "f32", "", 32, {}])
    yield compile(`dtype ${show(dtype)}`, { ...spec, dtype }, "ConvError", "dtype");
  yield compile(
    "filter larger than image",
    { ...spec, filterShape: [4, 3, 9, 2] },
    "ShapeError",
    "filterShape",
    "imageShape",
    "filters",
    "input",
  );
  yield compile(
    "other channels",
    { ...spec, filterShape: [4, 2, 3, 2] },
    "ShapeError",
    "filterShape",
    "imageShape",
    "filters",
    "input",
  );
  yield compile("unknown key", { ...spec, stride: 2 }, "OptionError", "stride");
}

/** Calls on a compiled op whose filters are set. `prepare` cannot wait, so compiling is part of the call. */
function* compiled(): Generator<Hostile> {
  const layered = (
    name: string,
    error: ErrorName,
    argument: string,
    use: (layer: Awaited<ReturnType<Engine["nnet"]["conv2d"]["compile"]>>) => unknown,
  ) =>
    call(`compiled: ${name}`, error, argument ? [argument] : [], async (engine) => {
      using layer = await engine.nnet.conv2d.compile(spec);
      await layer.setFilters(good().filters);
      await use(layer);
    });
  const { input, filters } = good();
  for (const value of [undefined, null, 5, {}, new Float32Array(252), filters]) {
    yield layered(`run(${show(value)})`, "ConvError", "input", (layer) => (layer.run as Loose)(value));
    yield layered(`runSync(${show(value)})`, "ConvError", "input", (layer) => (layer.runSync as Loose)(value));
  }
  for (const value of [undefined, null, 5, {}, input, { data: new Int32Array(72), shape: filters.shape }]) {
    yield layered(`setFilters(${show(value)})`, "ConvError", "filters", (layer) => (layer.setFilters as Loose)(value));
  }
  for (const value of [
    5,
    {},
    input,
    { data: new Float32Array(3), shape: [3] },
    { data: new Float64Array(4), shape: [4] },
  ]) {
    yield layered(`setBias(${show(value)})`, "ConvError", "bias", (layer) =>
      (layer.setBias as unknown as Loose)(value),
    );
  }
  for (const options of [{ borderMode: "full" }, { subsample: [2, 2] }, { stride: 1 }, { algorithm: "auto" }]) {
    const [key] = Object.keys(options) as [string];
    yield layered(`run with the option ${key}`, "OptionError", key, (layer) => (layer.run as Loose)(input, options));
    yield layered(`runSync with the option ${key}`, "OptionError", key, (layer) =>
      (layer.runSync as Loose)(input, options),
    );
  }
  yield layered("run into its own input", "OptionError", "out", (layer) =>
    layer.run(input, { out: { data: input.data, shape: [2, 4, 5, 5] } }),
  );
}

function* engines(): Generator<Hostile> {
  const create = (key: string, value: unknown) =>
    call(`createEngine: ${key} ${show(value)}`, "OptionError", [key], () => createEngine({ [key]: value } as never));
  for (const value of ["avx", "", 1, {}]) yield create("binary", value);
  for (const value of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, "4", {}, 1n, 2 ** 31])
    yield create("workers", value);
  for (const value of ["exact", "", true]) yield create("float", value);
  for (const value of ["gpu", "", 1]) yield create("device", value);
  for (const value of [-1, 0, 0.5, Number.NaN, "1GB", {}, 1n]) yield create("maximumMemory", value);
  for (const value of [5, true, {}, new Uint8Array(0), new Uint8Array(8), "not a url \u0000", () => 0])
    yield create("wasm", value);
  for (const value of [1, "simd", true])
    yield call(`createEngine(${show(value)})`, "ConvError", [], () => (createEngine as Loose)(value));
  yield create("threads", 4);
}

function* tensors(): Generator<Hostile> {
  const resident = (name: string, names: string[], ...given: unknown[]) =>
    call(`engine.tensor(${name})`, "ConvError", names, (engine) => (engine.tensor as unknown as Loose)(...given), true);
  for (const value of [undefined, null, 5, "4", {}]) yield resident(show(value), ["shape"], value);
  for (const bad of [...notCounts, 2 ** 53]) if (bad !== 0) yield resident(`[2, ${show(bad)}]`, ["shape"], [2, bad]);
  yield resident("2^32 elements", ["shape", "memory", "maximumMemory"], [65536, 65536]);
  yield resident("2^64 elements", ["shape", "memory", "maximumMemory"], [2 ** 32, 2 ** 32]);
  for (const dtype of ["int8", 4]) yield resident(`dtype ${show(dtype)}`, ["dtype"], [2], { dtype });
  const own = (name: string, names: string[], ...given: unknown[]) =>
    call(`tensor(${name})`, "ConvError", names, () => (tensor as unknown as Loose)(...given), true);
  for (const value of [undefined, null, 5, "12", {}, new Int32Array(4), new Uint8Array(4)])
    yield own(show(value), ["data"], value);
  yield own("ragged lists", ["data"], [[1, 2], [3]]);
  yield own("lists of strings", ["data"], ["1", "2"]);
  yield own("lists of lists and numbers", ["data"], [[1], 2]);
  yield own("lists with a hole", ["data"], new Array(3));
  for (const shape of [[5], [2, 3], [-2, -2], [Number.NaN], [4.5], ["4"], 4, "4", {}, [2 ** 53]]) {
    yield own(`4 numbers, ${show(shape)}`, ["shape"], new Float32Array(4), shape);
  }
  const set = (key: string, value: unknown) =>
    call(`config.${key} = ${show(value)}`, "OptionError", [key], () => Object.assign(config, { [key]: value }), true);
  yield set("floatX", "float16");
  yield set("openmp", 1);
  yield set("float", "exact");
  yield set("device", "gpu");
  yield set("workers", -1);
  yield set("threads", 4);
}

export function* hostileOthers(): Generator<Hostile> {
  yield* compiles();
  yield* compiled();
  yield* engines();
  yield* tensors();
}
