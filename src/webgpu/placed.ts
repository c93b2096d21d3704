/** Elements of tensors in their buffers: where they are, or are to be, and what is in them. */
import { DeviceError, DisposedError, OutOfMemoryError } from "../errors.ts";
import type { GpuElements } from "./elements.ts";
import type { Gpu } from "./gpu.ts";
import { allocate, download, upload } from "./resident.ts";

/**
 * The buffer, for commands to `gpu`. Throws a DeviceError that names `argument` if the elements were lost with another device,
 * unless they are about to be written, every one (`whole`); an OutOfMemoryError if the device has no room.
 */
export async function bufferOn(elements: GpuElements, gpu: Gpu, argument: string, whole: boolean): Promise<GPUBuffer> {
  const before = elements.place;
  if (before?.gpu === gpu) return before.buffer;
  if (before && !whole) throw lost(argument, before.gpu);
  const buffer = allocate(gpu, elements.size, argument);
  const place = { gpu, buffer };
  elements.place = place;
  buffer.catch(() => {
    // What was lost stays lost: it must not be taken for zeros.
    if (elements.place === place) elements.place = before;
  });
  return buffer;
}

export async function readElements({ owner, place, size }: GpuElements, argument: string): Promise<Float32Array> {
  if (owner.disposed) throw new DisposedError("engine");
  if (!place) return zeros(size, argument);
  if (place.gpu.lost) throw lost(argument, place.gpu);
  return download(place.gpu, await place.buffer, size, argument);
}

export async function writeElements(elements: GpuElements, data: Float32Array, argument: string): Promise<void> {
  if (elements.owner.disposed) throw new DisposedError("engine");
  const gpu = await elements.owner.open();
  await upload(gpu, await bufferOn(elements, gpu, argument, true), data, argument);
}

function zeros(size: number, argument: string): Float32Array {
  try {
    return new Float32Array(size);
  } catch (cause) {
    throw new OutOfMemoryError(argument, `there is no array of ${size} elements`, { cause });
  }
}

function lost(argument: string, { lost }: Gpu): DeviceError {
  return new DeviceError(argument, `its elements went with their device${lost ? `: ${lost}` : ""}`);
}
