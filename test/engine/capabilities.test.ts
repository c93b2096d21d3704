// capabilities(): what the runtime has, what is used, and a reason for each "no"; and config's defaults.
import { capabilities, config, createEngine, nnet } from "simdconv";
import { afterEach, expect, it } from "vitest";
import { supportedBinaries } from "../support/binaries.ts";
import { mustFail } from "../support/errors.ts";
import { good, goodAnswer } from "../support/fixtures.ts";
import { gather } from "../support/place.ts";

const defaults = { ...config };
afterEach(() => {
  Object.assign(config, defaults);
});

it("says what this runtime has", async () => {
  const found = await capabilities();
  const binaries = await supportedBinaries();
  expect(found.simd).toBe(binaries.includes("simd"));
  expect(found.relaxedSimd).toBe(binaries.includes("relaxed"));
  expect(found.sharedMemory).toBe(true);
  expect(found.crossOriginIsolated).toBe(false);
  expect(Number.isInteger(found.workers)).toBe(true);
  expect(typeof found.webgpu).toBe("boolean");
  expect(found.using).toMatchObject({ binary: binaries.at(-1) });
});

it("gives a reason for each no", async () => {
  const { why, using: _, ...found } = await capabilities();
  for (const [name, has] of Object.entries(found)) {
    if (!has) expect(why[name], `the reason for ${name}: ${has}`).toMatch(/\w+ \w+/);
  }
  for (const reason of Object.values(why)) expect(typeof reason).toBe("string");
});

it("config has the documented defaults and is followed from the next call on", async () => {
  expect(defaults).toEqual({ floatX: "float32", openmp: null, float: "fast", device: "auto", workers: "auto" });
  const { input, filters } = good();
  for (const float of ["fast", "reproducible"] as const) {
    config.float = float;
    using layer = await nnet.conv2d.compile({ imageShape: input.shape, filterShape: filters.shape });
    await layer.setFilters(filters);
    expect(gather(await layer.run(input))).toEqual(goodAnswer.y);
    expect(gather(await nnet.conv2d(input, filters))).toEqual(goodAnswer.y);
    const best = (await supportedBinaries()).at(-1);
    expect(layer.plan.binary).toBe(float === "reproducible" ? "simd" : best);
  }
});

it("config.floatX is the dtype of compile where none is given", async () => {
  config.floatX = "float64";
  const { input, filters } = good();
  using layer = await nnet.conv2d.compile({ imageShape: input.shape, filterShape: filters.shape });
  expect(await mustFail(() => layer.setFilters(filters), "DTypeError", ["filters"])).toBeUndefined();
  await layer.setFilters({ ...filters, data: Float64Array.from(filters.data) });
  const result = await layer.run({ ...input, data: Float64Array.from(input.data) });
  expect(result.dtype).toBe("float64");
  expect(gather(result)).toEqual(goodAnswer.y);
});

it("an unavailable device is a DeviceError, or not refused at all where it is there", async () => {
  const { input, filters } = good();
  if ((await capabilities()).webgpu) return;
  expect(
    await mustFail(() => nnet.conv2d(input, filters, { device: "webgpu" }), "DeviceError", ["device"]),
  ).toBeUndefined();
  expect(await mustFail(() => createEngine({ device: "webgpu" }), "DeviceError", ["device"])).toBeUndefined();
});
