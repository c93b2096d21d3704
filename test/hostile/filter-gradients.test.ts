// R5 and R6 for gradients with respect to filters: calls, specs and runs that mean nothing are refused with a typed error that names the
// argument, without a byte being written, and the next good call is exact.
import { beforeAll, describe, expect, it } from "vitest";
import { firstDifference } from "../support/compare.ts";
import { enginesOfThisFile } from "../support/engines.ts";
import { type ErrorName, mustFail } from "../support/errors.ts";
import {
  callGradient,
  computeGradient,
  damageToGradient,
  filterGradients,
  forwardOps,
  gradientOf,
  gradientOperands,
  gradientOracle,
  gradientProblem,
  gradientSettings,
} from "../support/filter-gradients.ts";
import { goodSpecs } from "../support/fixtures.ts";
import type { ForwardOp } from "../support/ops.ts";
import { note } from "../support/record.ts";
import type { Engine } from "../support/spec.ts";
import { notCounts, show } from "./table.ts";

const engines = await enginesOfThisFile();
let engine: Engine;
beforeAll(async () => {
  engine = await engines.get("simd");
});

interface Placed {
  readonly data: ArrayLike<number>;
  readonly shape: readonly number[];
}
interface Given {
  input: unknown;
  gradient: unknown;
  shape: unknown;
  settings: Record<string, unknown>;
}
interface Attack {
  readonly name: string;
  readonly error: ErrorName;
  readonly names: readonly string[];
  readonly change: (given: Given) => Partial<Given>;
}

const boom = () => {
  throw new Error("boom");
};

function* operands(op: ForwardOp): Generator<Attack> {
  const { names, result } = filterGradients[op];
  for (const role of ["input", "gradient"] as const) {
    const name = role === "input" ? names.input : names.filters;
    const all = [names.input, names.filters, result];
    const replaced = (
      what: string,
      error: ErrorName,
      change: (good: Placed) => unknown,
      accepted = [name],
    ): Attack => ({
      name: `${name} ${what}`,
      error,
      names: accepted,
      change: (given) => ({ [role]: change(given[role] as Placed) }),
    });
    for (const bad of [undefined, null, 5, "tensor", [[1]], {}])
      yield replaced(`is ${show(bad)}`, "ConvError", () => bad);
    for (const field of ["data", "shape", "stride", "offset"])
      yield replaced(`a getter of ${field} throws`, "OptionError", (good) =>
        Object.defineProperty({ ...good }, field, { get: boom }),
      );
    yield replaced("int32 data", "DTypeError", (good) => ({ ...good, data: new Int32Array(4000) }));
    yield replaced("float64 beside float32", "DTypeError", (good) => ({ ...good, data: new Float64Array(4000) }), [
      names.input,
      names.filters,
    ]);
    yield replaced("data one short", "ShapeError", ({ shape }) => ({
      data: new Float32Array(shape.reduce((a, b) => a * b) - 1),
      shape,
    }));
    yield replaced("one axis more", "ShapeError", ({ data, shape }) => ({ data, shape: [1, ...shape] }), all);
    yield replaced("one axis less", "ShapeError", ({ data, shape }) => ({ data, shape: shape.slice(1) }), all);
    // Of c01b the operands alone tell channels and filters; signal.conv2d's input has three axes.
    const axes = op === "c01b.filterActs" ? [1, 2, 3] : op === "signal.conv2d" ? [0, 1, 2] : [0, 1, 2, 3];
    for (const axis of axes)
      yield replaced(`axis ${axis} one less`, "ConvError", ({ data, shape }) => ({
        data, shape: shape.map((extent, at) => (at === axis ? extent - 1 : extent)),
      }), all); // biome-ignore format: a row
    for (const bad of notCounts.filter((value) => value !== 0))
      yield replaced(`last extent ${show(bad)}`, "ShapeError", ({ data, shape }) => ({
        data,
        shape: [...shape.slice(0, -1), bad],
      }));
    yield replaced(
      "of more than 2^53 elements",
      "ShapeError",
      ({ data, shape }) => ({ data, shape: shape.map(() => 2 ** 27) }),
      all,
    );
  }
}

function* shapes(op: ForwardOp): Generator<Attack> {
  const { result } = filterGradients[op];
  const list = (given: Given) => given.shape as readonly number[];
  const attack = (what: string, shape: (given: Given) => unknown, names = [result]): Attack => ({
    name: `${result} ${what}`,
    error: "ConvError",
    names,
    change: (given) => ({ shape: shape(given) }),
  });
  for (const bad of [undefined, null, 4, "3,3", {}, [], [null]]) yield attack(`is ${show(bad)}`, () => bad);
  yield attack("one axis more", (given) => [1, ...list(given)], [result, filterGradients[op].names.filters]);
  // Of a shape that is too large or small it is the outputs that would be others.
  const { filters } = filterGradients[op].names;
  const space = {
    "nnet.conv2d": [2, 3],
    "signal.conv2d": [1, 2],
    conv3D: [1, 2, 3],
    "conv3d2d.conv3d": [1, 3, 4],
    "c01b.filterActs": [1, 2],
  }[op];
  for (const axis of space) {
    for (const bad of notCounts.filter((value) => value !== null || op === "conv3D" || op === "c01b.filterActs"))
      yield attack(`axis ${axis} ${show(bad)}`, (given) =>
        list(given).map((extent, at) => (at === axis ? bad : extent)),
      );
    yield attack(`axis ${axis} 40`, (given) => list(given).map((extent, at) => (at === axis ? 40 : extent)), [
      result,
      filters,
    ]);
    yield attack(`axis ${axis} 2^31`, (given) => list(given).map((extent, at) => (at === axis ? 2 ** 31 : extent)), [
      result,
      filters,
      filterGradients[op].names.input,
    ]);
  }
  if (op === "c01b.filterActs") return; // it is told rows and columns only
  const counts = { "nnet.conv2d": [0, 1], "signal.conv2d": [0], conv3D: [0, 4], "conv3d2d.conv3d": [0, 2] }[op];
  for (const axis of counts)
    yield attack(
      `axis ${axis} one more`,
      (given) => list(given).map((extent, at) => (at === axis ? extent + 1 : extent)),
      [result, filters],
    );
}

function* options(op: ForwardOp): Generator<Attack> {
  const option = (key: string, value: unknown, error: ErrorName = "OptionError", names = [key]): Attack => ({
    name: `${key} ${show(value)}`,
    error,
    names,
    change: ({ settings }) => ({ settings: { ...settings, [key]: value } }),
  });
  for (const [key, values] of Object.entries({
    openmp: [1, "true", {}],
    device: ["gpu", 1, {}],
    algorithm: ["winograd", "separable", "depthwise", "fast", 1],
    lanes: ["images", 1],
    signal: [{}, 1, "now"],
    onProgress: [1, {}],
    noSuchOption: [1],
  }))
    for (const value of values) yield option(key, value);
  if (op !== "signal.conv2d") yield option("algorithm", "fft");
  yield option("device", "webgpu", "DeviceError");
  if (op === "nnet.conv2d") {
    for (const bad of ["same", -1, 0.5, [1], {}]) yield option("borderMode", bad);
    for (const bad of [0, [0, 1], [1, 1.5], [1], "1"]) yield option("subsample", bad);
    for (const bad of [0, [0, 1], [1, 1.5]]) yield option("filterDilation", bad);
    for (const bad of [0, 2, 1.5, "1"]) yield option("numGroups", bad);
    for (const bad of ["relu", "tanh", "gelu"]) yield option("activation", bad);
    yield option("bias", { data: new Float32Array(4), shape: [4] });
    yield option("imageShape", [9, 9, 9, 9], "ShapeError");
    yield option("unshared", true, "ShapeError", ["filterShape"]);
  }
  if (op === "c01b.filterActs") {
    for (const bad of [-1, 0.5, "1"]) yield option("pad", bad);
    for (const bad of [0, 9, 1.5]) yield option("stride", bad);
    for (const bad of [0, 0.5, "1", 1000]) yield option("partialSum", bad);
  }
  if (op === "conv3D") for (const bad of [undefined, 1, [1, 1], [0, 1, 1], [1, 1.5, 1]]) yield option("d", bad);
}

function* outs(op: ForwardOp): Generator<Attack> {
  const out = (what: string, error: ErrorName, make: (given: Given) => unknown): Attack => ({
    name: `out ${what}`,
    error,
    names: ["out"],
    change: (given) => ({ settings: { ...given.settings, out: make(given) } }),
  });
  const { shape } = gradientProblem(goodSpecs[op]);
  yield out("of another shape", "ShapeError", () => ({
    data: new Float32Array(2000),
    shape: [...shape.slice(0, -1), shape.at(-1)! + 1],
  }));
  yield out("of another dtype", "DTypeError", () => ({ data: new Float64Array(2000), shape }));
  yield out("one element several times", "OptionError", () => ({
    data: new Float32Array(2000),
    shape,
    stride: shape.map(() => 0),
  }));
  yield out("too short", "ShapeError", () => ({ data: new Float32Array(1), shape }));
  for (const role of ["input", "gradient"] as const)
    yield out(`over the ${role}`, "OptionError", (given) => ({
      data: (given[role] as Placed).data,
      shape,
      offset: 16,
    }));
}

/** Undefined if the good call is exact. */
async function wrongAfter(op: ForwardOp): Promise<string | undefined> {
  const problem = gradientProblem(goodSpecs[op]);
  const got = await computeGradient(engine, problem, gradientOperands(problem), { form: "auto" });
  const at = firstDifference(got, gradientOracle(problem).y);
  return at < 0 ? undefined : `afterwards element ${at} is wrong`;
}

describe.each(forwardOps)("hostile calls of the gradient of %s", (op) => {
  it("are refused, and leave no trace", { timeout: 60_000 }, async (test) => {
    const failures: string[] = [];
    let calls = 0;
    for (const attack of [...operands(op), ...shapes(op), ...options(op), ...outs(op)]) {
      const problem = gradientProblem(goodSpecs[op]);
      const placed = gradientOperands(problem);
      const given: Given = {
        input: placed.input.operand,
        gradient: placed.gradient.operand,
        shape: problem.shape,
        settings: { ...gradientSettings(problem.spec) },
      };
      const all = { ...given, ...attack.change(given) };
      const wrong = await mustFail(
        () => callGradient(engine, op, { input: all.input, gradient: all.gradient }, all.shape, all.settings),
        attack.error,
        attack.names,
      );
      const after = wrong ?? damageToGradient(placed) ?? (calls++ % 10 === 0 ? await wrongAfter(op) : undefined);
      if (after) failures.push(`${attack.name}: ${after}`);
    }
    note(test, `R5 gradient of ${op}: ${calls} hostile calls`);
    expect(failures.length, `${failures.length}\n${failures.slice(0, 40).join("\n")}`).toBe(0);
    expect(calls).toBeGreaterThan(100);
  });

  it("so are specs and runs", async () => {
    const problem = gradientProblem(goodSpecs[op]);
    const { shapes, names } = filterGradients[op];
    const spec = {
      ...gradientSettings(problem.spec),
      [shapes.input]: problem.spec.input,
      [shapes.filters]: problem.shape,
      dtype: "float32",
    };
    const { compile } = gradientOf(engine, op);
    const refused = async (more: object, error: ErrorName, ...accepted: string[]) =>
      expect(
        await mustFail(() => compile({ ...spec, ...more }), error, accepted),
        JSON.stringify(more),
      ).toBeUndefined();
    await refused({ [shapes.input]: undefined }, "ShapeError", shapes.input);
    await refused({ [shapes.filters]: undefined }, "ShapeError", shapes.filters);
    await refused({ [shapes.filters]: problem.shape.map(() => null) }, "ShapeError", shapes.filters);
    await refused({ [shapes.filters]: problem.shape.map(() => 50) }, "ConvError", shapes.filters, shapes.input);
    await refused({ dtype: "float16" }, "OptionError", "dtype");
    await refused({ device: "webgpu" }, "DeviceError", "device");
    await refused({ out: {} }, "OptionError", "out");
    await refused({ algorithm: "winograd" }, "OptionError", "algorithm");

    const layer = await compile(spec);
    expect("setFilters" in layer, "there are no filters to be set").toBe(false);
    const { input, gradient } = gradientOperands(problem);
    const run = async (given: readonly unknown[], error: ErrorName, ...accepted: string[]) => {
      expect(await mustFail(() => layer.run(...given), error, accepted)).toBeUndefined();
      expect(await mustFail(() => layer.runSync(...given), error, accepted)).toBeUndefined();
    };
    await run([input.operand], "ShapeError", names.filters);
    await run([gradient.operand, input.operand], "ShapeError", names.input);
    await run([input.operand, input.operand], "ShapeError", names.filters);
    await run([input.operand, gradient.operand, { algorithm: "direct" }], "OptionError", "algorithm");
    await run([input.operand, gradient.operand, { device: "webgpu" }], "DeviceError", "device");
    await run(
      [input.operand, gradient.operand, { out: { data: new Float32Array(1), shape: [1] } }],
      "ShapeError",
      "out",
    );
    layer[Symbol.dispose]();
    await run([input.operand, gradient.operand], "DisposedError");
    expect(await wrongAfter(op)).toBeUndefined();
  });
});
