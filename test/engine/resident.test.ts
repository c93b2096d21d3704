// Resident tensors, which live in the engine's own memory beside everything else that does: ops read and write them in
// place, so they survive growth. (That what stands next to them is neither read nor written: neighbours.test.ts.)
import { createEngine, tensor } from "simdconv";
import { describe, expect, it } from "vitest";
import { firstDifference } from "../support/compare.ts";
import { enginesOfThisFile } from "../support/engines.ts";
import { failureOf, mustFail, wrongError } from "../support/errors.ts";
import { good, goodAnswer, goodShapes, stillGood } from "../support/fixtures.ts";
import { count, gather } from "../support/place.ts";
import { longJob, outputOf } from "../support/work.ts";

const engines = await enginesOfThisFile();

describe("resident tensors", () => {
  it("hold their data, serve as any operand and as out, and are seen by their engine in place", async () => {
    for (const binary of engines.binaries) {
      const engine = await engines.get(binary);
      using input = engine.tensor(goodShapes.input);
      using filters = engine.tensor(goodShapes.filters);
      using bias = engine.tensor([4]);
      using out = engine.tensor([2, 4, 5, 5]);
      expect(input.dtype).toBe("float32");
      expect(input.size).toBe(252);
      expect([...bias.data]).toEqual([0, 0, 0, 0]);
      input.data.set(good().input.data);
      filters.data.set(good().filters.data);
      bias.data.fill(5);
      const result = await engine.nnet.conv2d(input, filters, { out, bias });
      expect(gather(result)).toEqual(goodAnswer.y.map((y) => y + 5));
      expect(gather(out)).toEqual(goodAnswer.y.map((y) => y + 5));
      expect(gather(await engine.nnet.conv2d(input, filters))).toEqual(goodAnswer.y);
    }
  });

  it("keep their data when the memory grows: .data is taken anew", async () => {
    await using engine = await createEngine({ binary: "simd" });
    const kept = engine.tensor([1000], { dtype: "float64" });
    for (let i = 0; i < 1000; i++) kept.data[i] = i;
    const before = engine.memoryBytes;
    const large = { data: new Float32Array(64 * 256 * 256).fill(1), shape: [1, 64, 256, 256] };
    await engine.nnet.conv2d(large, { data: new Float32Array(64).fill(1), shape: [1, 64, 1, 1] });
    expect(engine.memoryBytes).toBeGreaterThan(before);
    expect([...kept.data]).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    kept.data[0] = -1;
    expect(kept.data[0]).toBe(-1);
  });

  it("used after dispose, or after their engine's, throw a DisposedError; an out that is an input is refused", async () => {
    const engine = await createEngine({ binary: "simd" });
    const { input, filters } = good();
    const resident = engine.tensor(goodShapes.input);
    const same = () => engine.nnet.conv2d(resident, filters, { out: { data: resident.data, shape: [2, 4, 5, 5] } });
    expect(await mustFail(same, "OptionError", ["out"])).toBeUndefined();
    resident.dispose();
    expect(await mustFail(() => resident.data, "DisposedError", [])).toBeUndefined();
    expect(await mustFail(() => engine.nnet.conv2d(resident, filters), "DisposedError", [])).toBeUndefined();
    const other = engine.tensor([2, 4, 5, 5]);
    expect(gather(await engine.nnet.conv2d(input, filters, { out: other }))).toEqual(goodAnswer.y);
    await engine.dispose();
    expect(await mustFail(() => other.data, "DisposedError", [])).toBeUndefined();
  });

  it("an out that is an older view of a resident input is refused after growth too", async () => {
    await using engine = await createEngine({ binary: "simd" });
    const resident = engine.tensor(goodShapes.input);
    const old = resident.data;
    const large = { data: new Float32Array(64 * 256 * 256), shape: [1, 64, 256, 256] };
    await engine.nnet.conv2d(large, { data: new Float32Array(64), shape: [1, 64, 1, 1] });
    const same = () => engine.nnet.conv2d(resident, good().filters, { out: { data: old, shape: [2, 4, 5, 5] } });
    expect(await mustFail(same, "OptionError", ["out"])).toBeUndefined();
  });

  it("of another engine are operands like any other", async () => {
    const [one, two] = [await engines.get("scalar"), await engines.get("simd")];
    using foreign = one.tensor(goodShapes.input);
    foreign.data.set(good().input.data);
    expect(gather(await two.nnet.conv2d(foreign, good().filters))).toEqual(goodAnswer.y);
  });
});

describe("read and write", () => {
  it("move the elements in C order, whatever the strides; the array read is nobody else's", async () => {
    await using engine = await createEngine({ binary: "simd", workers: 0 });
    const { input, filters } = good();
    const data = new Float32Array(2 * goodAnswer.y.length + 1).fill(-1);
    const stride = [2 * 100, 2 * 25, 2 * 5, 2];
    const out = await engine.nnet.conv2d(input, filters, { out: { data, shape: [2, 4, 5, 5], stride, offset: 1 } });
    const read = await out.read();
    expect([...read]).toEqual([...goodAnswer.y]);
    read.fill(0);
    expect([...(await out.read())]).toEqual([...goodAnswer.y]);
    const ramp = Float32Array.from(goodAnswer.y, (_, i) => i);
    await out.write(ramp);
    expect(await out.read()).toEqual(ramp);
    expect(data.filter((_, i) => i % 2 === 0).every((x) => x === -1)).toBe(true);
    using resident = engine.tensor([200], { dtype: "float64" });
    await resident.write(Float64Array.from(ramp));
    expect(await resident.read()).toEqual(Float64Array.from(ramp));
    expect(resident.data[7]).toBe(7);
  });

  it("refuse other lengths and types, and tensors that are gone", async () => {
    await using engine = await createEngine({ binary: "simd", workers: 0 });
    const resident = engine.tensor([3, 4]);
    expect(await mustFail(() => resident.write(new Float32Array(11)), "ShapeError", ["data"])).toBeUndefined();
    expect(await mustFail(() => resident.write(new Float64Array(12)), "DTypeError", ["data"])).toBeUndefined();
    expect(await mustFail(() => resident.write([1] as never), "DTypeError", ["data"])).toBeUndefined();
    resident.dispose();
    expect(await mustFail(() => resident.read(), "DisposedError", ["tensor"])).toBeUndefined();
    expect(await mustFail(() => resident.write(new Float32Array(12)), "DisposedError", ["tensor"])).toBeUndefined();
    const { buffer } = new Float32Array(4);
    const detached = tensor(new Float32Array(buffer), [4]);
    structuredClone(buffer, { transfer: [buffer] });
    expect(await mustFail(() => detached.read(), "ShapeError", ["tensor"])).toBeUndefined();
  });

  it("of tensors on the GPU: a DeviceError at once where there is none", async () => {
    await using engine = await createEngine({ binary: "simd", workers: 0 });
    const make = () => engine.tensor([2], { device: "webgpu" });
    expect(await mustFail(make, "DeviceError", ["device"])).toBeUndefined();
  });
});

describe("tensors disposed of while a job uses them", () => {
  it("as out: the job writes nobody else's memory", async () => {
    await using engine = await createEngine({ binary: "scalar" });
    const { input, filters } = longJob(170_000_000);
    const shape = outputOf(input.shape[0]!);
    const out = engine.tensor(shape);
    const running = failureOf(() => engine.nnet.conv2d(input, filters, { out }));
    await new Promise((resolve) => setImmediate(resolve));
    out.dispose();
    const next = engine.tensor(shape); // the same place, if the memory was free for it
    next.data.fill(7);
    const failure = await running;
    if (failure) expect(wrongError(failure.error, "DisposedError", [])).toBeUndefined();
    expect(next.data.findIndex((x) => x !== 7)).toBe(-1);
  });

  it("as input: the result is right, or a DisposedError", async () => {
    await using engine = await createEngine({ binary: "scalar" });
    const { input, filters } = longJob(170_000_000);
    const right = (await engine.nnet.conv2d(input, filters)).data;
    const resident = engine.tensor(input.shape);
    resident.data.set(input.data);
    const running = engine.nnet.conv2d(resident, filters);
    await new Promise((resolve) => setImmediate(resolve));
    resident.dispose();
    engine.tensor(input.shape).data.fill(Number.NaN);
    const [outcome] = await Promise.allSettled([running]);
    if (outcome.status === "rejected") expect(wrongError(outcome.reason, "DisposedError", [])).toBeUndefined();
    else expect(firstDifference(outcome.value.data, right)).toBe(-1);
    expect(await stillGood(engine)).toBeUndefined();
  });

  it("compiled filters that are replaced while a job uses them stay in place until it ends", async () => {
    await using engine = await createEngine({ binary: "scalar" });
    const { input, filters } = longJob(170_000_000);
    const right = (await engine.nnet.conv2d(input, filters)).data;
    using layer = await engine.nnet.conv2d.compile({ imageShape: input.shape, filterShape: filters.shape });
    await layer.setFilters(filters);
    const running = layer.run(input);
    await new Promise((resolve) => setImmediate(resolve));
    await layer.setFilters({ ...filters, data: new Float32Array(count(filters.shape)).fill(Number.NaN) });
    engine.tensor([count(filters.shape)]).data.fill(Number.NaN);
    expect(firstDifference((await running).data, right)).toBe(-1);
  });
});
