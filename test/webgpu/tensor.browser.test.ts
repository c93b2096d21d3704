// Tensors that stay on the GPU: what goes over the bus and what does not, whose elements they are, and what becomes of them.
import { createEngine, nnet, type Tensor } from "simdconv";
import { describe, expect, inject, it } from "vitest";
import { firstDifference } from "../support/compare.ts";
import { failureOf, mustFail, wrongError } from "../support/errors.ts";
import { goodSpecs } from "../support/fixtures.ts";
import { allOnGpu, checkOnGpu, holding, onGpu } from "../support/on-gpu.ts";
import { callOp, opNames, opOf } from "../support/ops.ts";
import { count, gather } from "../support/place.ts";
import {
  declaredOf,
  type Engine,
  expected,
  numbers,
  operandsOf,
  type Problem,
  type Spec,
  settingsOf,
} from "../support/spec.ts";
import { destroy, type Inside, ownDevice } from "./device.ts";

const movie: Spec = { op: "conv3d2d.conv3d", input: [3, 5, 3, 9, 11], filters: [5, 2, 3, 3, 3], seed: 5 };
const picture: Spec = { input: [2, 3, 8, 9], filters: [4, 3, 3, 3], seed: 21 };

async function gpuEngine(gpuDevice?: GPUDevice, device: "auto" | "webgpu" = "webgpu"): Promise<Engine> {
  return (await createEngine({ gpuDevice, device, workers: 0, binary: "simd" })) as Engine;
}

async function differs(tensor: Tensor, want: Float64Array): Promise<number> {
  const got = await tensor.read();
  expect(got.length).toBe(want.length);
  return firstDifference(Float64Array.from(got), want);
}

const host = (values: Float64Array, shape: readonly number[]) => ({ data: Float32Array.from(values), shape });

// Isolation is nothing to a GPU: once is enough.
describe.skipIf(!inject("isolated"))("elements on the GPU", () => {
  it("are zeros at first, what was written later, and never to be had without waiting", async () => {
    await using engine = await gpuEngine(undefined, "auto");
    using tensor = onGpu(engine, [3, 5]);
    expect([tensor.dtype, tensor.size, tensor.shape]).toEqual(["float32", 15, [3, 5]]);
    expect(await tensor.read()).toEqual(new Float32Array(15));
    const values = Float32Array.from({ length: 15 }, (_, i) => i - 7);
    await tensor.write(values);
    expect(await tensor.read()).toEqual(values);
    expect(await mustFail(() => tensor.data, "DeviceError", ["tensor"])).toBeUndefined();
    expect(await mustFail(() => tensor.write(new Float32Array(14)), "ShapeError", ["data"])).toBeUndefined();
    expect(await mustFail(() => tensor.write(new Float64Array(15)), "DTypeError", ["data"])).toBeUndefined();
    using none = onGpu(engine, [0, 3]);
    await none.write(new Float32Array(0));
    expect(await none.read()).toEqual(new Float32Array(0));
    const wrong = () => engine.tensor([2], { device: "webgpu", dtype: "float64" });
    expect(await mustFail(wrong, "DTypeError", ["dtype"])).toBeUndefined();
    expect(await mustFail(() => onGpu(engine, [2, -1]), "ShapeError", ["shape"])).toBeUndefined();
  });

  it("a first use by an op, without a write, finds zeros, whatever the buffer was used for before", async () => {
    await using engine = await gpuEngine();
    const { problem, shape } = numbers(picture);
    const used = await holding(engine, new Float64Array(count(picture.input)).fill(9), picture.input);
    used.dispose();
    using input = onGpu(engine, picture.input);
    using out = onGpu(engine, shape);
    await engine.nnet.conv2d(input, host(problem.filters, problem.filterShape), { out });
    expect(await differs(out, new Float64Array(count(shape)))).toBe(-1);
  });

  it("after dispose, or their engine's: a DisposedError", async () => {
    const engine = await gpuEngine();
    const { problem, shape } = numbers(picture);
    const filters = host(problem.filters, problem.filterShape);
    const gone = await holding(engine, problem.input, picture.input);
    gone.dispose();
    gone.dispose();
    for (const use of [() => gone.data, () => gone.read(), () => gone.write(new Float32Array(gone.size))])
      expect(await mustFail(use, "DisposedError", ["tensor"])).toBeUndefined();
    expect(await mustFail(() => engine.nnet.conv2d(gone, filters), "DisposedError", ["input"])).toBeUndefined();
    const orphan = await holding(engine, new Float64Array(count(shape)), shape);
    await engine.dispose();
    expect(await mustFail(() => orphan.read(), "DisposedError", ["engine"])).toBeUndefined();
    expect(await mustFail(() => onGpu(engine, [1]), "DisposedError", ["engine"])).toBeUndefined();
    orphan.dispose();
  });

  it("without any WebGPU: a DeviceError at once", async () => {
    await using engine = await gpuEngine(undefined, "auto");
    const gpu = Object.getOwnPropertyDescriptor(Navigator.prototype, "gpu")!;
    Object.defineProperty(Navigator.prototype, "gpu", { configurable: true, get: () => undefined });
    try {
      expect(await mustFail(() => onGpu(engine, [2]), "DeviceError", ["device"])).toBeUndefined();
    } finally {
      Object.defineProperty(Navigator.prototype, "gpu", gpu);
    }
  });

  it("larger than the device's buffers: an OutOfMemoryError, when it is made or when it is first used", async () => {
    const { gpuDevice } = await ownDevice({ mostBytes: 4096 });
    await using engine = await gpuEngine(gpuDevice, "auto");
    const early = onGpu(engine, [1025]);
    expect(await mustFail(() => early.write(new Float32Array(1025)), "OutOfMemoryError", ["tensor"])).toBeUndefined();
    expect(await mustFail(() => onGpu(engine, [1025]), "OutOfMemoryError", ["shape"])).toBeUndefined();
    expect(await mustFail(() => onGpu(engine, [2 ** 40, 2 ** 40]), "OutOfMemoryError", ["shape"])).toBeUndefined();
    await onGpu(engine, [1024]).write(new Float32Array(1024));
  });
});

describe.skipIf(!inject("isolated"))("ops on them", () => {
  it("every op: exact, and nothing goes over the bus until it is read", { timeout: 60_000 }, async () => {
    const { gpuDevice, traffic } = await ownDevice();
    await using engine = await gpuEngine(gpuDevice);
    for (const op of opNames) {
      const problem = numbers(goodSpecs[op]);
      const { out, ...operands } = await allOnGpu(engine, problem);
      const run = () => callOp(engine, op, operands, { ...settingsOf(problem.spec, "auto"), out });
      await run(); // builds the pipeline, whose table is an upload
      const before = { ...traffic };
      expect(await run(), op).toBe(out);
      expect([traffic.uploads - before.uploads, traffic.maps - before.maps, op]).toEqual([0, 0, op]);
      expect(await differs(out, expected(problem).y), op).toBe(-1);
      expect(traffic.maps - before.maps, op).toBe(1);
    }
    expect(await checkOnGpu(engine)).toEqual([]);
  });

  it("a chain of two ops, read once at the end: no upload, one mapping", { timeout: 60_000 }, async () => {
    const { gpuDevice, traffic } = await ownDevice();
    await using engine = await gpuEngine(gpuDevice);
    const one = numbers(picture);
    const first = expected(one).y;
    const specTwo = { input: one.shape, filters: [3, 4, 2, 2], seed: 22 };
    const two = numbers(specTwo);
    // The second layer sees what the first computed.
    two.problem.input.set(first);
    const a = await allOnGpu(engine, one);
    const c = await allOnGpu(engine, two);
    const chain = async () => {
      const b = await engine.nnet.conv2d(a.input, a.filters, { out: a.out });
      return engine.nnet.conv2d(b, c.filters, { out: c.out });
    };
    await chain();
    const before = { ...traffic };
    const result = await chain();
    expect([traffic.uploads - before.uploads, traffic.maps - before.maps]).toEqual([0, 0]);
    // Nor is anything made anew: what a call borrows was given back by the one before.
    expect(traffic.buffers - before.buffers).toBe(0);
    expect(await differs(result, expected(two).y)).toBe(-1);
    expect(traffic.maps - before.maps).toBe(1);
  });

  it("beside arrays of the host, whichever of them are where", { timeout: 60_000 }, async () => {
    await using engine = await gpuEngine();
    for (const op of opNames) {
      const problem = numbers(goodSpecs[op]);
      const there = await allOnGpu(engine, problem);
      const { y } = expected(problem);
      for (let mask = 0; mask < 8; mask++) {
        const { input, filters, bias } = operandsOf(problem);
        const operands = {
          input: mask & 1 ? there.input : input.operand,
          filters: mask & 2 ? there.filters : filters.operand,
          bias: mask & 2 ? bias?.operand : there.bias,
        };
        const out = mask & 4 ? { out: there.out } : {};
        const result = await callOp(engine, op, operands, { ...settingsOf(problem.spec, "auto"), ...out });
        expect(await differs(result, y), `${op} ${mask}`).toBe(-1);
      }
    }
  });

  it("cut where the device's buffers are too small, ranges of the tensor copied on the GPU", async () => {
    // The tensors fit, but the kernel may be given no larger ones as a whole: input, result, both, and vec4s of both.
    const specs: readonly (readonly [Spec, number])[] = [
      [movie, 8964],
      [movie, 5000],
      [{ ...movie, filters: [1, 2, 3, 3, 3] }, 5120],
      [{ ...movie, input: [1, 5, 3, 9, 11], filters: [16, 2, 3, 3, 3] }, 8964],
      [{ input: [5, 4, 6, 8], filters: [3, 4, 1, 1], seed: 8 }, 1024],
      [{ input: [5, 4, 6, 8], filters: [3, 4, 1, 1], seed: 8 }, 3072],
    ];
    for (const [spec, mostBytes] of specs) {
      const { gpuDevice, traffic } = await ownDevice({ mostBytes, mostOfBuffer: 2 ** 20 });
      await using engine = await gpuEngine(gpuDevice);
      const problem = numbers(spec);
      const { y } = expected(problem);
      const { op = "nnet.conv2d" } = spec;
      const { input, filters, out } = await allOnGpu(engine, problem);
      const before = traffic.maps;
      let pieces = 0;
      const onProgress = () => pieces++;
      await callOp(engine, op, { input, filters }, { out, onProgress });
      expect(pieces, `${spec.input} in ${mostBytes}`).toBeGreaterThan(1);
      expect(traffic.maps).toBe(before);
      expect(await differs(out, y), `${spec.input} in ${mostBytes}`).toBe(-1);
      const { input: array } = operandsOf(problem);
      await out.write(new Float32Array(out.size));
      await callOp(engine, op, { input: array.operand, filters }, { out });
      expect(await differs(out, y)).toBe(-1);
      expect(await differs(await callOp(engine, op, { input, filters }, {}), y)).toBe(-1);
    }
  });

  it("left open, an op goes to where they are; an algorithm of wasm's, or its bits, bring them here", async () => {
    const { gpuDevice, traffic } = await ownDevice();
    const problem = numbers(picture);
    const { y } = expected(problem);
    for (const float of ["fast", "reproducible"] as const) {
      await using engine = (await createEngine({ gpuDevice, float, workers: 0 })) as Engine;
      const { input, filters, out } = await allOnGpu(engine, problem);
      for (const algorithm of ["auto", "direct"] as const) {
        for (const target of [undefined, out]) {
          await out.write(new Float32Array(out.size));
          const before = { ...traffic };
          const result = await engine.nnet.conv2d(input, filters, { algorithm, out: target });
          const stays = float === "fast" && algorithm === "auto";
          // Here: both are read back. There: the result is, if it is wanted here.
          expect(traffic.maps - before.maps).toBe(stays ? (target ? 0 : 1) : 2);
          expect(await differs(result, y)).toBe(-1);
        }
      }
    }
  });

  it("out that is an input is refused, and so are wrong shapes and types", async () => {
    await using engine = await gpuEngine();
    const square = onGpu(engine, [1, 1, 4, 4]);
    using one = await holding(engine, Float64Array.of(1), [1, 1, 1, 1]);
    const call = (out: unknown, filters: unknown = one) =>
      callOp(engine, "nnet.conv2d", { input: square, filters }, { out });
    expect(await mustFail(() => call(square), "OptionError", ["out"])).toBeUndefined();
    const alias = () => callOp(engine, "nnet.conv2d", { input: one, filters: one }, { out: one });
    expect(await mustFail(alias, "OptionError", ["out"])).toBeUndefined();
    expect(await mustFail(() => call(onGpu(engine, [1, 1, 4, 5])), "ShapeError", ["out"])).toBeUndefined();
    const double = { data: Float64Array.of(1), shape: [1, 1, 1, 1] };
    expect(await mustFail(() => call(undefined, double), "DTypeError", ["filters"])).toBeUndefined();
    // One tensor as two inputs is nothing wrong.
    expect(await differs(await engine.nnet.conv2d(one, one), Float64Array.of(1))).toBe(-1);
  });

  it("of another engine: read back, and written to, like arrays; by the module-level ops too", async () => {
    await using owner = await gpuEngine();
    await using other = await gpuEngine();
    await using plain = (await createEngine({ workers: 0, device: "wasm" })) as Engine;
    const problem = numbers(picture);
    const { input, filters, out } = await allOnGpu(owner, problem);
    for (const conv2d of [other.nnet.conv2d, plain.nnet.conv2d, nnet.conv2d]) {
      await out.write(new Float32Array(out.size));
      expect(await conv2d(input, filters, { out })).toBe(out);
      expect(await differs(out, expected(problem).y)).toBe(-1);
    }
  });
});

describe.skipIf(!inject("isolated"))("compiled ops on them", () => {
  it("run in place; take filters from the GPU; compute here what was compiled for here", {
    timeout: 60_000,
  }, async () => {
    const { gpuDevice, traffic } = await ownDevice();
    await using engine = await gpuEngine(gpuDevice);
    for (const op of opNames) {
      const problem = numbers(goodSpecs[op]);
      const { y } = expected(problem);
      const there = await allOnGpu(engine, problem);
      for (const device of ["webgpu", "wasm"] as const) {
        const spec = { ...settingsOf(problem.spec, "auto"), ...declaredOf(problem.spec, operandsOf(problem)), device };
        using layer = await opOf(engine, op).compile(spec);
        expect(layer.plan.device).toBe(device);
        await layer.setFilters(there.filters as never);
        const given = there.bias ? [there.input, there.bias] : [there.input];
        const settings = { out: there.out };
        await layer.run(...given, settings);
        const before = { ...traffic };
        expect(await layer.run(...given, settings)).toBe(there.out);
        if (device === "webgpu") {
          expect([traffic.maps - before.maps, op]).toEqual([0, op]);
          expect([traffic.uploads - before.uploads, op]).toEqual([0, op]);
        }
        expect(await differs(there.out, y), `${op} ${device}`).toBe(-1);
        expect(firstDifference(gather(await layer.run(...given)), y)).toBe(-1);
      }
    }
  });

  it("runSync and setBias cannot wait for them: a DeviceError that names which", async () => {
    await using engine = await gpuEngine();
    const problem = numbers(picture);
    const { input, filters, out } = await allOnGpu(engine, problem);
    using layer = await engine.nnet.conv2d.compile({ imageShape: picture.input, filterShape: picture.filters });
    await layer.setFilters(filters);
    const array = host(problem.problem.input, picture.input);
    expect(await mustFail(() => layer.runSync(input), "DeviceError", ["input"])).toBeUndefined();
    expect(await mustFail(() => layer.runSync(array, { out }), "DeviceError", ["out"])).toBeUndefined();
    expect(await mustFail(() => layer.setBias(onGpu(engine, [4])), "DeviceError", ["bias"])).toBeUndefined();
    expect(firstDifference(gather(layer.runSync(array)), expected(problem).y)).toBe(-1);
  });

  it("a bias of the spec may be on the GPU", async () => {
    await using engine = await gpuEngine();
    const problem = numbers({ ...picture, bias: true });
    const { input, filters, bias } = await allOnGpu(engine, problem);
    const shapes = { imageShape: picture.input, filterShape: picture.filters };
    using layer = await engine.nnet.conv2d.compile({ ...shapes, bias });
    await layer.setFilters(filters);
    expect(firstDifference(gather(await layer.run(input)), expected(problem).y)).toBe(-1);
  });

  it("setFilters: the last call decides, though an earlier one waits; a run under way keeps what it began with", async () => {
    await using engine = await gpuEngine(undefined, "auto");
    // Of rank one and not: the plan changes with them.
    const base: Spec = { op: "signal.conv2d", input: [2, 160, 150], filters: [5, 5], seed: 31 };
    const [one, two] = [numbers({ ...base, rankOne: true }), numbers({ ...base, seed: 31 })];
    const rank = await holding(engine, one.problem.filters, base.filters);
    const any = await holding(engine, two.problem.filters, base.filters);
    const input = await holding(engine, one.problem.input, base.input);
    const want = (filters: Problem) => expected({ ...numbers(base), terms: withFilters(one, filters) }).y;
    using layer = await engine.signal.conv2d.compile({ imageShape: base.input, filterShape: base.filters });
    await Promise.all([layer.setFilters(any), layer.setFilters(host(one.problem.filters, base.filters))]);
    const running = layer.run(input);
    await layer.setFilters(any);
    expect(firstDifference(gather(await running), want(one))).toBe(-1);
    expect(firstDifference(gather(await layer.run(input)), want(two))).toBe(-1);
    await layer.setFilters(rank);
    expect(firstDifference(gather(await layer.run(input)), want(one))).toBe(-1);
  });
});

/** The terms of a problem with its own input and another's filters. */
function withFilters(of: Problem, { problem }: Problem) {
  const spec: Spec = { ...of.spec, rankOne: false };
  const made = numbers(spec);
  made.problem.input.set(of.problem.input);
  made.problem.filters.set(problem.filters);
  return made.terms;
}

describe.skipIf(!inject("isolated"))("dispose", () => {
  it("gives the buffer back for the next tensor", async () => {
    const { gpuDevice, traffic } = await ownDevice();
    await using engine = await gpuEngine(gpuDevice);
    const values = new Float32Array(5000).fill(3);
    const round = async () => {
      using tensor = onGpu(engine, [5000]);
      await tensor.write(values);
    };
    await round();
    const before = traffic.buffers;
    for (let i = 0; i < 20; i++) await round();
    expect(traffic.buffers).toBe(before);
    await engine.dispose();
  });

  it("while an op uses it: the op is right, and nobody else's elements are touched", async () => {
    await using engine = await gpuEngine();
    const problem = numbers(movie);
    const { y } = expected(problem);
    const { input, filters } = await allOnGpu(engine, problem);
    await engine.conv3d2d.conv3d(input, filters); // the pipeline is there
    const running = engine.conv3d2d.conv3d(input, filters);
    for (let i = 0; i < 5; i++) await null;
    input.dispose();
    const next = onGpu(engine, movie.input);
    const sevens = new Float32Array(next.size).fill(7);
    const [outcome] = await Promise.allSettled([running, next.write(sevens)]);
    if (outcome.status === "fulfilled") expect(firstDifference(gather(outcome.value), y)).toBe(-1);
    else expect(wrongError(outcome.reason, "DisposedError", ["signals"])).toBeUndefined();
    expect(await next.read()).toEqual(sevens);
  });

  it("of out meanwhile: a DisposedError", async () => {
    await using engine = await gpuEngine();
    const problem = numbers(picture);
    const { input, filters, out } = await allOnGpu(engine, problem);
    const call = () => engine.nnet.conv2d(input, filters, { out, onProgress: () => out.dispose() });
    expect(await mustFail(call, "DisposedError", ["out"])).toBeUndefined();
    // And of one in engine memory, which the GPU's result would have been copied to.
    const resident = engine.tensor(problem.shape);
    const copied = () => engine.nnet.conv2d(input, filters, { out: resident, onProgress: () => resident.dispose() });
    expect(await mustFail(copied, "DisposedError", ["out"])).toBeUndefined();
  });
});

describe.skipIf(!inject("isolated"))("a lost device", () => {
  it("takes the elements with it: DeviceErrors, never zeros, until all of them are written again", async () => {
    await using engine = await gpuEngine();
    const problem = numbers(picture);
    const { input, filters, out } = await allOnGpu(engine, problem);
    await engine.nnet.conv2d(input, filters, { out });
    await destroy((engine as unknown as Inside).runtime.gpu.current!.device);
    for (const tensor of [input, out])
      expect(await mustFail(() => tensor.read(), "DeviceError", ["tensor"])).toBeUndefined();
    for (const device of ["webgpu", "auto", "wasm"] as const) {
      const call = () => engine.nnet.conv2d(input, filters, { device });
      expect(await mustFail(call, "DeviceError", ["input", "filters"])).toBeUndefined();
    }
    expect(await mustFail(() => input.read(), "DeviceError", ["tensor"])).toBeUndefined();
    // The engine's own device is asked for anew, and an op writes all of its out.
    const array = operandsOf(problem);
    await engine.nnet.conv2d(array.input.operand, array.filters.operand, { out });
    expect(await differs(out, expected(problem).y)).toBe(-1);
    await input.write(Float32Array.from(problem.problem.input));
    expect(await differs(input, problem.problem.input)).toBe(-1);
    const call = () => engine.nnet.conv2d(input, filters);
    expect(await mustFail(call, "DeviceError", ["filters"])).toBeUndefined();
  });

  it("of the caller's: what is on it is lost for good, and arrays are computed here", async () => {
    const { device, gpuDevice } = await ownDevice();
    await using engine = await gpuEngine(gpuDevice, "auto");
    const problem = numbers(picture);
    const { input, filters, out } = await allOnGpu(engine, problem);
    await destroy(device);
    expect(await mustFail(() => input.write(new Float32Array(input.size)), "DeviceError", ["device"])).toBeUndefined();
    expect(await mustFail(() => input.read(), "DeviceError", ["tensor"])).toBeUndefined();
    expect(await mustFail(() => engine.nnet.conv2d(input, filters), "DeviceError", ["filters"])).toBeUndefined();
    const array = operandsOf(problem);
    const call = () => engine.nnet.conv2d(array.input.operand, array.filters.operand, { out });
    expect(await mustFail(call, "DeviceError", ["device"])).toBeUndefined();
    const y = await engine.nnet.conv2d(array.input.operand, array.filters.operand);
    expect(firstDifference(gather(y), expected(problem).y)).toBe(-1);
  });

  it("in the middle of a read", async () => {
    const { device, gpuDevice, faults } = await ownDevice();
    await using engine = await gpuEngine(gpuDevice);
    const tensor = await holding(engine, new Float64Array(100).fill(5), [100]);
    faults.onMap = () => device.destroy();
    const failure = await failureOf(() => tensor.read());
    expect(wrongError(failure?.error, "DeviceError", ["tensor"])).toBeUndefined();
  });

  it("or no room, when an op first uses a tensor: an error that names it", async () => {
    const { gpuDevice, faults } = await ownDevice();
    await using engine = await gpuEngine(gpuDevice);
    const problem = numbers(picture);
    const { input, filters } = await allOnGpu(engine, problem);
    const out = onGpu(engine, problem.shape);
    faults.room = 0;
    const call = () => engine.nnet.conv2d(input, filters, { out });
    expect(await mustFail(call, "OutOfMemoryError", ["out"])).toBeUndefined();
    faults.room = undefined;
    expect(await call()).toBe(out);
    expect(await differs(out, expected(problem).y)).toBe(-1);
  });
});
