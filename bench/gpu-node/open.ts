// A device by the npm package `webgpu`, with what the adapter says of itself.
const NAME = "webgpu";

interface WebGpu {
  create(flags: readonly string[]): GPU;
  readonly globals: object;
}

export interface Opened {
  readonly device: GPUDevice;
  /** "google swiftshader SwiftShader Device (LLVM 16.0.0)" */
  readonly adapter: string;
  readonly hasTimestamps: boolean;
}

/** What the device hangs on: dropped, it is collected. */
let kept: GPU | undefined;

/** What a page has as `navigator.gpu`. `flags` are Dawn's: "backend=vulkan", "adapter=NVIDIA". */
export async function createGpu(flags: readonly string[]): Promise<GPU> {
  const { create, globals } = (await import(NAME)) as WebGpu;
  Object.assign(globalThis, globals);
  kept = create(flags);
  return kept;
}

export async function openDevice(flags: readonly string[]): Promise<Opened> {
  const gpu = await createGpu(flags);
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new Error("WebGPU offers no adapter here: is there a Vulkan, Metal or Direct3D 12 driver?");
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  // What the library asks for by itself, and the GPU's clock.
  const requiredFeatures = (["subgroups", "timestamp-query"] as const).filter((name) => adapter.features.has(name));
  const hasTimestamps = requiredFeatures.includes("timestamp-query");
  const device = await adapter.requestDevice({
    requiredLimits: { maxBufferSize, maxStorageBufferBindingSize },
    requiredFeatures,
  });
  device.addEventListener?.("uncapturederror", ({ error }) => console.error(`WebGPU: ${error.message}`));
  const { vendor, architecture, device: model, description } = adapter.info;
  return { device, adapter: [vendor, architecture, model, description].filter(Boolean).join(" "), hasTimestamps };
}
