/** Elements that stay on the device: made, written, read back. */
import { DeviceError, OutOfMemoryError } from "../errors.ts";
import { checked } from "./checked.ts";
import { type Gpu, MAP_READ_MODE, USAGE } from "./gpu.ts";

const BYTES = 4;

/** A buffer of so many zeros. Throws an OutOfMemoryError that names `argument`. */
export async function allocate(gpu: Gpu, elements: number, argument: string): Promise<GPUBuffer> {
  const bytes = elements * BYTES;
  const most = gpu.device.limits.maxBufferSize;
  if (bytes > most) throw new OutOfMemoryError(argument, `${bytes} bytes; a buffer of the device has at most ${most}`);
  try {
    return await checked(gpu, () => {
      const buffer = gpu.take(bytes, USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST);
      const encoder = gpu.device.createCommandEncoder();
      encoder.clearBuffer(buffer);
      gpu.device.queue.submit([encoder.finish()]);
      return buffer;
    });
  } catch (cause) {
    if (gpu.lost || !(cause instanceof DeviceError)) throw cause;
    throw new OutOfMemoryError(argument, `the device has no room for ${bytes} bytes: ${cause.message}`, { cause });
  }
}

export async function upload(gpu: Gpu, buffer: GPUBuffer, data: Float32Array, argument: string): Promise<void> {
  await checked(gpu, () => write(gpu, buffer, data), argument);
}

export async function download(gpu: Gpu, buffer: GPUBuffer, elements: number, argument: string): Promise<Float32Array> {
  const bytes = elements * BYTES;
  if (bytes === 0) return new Float32Array(0);
  const { device } = gpu;
  const { back, mapped } = await checked(
    gpu,
    () => {
      const back = gpu.take(bytes, USAGE.MAP_READ | USAGE.COPY_DST);
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(buffer, 0, back, 0, bytes);
      device.queue.submit([encoder.finish()]);
      return { back, mapped: startMapping(back, bytes) };
    },
    argument,
  );
  const elementsRead = new Float32Array(elements);
  await takeMapped(gpu, back, mapped, elementsRead, argument);
  gpu.giveBack(back);
  return elementsRead;
}

/** Mapping that was begun: null, or why it failed. Nobody has to wait for it. */
export type Mapping = Promise<Error | null>;

export function startMapping(back: GPUBuffer, bytes: number): Mapping {
  return back.mapAsync(MAP_READ_MODE, 0, bytes).then(
    () => null,
    (cause: Error) => cause,
  );
}

/** Copy what is mapped to `target`, all of it, and unmap. Throws a DeviceError that names `argument`. */
export async function takeMapped(
  gpu: Gpu,
  back: GPUBuffer,
  mapping: Mapping,
  target: Float32Array,
  argument = "device",
): Promise<void> {
  const cause = await mapping;
  // A device that is lost may still resolve what was asked of it before.
  if (gpu.lost || cause) {
    back.destroy();
    throw new DeviceError(argument, gpu.lost ?? `the result could not be read: ${cause?.message}`, { cause });
  }
  target.set(new Float32Array(back.getMappedRange(0, target.byteLength)));
  back.unmap();
}

/** Shared memory cannot be handed to the GPU: it is copied once. Nor can no elements: Deno 2.9.6 would end the process. */
export function write({ device }: Gpu, buffer: GPUBuffer, data: Float32Array): void {
  if (data.length === 0) return;
  const shared = typeof SharedArrayBuffer === "function" && data.buffer instanceof SharedArrayBuffer;
  device.queue.writeBuffer(buffer, 0, (shared ? data.slice() : data) as Float32Array<ArrayBuffer>);
}
