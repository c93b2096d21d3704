// A device as a user may have it: asked for without required limits, or allowing less than that. And more workgroups than an axis
// of a dispatch takes.
import { createEngine } from "simdconv";
import { describe, expect, inject, it, type TestContext } from "vitest";
import { type Choice, chooseTile, filtersOf, pixelsOf, TILES, type Tile, threadsOf } from "../../src/webgpu/tile.ts";
import { checkBits } from "../support/check.ts";
import { firstDifference } from "../support/compare.ts";
import { mustFail } from "../support/errors.ts";
import { callOp } from "../support/ops.ts";
import { gather } from "../support/place.ts";
import { note } from "../support/record.ts";
import { type Engine, expected, numbers, operandsOf, optionsOf, type Spec } from "../support/spec.ts";
import { layerOf } from "./layer.ts";

const minimum = {
  maxBufferSize: 2 ** 28,
  maxStorageBufferBindingSize: 2 ** 27,
  maxComputeWorkgroupStorageSize: 2 ** 14,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupsPerDimension: 65535,
} as const;

/** Of a size for which the device's limits decide about the tile. */
const large: Spec = { input: [1, 8, 45, 47], filters: [130, 8, 3, 3], borderMode: "half", seed: 31 };

const defaultDevice = async () => (await navigator.gpu.requestAdapter())!.requestDevice();

/** The same device, which says that it allows so much; it is not asked for more. */
function withLimits(device: GPUDevice, limits: Partial<typeof minimum | Record<keyof typeof minimum, number>>) {
  return new Proxy(device, {
    get(target, key) {
      if (key === "limits") return { ...minimum, ...limits };
      const value = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** Problems that want more than 65535 workgroups, along one axis if each had its own. */
const many: Readonly<Record<string, Spec>> = {
  pixels: { op: "signal.conv2d", input: [4110, 4102], filters: [1, 2], seed: 32 },
  filters: { input: [1, 1, 2, 3], filters: [530_000, 1, 1, 1], seed: 33 },
  groups: { input: [1, 66_000, 2, 3], filters: [66_000, 1, 1, 2], numGroups: 66_000, seed: 34 },
};

/** The sizes of all dispatches until the test ends. */
function watchDispatches({ onTestFinished }: TestContext): number[][] {
  const { prototype } = GPUComputePassEncoder;
  const { dispatchWorkgroups } = prototype;
  const seen: number[][] = [];
  prototype.dispatchWorkgroups = function (...sizes) {
    seen.push(sizes as number[]);
    return dispatchWorkgroups.apply(this, sizes);
  };
  onTestFinished(() => {
    prototype.dispatchWorkgroups = dispatchWorkgroups;
  });
  return seen;
}

// Isolation is nothing to a GPU: once is enough.
describe.skipIf(!inject("isolated"))("limits", () => {
  it("a device without required limits has the minimum, and is enough", { timeout: 120_000 }, async (test) => {
    const gpuDevice = await defaultDevice();
    const names = Object.keys(minimum) as (keyof typeof minimum)[];
    const had = Object.fromEntries(names.map((name) => [name, gpuDevice.limits[name]]));
    note(test, `default device: ${JSON.stringify(had)}`);
    for (const name of names) expect(had[name], name).toBe(minimum[name]);
    await using engine = (await createEngine({ gpuDevice, device: "webgpu", workers: 0 })) as Engine;
    const problem = numbers(large);
    const how = { binary: "webgpu", form: "webgpu" } as const;
    expect(await checkBits(engine, problem, expected(problem).y, how)).toBeUndefined();
    gpuDevice.destroy();
  });

  it("a device that allows less gets a smaller tile; one that allows none is a DeviceError", {
    timeout: 120_000,
  }, async () => {
    const device = await defaultDevice();
    const problem = numbers(large);
    const { input, filters } = operandsOf(problem);
    for (const limits of [
      { maxComputeInvocationsPerWorkgroup: 128, maxComputeWorkgroupSizeX: 128 },
      { maxComputeWorkgroupStorageSize: 2 ** 13 },
      { maxComputeWorkgroupStorageSize: 0 },
    ]) {
      const gpuDevice = withLimits(device, limits);
      await using engine = (await createEngine({ gpuDevice, device: "webgpu", workers: 0 })) as Engine;
      const how = { binary: "webgpu", form: "webgpu" } as const;
      expect(await checkBits(engine, problem, expected(problem).y, how)).toBeUndefined();
    }
    const gpuDevice = withLimits(device, { maxComputeInvocationsPerWorkgroup: 32 });
    await using engine = (await createEngine({ gpuDevice, workers: 0 })) as Engine;
    const demand = () => engine.nnet.conv2d(input.operand, filters.operand, { device: "webgpu" });
    expect(await mustFail(demand, "DeviceError", ["device"])).toBeUndefined();
    device.destroy();
  });

  it.for(Object.entries(many))("more than 65535 workgroups: %s", { timeout: 120_000 }, async ([name, spec], test) => {
    const dispatched = watchDispatches(test);
    const gpuDevice = await defaultDevice();
    await using engine = (await createEngine({ gpuDevice, workers: 0 })) as Engine;
    const { op = "nnet.conv2d", input, filters } = spec;
    const integers = (shape: readonly number[], salt: number) => {
      const data = new Float32Array(shape.reduce((a, b) => a * b));
      for (let i = 0; i < data.length; i++) data[i] = ((i * 7919 + salt) % 65) - 32;
      return { data, shape };
    };
    const given = { input: integers(input, 5), filters: integers(filters, 11), bias: undefined };
    const on = async (device: "wasm" | "webgpu") =>
      gather(await callOp(engine, op, given, { ...optionsOf(spec), device, algorithm: "direct" }));
    const there = await on("webgpu");
    expect(firstDifference(there, await on("wasm"))).toBe(-1);
    const most = Math.max(...dispatched.map((sizes) => sizes.reduce((a, b) => a * b)));
    expect(most).toBeGreaterThan(65535);
    expect(Math.max(...dispatched.flat())).toBeLessThanOrEqual(65535);
    note(test, `${name}: ${most} workgroups`);
    gpuDevice.destroy();
  });

  it("every tile that is chosen is within the limits, and each is chosen for something", () => {
    const seen = new Set<string>();
    for (const threads of [64, 128, 256, 1024]) {
      for (const bytes of [0, 2 ** 12, 2 ** 13, 2 ** 14, 2 ** 15]) {
        const limits = {
          maxComputeInvocationsPerWorkgroup: threads,
          maxComputeWorkgroupSizeX: threads,
          maxComputeWorkgroupStorageSize: bytes,
        };
        for (const layer of layers()) {
          const { tile } = chooseTile(layer, limits, { mostElements: 2 ** 25 }) as Choice;
          expect(threadsOf(tile)).toBeLessThanOrEqual(threads);
          if (tile.staged) expect(4 * tile.step * (filtersOf(tile) + pixelsOf(tile))).toBeLessThanOrEqual(bytes);
          seen.add(shapeOf(tile));
        }
      }
    }
    expect([...seen].sort()).toEqual(TILES.map(shapeOf).sort());
  });
});

const shapeOf = ({ rows, columns, tall, wide }: Omit<Tile, "step">) => `${rows} × ${columns}, ${tall} × ${wide}`;

function* layers() {
  for (const channels of [1, 16, 256]) {
    for (const filters of [1, 2, 4, 6, 12, 24, 48, 128, 512]) {
      for (const side of [1, 7, 28, 56, 224]) {
        yield layerOf({ channels, filters, input: [1, side, side], taps: [1, 3, 3] });
      }
    }
  }
}
