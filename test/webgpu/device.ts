// Devices for tests: the page's own, behind a proxy that counts what goes over the bus, and fails where it is told to.
import { createEngine } from "simdconv";
import type { Engine } from "../support/spec.ts";

export interface Faults {
  /** Buffers and bindings have at most so many bytes, as far as the library is told. */
  readonly mostBytes?: number;
  /** Buffers, if not bindings, may be larger than that. */
  readonly mostOfBuffer?: number;
  /** Buffers of more bytes than this are refused for lack of memory. */
  room?: number;
  /** The code that the compiler gets to see. */
  shader?: (code: string) => string;
  /** Called when a buffer is about to be mapped. */
  onMap?: () => void;
}

export interface Traffic {
  /** Writes to buffers that kernels read as operands, not to their uniforms. */
  uploads: number;
  maps: number;
  buffers: number;
}

export interface OwnDevice {
  /** The real one, to be taken away. */
  readonly device: GPUDevice;
  readonly gpuDevice: GPUDevice;
  readonly traffic: Traffic;
  readonly faults: Faults;
}

/** GPUBufferUsage.STORAGE, for which there are no types. */
const STORAGE = 0x80;

type Method = (...args: never[]) => unknown;

/** `target` with some methods replaced; its methods will not be called on a proxy. */
function behind<T extends object>(target: T, replaced: Readonly<Record<string, unknown>>): T {
  return new Proxy(target, {
    get(_, key) {
      if (typeof key === "string" && key in replaced) return replaced[key];
      const value = Reflect.get(target, key, target);
      return typeof value === "function" ? (value as Method).bind(target as never) : value;
    },
  });
}

export async function ownDevice(faults: Faults = {}): Promise<OwnDevice> {
  const adapter = (await navigator.gpu.requestAdapter())!;
  const device = await adapter.requestDevice();
  const traffic: Traffic = { uploads: 0, maps: 0, buffers: 0 };
  const { mostBytes = 2 ** 27 } = faults;
  // The stack of error scopes as the library sees it: each with what we have put in, or null.
  const scopes: { readonly filter: GPUErrorFilter; error: GPUError | null }[] = [];
  const createBuffer = (descriptor: GPUBufferDescriptor) => {
    traffic.buffers++;
    if (descriptor.size > (faults.room ?? Number.POSITIVE_INFINITY)) {
      const scope = [...scopes].reverse().find(({ filter }) => filter === "out-of-memory");
      if (scope) scope.error ??= new GPUOutOfMemoryError("no room (injected)");
    }
    const buffer = device.createBuffer(descriptor);
    buffer.mapAsync = (...range) => {
      traffic.maps++;
      faults.onMap?.();
      return GPUBuffer.prototype.mapAsync.apply(buffer, range);
    };
    return buffer;
  };
  const queue = behind(device.queue, {
    writeBuffer: (buffer: GPUBuffer, offset: number, data: Float32Array<ArrayBuffer>) => {
      if (buffer.usage & STORAGE) traffic.uploads++;
      device.queue.writeBuffer(buffer, offset, data);
    },
  });
  const gpuDevice = behind(device, {
    limits: behind(device.limits, {
      maxBufferSize: faults.mostOfBuffer ?? mostBytes,
      maxStorageBufferBindingSize: mostBytes,
    }),
    queue,
    createBuffer,
    createShaderModule: ({ code }: GPUShaderModuleDescriptor) =>
      device.createShaderModule({ code: faults.shader?.(code) ?? code }),
    pushErrorScope: (filter: GPUErrorFilter) => {
      scopes.push({ filter, error: null });
      device.pushErrorScope(filter);
    },
    popErrorScope: () => {
      const ours = scopes.pop()?.error ?? null;
      return device.popErrorScope().then((theirs) => theirs ?? ours);
    },
  });
  return { device, gpuDevice, traffic, faults };
}

/** What the pages of a test may not see: the runtime inside. */
export interface Inside {
  readonly runtime: {
    gpu: { estimate: unknown; current?: { device: GPUDevice; idleBytes: number } };
    milliseconds: unknown;
  };
}

/** An engine that believes that the GPU is fast. */
export async function credulous(gpuDevice: GPUDevice): Promise<Engine> {
  const engine = (await createEngine({ gpuDevice, workers: 0, binary: "simd" })) as Engine;
  const { runtime } = engine as unknown as Inside;
  runtime.gpu.estimate = async () => 0;
  runtime.milliseconds = () => 1000;
  return engine;
}

/** Waits until the library may know, too. */
export async function destroy(device: GPUDevice): Promise<void> {
  device.destroy();
  await device.lost;
}
