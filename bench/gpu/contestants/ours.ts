// Our library, through its public API: on a device of the bench's own, and in wasm.
import { createEngine, type Engine } from "simdconv";
import { type OpCase, product } from "../../op-cases.ts";
import { lay, type Numbers } from "../../op-check.ts";
import { OURS } from "../contest.ts";
import type { Opened, Ready } from "./contestant.ts";

export async function openGpu(): Promise<Opened> {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new Error("WebGPU offers no adapter here");
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  // As the library asks for it by itself.
  const device = await adapter.requestDevice({
    requiredLimits: { maxBufferSize, maxStorageBufferBindingSize },
    requiredFeatures: adapter.features.has("subgroups") ? ["subgroups"] : [],
  });
  const engine = await createEngine({ device: "webgpu", gpuDevice: device });
  const prepareHere = (of: OpCase, numbers: Numbers) => prepare(engine, of, numbers, device);
  return { contestant: { name: OURS, prepare: prepareHere }, version: "" };
}

export async function openWasm(): Promise<Opened> {
  const engine = await createEngine({ device: "wasm" });
  const { workers, using } = engine.capabilities();
  const version = `${using.binary}${workers ? `, ${workers} workers` : ""}`;
  const prepareHere = (of: OpCase, numbers: Numbers) => prepare(engine, of, numbers);
  return { contestant: { name: "simdconv wasm", prepare: prepareHere }, version };
}

async function prepare(engine: Engine, of: OpCase, numbers: Numbers, device?: GPUDevice): Promise<Ready> {
  const { imageShape, filterShape, outputShape, sum, layouts } = of;
  const image = { data: new Float32Array(product(imageShape)), shape: imageShape };
  lay(numbers.image, sum.batch, sum.channels, sum.image, { data: image.data, layout: layouts.image });
  const filters = { data: new Float32Array(product(filterShape)), shape: filterShape };
  lay(numbers.filter, sum.filters, sum.channels, sum.taps, { data: filters.data, layout: layouts.filter });
  const op = await of.compile(engine);
  await op.setFilters(filters);
  const call = async () => (await op.run(image)).data as Float32Array;
  if (device) return { call, layout: layouts.result, device, dispose: () => op[Symbol.dispose]() };

  const x = engine.tensor(imageShape);
  const out = engine.tensor(outputShape);
  x.data.set(image.data);
  return {
    call,
    layout: layouts.result,
    compute: () => op.run(x, { out }),
    dispose() {
      op[Symbol.dispose]();
      for (const tensor of [x, out]) tensor.dispose();
    },
  };
}
