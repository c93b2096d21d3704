/** The GPU: a device, what it can hold, its pipelines and idle buffers. One for each engine, opened when it is first wanted. */
import { DeviceError } from "../errors.ts";
import { TILES, type TileShape } from "./tile.ts";

/** The constants of the specification: not every runtime has them as globals. */
export const USAGE = { MAP_READ: 1, COPY_SRC: 4, COPY_DST: 8, UNIFORM: 0x40, STORAGE: 0x80 } as const;
export const MAP_READ_MODE = 1;

/** In C order, as a problem's views count: an array, or a buffer of the device that has it from its start on. */
export type GpuOperand = Float32Array | GPUBuffer;

/** Idle buffers beyond this are given back to the driver. */
const MOST_IDLE_BYTES = 512 * 1024 * 1024;

export class Gpu {
  readonly device: GPUDevice;
  /** Vendor and architecture, as far as the adapter tells. */
  readonly name: string;
  /** What the kernel may choose from: a test may leave one. */
  tiles: readonly TileShape[] = TILES;
  /** Why it is of no use any more; undefined while it is. */
  lost: string | undefined;
  private readonly pipelines = new Map<string, Promise<GPUComputePipeline>>();
  private readonly idle: { readonly key: string; readonly buffer: GPUBuffer }[] = [];
  private idleBytes = 0;
  private closed = false;

  private constructor(device: GPUDevice, name: string) {
    this.device = device;
    this.name = name;
    void device.lost.then(({ reason, message }) => {
      this.lost = `the device was lost (${reason}${message ? `: ${message}` : ""})`;
    });
  }

  /** `own` is the user's device. Throws a DeviceError that says what is missing. */
  static async open(own?: GPUDevice): Promise<Gpu> {
    if (own) return new Gpu(own, "a device of the caller's");
    const { gpu } = globalThis.navigator ?? {};
    if (!gpu) throw new DeviceError("device", "this runtime has no WebGPU");
    const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" }).catch(() => null);
    if (!adapter) throw new DeviceError("device", "WebGPU offers no adapter here");
    const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
    try {
      const device = await adapter.requestDevice({
        requiredLimits: { maxBufferSize, maxStorageBufferBindingSize },
        requiredFeatures: adapter.features.has("subgroups") ? ["subgroups"] : [],
      });
      const { vendor, architecture, description } = adapter.info ?? {};
      return new Gpu(device, [vendor, architecture, description].filter(Boolean).join(" ") || "an unnamed adapter");
    } catch (cause) {
      throw new DeviceError("device", `the adapter gave no device: ${(cause as Error).message}`, { cause });
    }
  }

  /** Bytes that one operand may have. */
  get mostBytes(): number {
    const { maxBufferSize, maxStorageBufferBindingSize } = this.device.limits;
    return Math.min(maxBufferSize, maxStorageBufferBindingSize);
  }

  /** Throws if the device is gone. */
  check(): this {
    if (this.lost) throw new DeviceError("device", this.lost);
    return this;
  }

  /** The pipeline under `key`, built on first use. A build that failed is forgotten. */
  pipeline(key: string, build: () => Promise<GPUComputePipeline>): Promise<GPUComputePipeline> {
    let found = this.pipelines.get(key);
    if (!found) {
      found = build();
      this.pipelines.set(key, found);
      found.catch(() => this.pipelines.delete(key));
    }
    return found;
  }

  /** A buffer of at least `bytes`, perhaps used before: its contents mean nothing. */
  take(bytes: number, usage: number): GPUBuffer {
    const size = Math.max(256, Math.ceil(bytes / 256) * 256);
    const key = `${usage} ${size}`;
    const at = this.idle.findIndex((one) => one.key === key);
    if (at >= 0) {
      this.idleBytes -= size;
      return this.idle.splice(at, 1)[0]!.buffer;
    }
    return this.device.createBuffer({ size, usage });
  }

  giveBack(buffer: GPUBuffer): void {
    if (this.lost || this.closed) {
      buffer.destroy();
      return;
    }
    this.idle.push({ key: `${buffer.usage} ${buffer.size}`, buffer });
    this.idleBytes += buffer.size;
    while (this.idleBytes > MOST_IDLE_BYTES) {
      const oldest = this.idle.shift()!;
      this.idleBytes -= oldest.buffer.size;
      oldest.buffer.destroy();
    }
  }

  /** Keep no buffers any more, for nobody comes back for them; calls under way finish. */
  close(): void {
    this.closed = true;
    for (const { buffer } of this.idle.splice(0)) buffer.destroy();
    this.idleBytes = 0;
  }

  dispose(): void {
    this.lost ??= "the engine was disposed of";
    this.device.destroy();
  }
}
