// The backend on a page's GPU, where that is refused, taken away in the middle of a job, or too small.
import { createEngine } from "simdconv";
import { describe, expect, inject, it } from "vitest";
import { checkAccuracy, checkBits } from "../support/check.ts";
import { firstDifference } from "../support/compare.ts";
import { failureOf, mustFail, wrongError } from "../support/errors.ts";
import { gather } from "../support/place.ts";
import { note } from "../support/record.ts";
import { compute, type Engine, expected, numbers, operandsOf, type Spec } from "../support/spec.ts";
import { credulous, type Inside, ownDevice } from "./device.ts";

const movie: Spec = { op: "conv3d2d.conv3d", input: [3, 5, 3, 9, 11], filters: [5, 2, 3, 3, 3], seed: 5 };
const specs: readonly Spec[] = [
  movie,
  { ...movie, borderMode: "full", seed: 6 },
  { op: "conv3d2d.conv3d", input: [2, 4, 5, 7, 10], filters: [35, 3, 5, 2, 3], borderMode: ["half", "valid", "valid"], seed: 7 },
  { op: "conv3D", input: [2, 6, 5, 7, 4], filters: [18, 3, 2, 3, 4], d: [2, 1, 2], seed: 8 },
  { op: "c01b.filterActs", input: [3, 9, 8, 5], filters: [3, 4, 3, 7], pad: 2, stride: 3, seed: 9 },
  { op: "signal.conv2d", input: [3, 17, 70], filters: [2, 5, 7], borderMode: "full", subsample: [2, 3], seed: 10 },
  { input: [2, 6, 12, 13], filters: [8, 3, 3, 2], numGroups: 2, borderMode: [[1, 2], 3], filterDilation: [2, 1], bias: true, activation: "relu", seed: 11 },
  { op: "nnet.conv2dGradWrtInputs", input: [2, 6, 12, 13], filters: [8, 3, 3, 2], numGroups: 2, borderMode: [[1, 2], 3], filterDilation: [2, 1], bias: true, activation: "relu", seed: 12 },
  { op: "nnet.conv2dTranspose", input: [2, 5, 12, 13], filters: [8, 5, 3, 2], borderMode: "half", filterDilation: [1, 3], subsample: [2, 2], bias: true, seed: 13 },
  { op: "nnet.conv2dGradWrtInputs", input: [1, 5, 12, 13], filters: [8, 5, 1, 1], subsample: [3, 2], seed: 14 },
  { op: "convTransp3D", input: [2, 6, 5, 7, 4], filters: [18, 3, 2, 3, 4], d: [2, 1, 2], seed: 15 },
  { op: "conv3d2d.conv3dGradWrtSignals", input: [2, 4, 5, 7, 10], filters: [35, 3, 5, 2, 3], borderMode: ["half", "valid", "valid"], seed: 16 },
  { op: "signal.conv2dGradWrtInputs", input: [3, 17, 70], filters: [2, 5, 7], borderMode: "full", subsample: [2, 3], seed: 17 },
  { op: "c01b.imageActs", input: [3, 9, 8, 5], filters: [3, 4, 3, 7], pad: 2, stride: 3, seed: 18 },
]; // biome-ignore format: a table
const how = { binary: "webgpu", form: "webgpu" } as const;

describe("results", () => {
  it("integers are exact and operands untouched, call, run and layouts of every kind", {
    timeout: 120_000,
  }, async () => {
    await using engine = (await createEngine({ device: "webgpu", workers: 0 })) as Engine;
    for (const [i, base] of specs.entries()) {
      const layouts = { input: "reversed", filters: "gapped", out: "reversed" } as const;
      for (const spec of [base, { ...base, layouts }]) {
        const problem = numbers(spec);
        const { y } = expected(problem);
        expect(await checkBits(engine, problem, y, { ...how, via: i % 2 ? "run" : "call" })).toBeUndefined();
      }
    }
  });

  it("reals stay within K·u·S", { timeout: 60_000 }, async () => {
    await using engine = (await createEngine({ device: "webgpu", workers: 0 })) as Engine;
    for (const values of ["zero-mean", "non-negative"] as const) {
      const problem = numbers({ ...specs[2], values });
      const got = await compute(engine, problem.spec, operandsOf(problem), how);
      expect(checkAccuracy(got, expected(problem), problem, how).problem).toBeUndefined();
    }
  });

  it("a compiled op says where it runs, keeps its filters there, takes new ones; runSync stays here", async () => {
    await using engine = (await createEngine({ workers: 0 })) as Engine;
    const [one, two] = [numbers(movie), numbers({ ...movie, seed: 99 })];
    const shapes = { signalsShape: movie.input, filtersShape: movie.filters };
    using op = await engine.conv3d2d.conv3d.compile({ ...shapes, device: "webgpu" } as never);
    expect(op.plan.device).toBe("webgpu");
    for (const [x, w] of [[one, one], [one, two], [two, one], [two, one]] as const) {
      const input = operandsOf(x).input.operand;
      await op.setFilters(operandsOf(w).filters.operand);
      const y = gather(await op.run(input));
      expect(firstDifference(y, gather(op.runSync(input)))).toBe(-1);
    }
  }); // biome-ignore format: pairs

  it("problems beyond the buffers are cut, along images and along time", { timeout: 60_000 }, async (test) => {
    for (const mostBytes of [9000, 5000]) {
      const { gpuDevice } = await ownDevice({ mostBytes });
      await using engine = (await createEngine({ gpuDevice, device: "webgpu", workers: 0 })) as Engine;
      const problem = numbers(movie);
      const { input, filters } = operandsOf(problem);
      const totals: number[] = [];
      const onProgress = (_: number, total: number) => totals.push(total);
      const got = await engine.conv3d2d.conv3d(input.operand, filters.operand, { onProgress });
      expect(firstDifference(gather(got), expected(problem).y)).toBe(-1);
      expect(totals.length).toBe(totals[0]);
      expect(totals[0]).toBeGreaterThan(mostBytes === 9000 ? 2 : 3);
      note(test, `buffers of ${mostBytes} bytes: ${totals[0]} pieces`);
    }
    const { gpuDevice } = await ownDevice({ mostBytes: 1000 });
    await using engine = (await createEngine({ gpuDevice, workers: 0 })) as Engine;
    const { input, filters } = operandsOf(numbers(movie));
    const demand = () => engine.conv3d2d.conv3d(input.operand, filters.operand, { device: "webgpu" });
    expect(await mustFail(demand, "DeviceError", ["device"])).toBeUndefined();
  });

  it.skipIf(!inject("isolated"))("operands in shared memory are taken", async () => {
    await using engine = (await createEngine({ device: "webgpu", workers: 0 })) as Engine;
    const problem = numbers(movie);
    const { input, filters } = operandsOf(problem);
    const x = gather(input.operand);
    const data = new Float32Array(new SharedArrayBuffer(4 * x.length));
    data.set(x);
    const y = await engine.conv3d2d.conv3d({ data, shape: movie.input }, filters.operand);
    expect(firstDifference(gather(y), expected(problem).y)).toBe(-1);
  });
});

describe("without a GPU", () => {
  it("no adapter: a demand is a DeviceError, a call left open is computed here; later it may be there again", async () => {
    const { requestAdapter } = navigator.gpu;
    navigator.gpu.requestAdapter = async () => null;
    try {
      expect(await mustFail(() => createEngine({ device: "webgpu" }), "DeviceError", ["device"])).toBeUndefined();
      await using engine = (await createEngine({ workers: 0 })) as Engine;
      const { runtime } = engine as unknown as Inside;
      runtime.milliseconds = () => 1000;
      const problem = numbers(movie);
      const got = await compute(engine, movie, operandsOf(problem), { binary: "simd", form: "auto" });
      expect(firstDifference(got, expected(problem).y)).toBe(-1);
      const { webgpu, why } = engine.capabilities();
      expect([webgpu, why.webgpu]).toEqual([false, expect.stringContaining("no adapter")]);
      navigator.gpu.requestAdapter = requestAdapter;
      expect(await checkBits(engine, problem, expected(problem).y, how)).toBeUndefined();
      expect(engine.capabilities().webgpu).toBe(true);
    } finally {
      navigator.gpu.requestAdapter = requestAdapter;
    }
  });

  it("what it does not serve is a DeviceError where it was demanded: float64, unshared filters", async () => {
    await using engine = (await createEngine({ workers: 0 })) as Engine;
    for (const spec of [
      { ...movie, dtype: "float64" },
      { input: [1, 2, 5, 6], filters: [3, 2, 2, 2], seed: 3, unshared: true },
    ] as const satisfies readonly Spec[]) {
      const problem = numbers(spec);
      const call = () => compute(engine, spec, operandsOf(problem), how);
      expect(await mustFail(call, "DeviceError", ["device"])).toBeUndefined();
    }
  });
});

describe("a device that is lost in the middle of a job", () => {
  it("left open: wasm gives the same answer, and the reason is told", { timeout: 60_000 }, async () => {
    const { device, gpuDevice } = await ownDevice({ mostBytes: 5000 });
    await using engine = await credulous(gpuDevice);
    const problem = numbers(movie);
    const { input, filters } = operandsOf(problem);
    let seen = 0;
    const onProgress = () => {
      if (seen++ === 1) device.destroy();
    };
    const y = await engine.conv3d2d.conv3d(input.operand, filters.operand, { onProgress });
    expect(seen).toBeGreaterThan(1);
    expect(firstDifference(gather(y), expected(problem).y)).toBe(-1);
    expect(engine.capabilities().why.webgpu).toMatch(/lost|destroyed|read/);
    // And so is every later call: the caller's own device cannot be asked for anew.
    const again = await engine.conv3d2d.conv3d(input.operand, filters.operand);
    expect(firstDifference(gather(again), expected(problem).y)).toBe(-1);
  });

  it("demanded: a DeviceError, and out is what it was", { timeout: 60_000 }, async () => {
    const { device, gpuDevice } = await ownDevice({ mostBytes: 5000 });
    await using engine = (await createEngine({ gpuDevice, workers: 0 })) as Engine;
    const { input, filters } = operandsOf(numbers(movie));
    const onProgress = () => device.destroy();
    const call = () => engine.conv3d2d.conv3d(input.operand, filters.operand, { device: "webgpu", onProgress });
    const failure = await failureOf(call);
    expect(wrongError(failure?.error, "DeviceError", ["device"])).toBeUndefined();
  });

  it("an engine's own device is asked for anew", { timeout: 60_000 }, async () => {
    await using engine = (await createEngine({ device: "webgpu", workers: 0 })) as Engine;
    const problem = numbers(movie);
    const { y } = expected(problem);
    expect(await checkBits(engine, problem, y, how)).toBeUndefined();
    const gpu = (engine as unknown as { runtime: { gpu: { current: { device: GPUDevice } } } }).runtime.gpu.current;
    gpu.device.destroy();
    await gpu.device.lost;
    expect(await checkBits(engine, problem, y, how)).toBeUndefined();
  });

  it("an abort between pieces rejects with its reason", { timeout: 60_000 }, async () => {
    const { gpuDevice } = await ownDevice({ mostBytes: 5000 });
    await using engine = (await createEngine({ gpuDevice, device: "webgpu", workers: 0 })) as Engine;
    const { input, filters } = operandsOf(numbers(movie));
    const controller = new AbortController();
    const reason = new Error("enough");
    const settings = { signal: controller.signal, onProgress: () => controller.abort(reason) };
    const failure = await failureOf(() => engine.conv3d2d.conv3d(input.operand, filters.operand, settings));
    expect(failure?.error).toBe(reason);
  });
});
