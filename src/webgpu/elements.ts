/** The elements of a tensor on the GPU: which buffer of which device, if any yet, and who still uses it. */
import { DeviceError, DisposedError, OutOfMemoryError } from "../errors.ts";
import type { Remote } from "../tensor.ts";
import type { Gpu } from "./gpu.ts";
import { kernels } from "./load.ts";

/** What elements need to know of the backend that they belong to. */
export interface Owner {
  readonly disposed: boolean;
  open(): Promise<Gpu>;
}

interface Place {
  readonly gpu: Gpu;
  readonly buffer: Promise<GPUBuffer>;
}

/** Zeros until something is written, and until then no buffer; after a device was lost, lost until all of them are written. */
export class GpuElements implements Remote {
  readonly owner: Owner;
  private readonly size: number;
  private place: Place | undefined;
  private users = 1;

  constructor(owner: Owner, size: number) {
    this.owner = owner;
    this.size = size;
  }

  /**
   * The buffer, for commands to `gpu`. Throws a DeviceError that names `argument` if the elements were lost with another device,
   * unless they are about to be written, every one (`whole`); an OutOfMemoryError if the device has no room.
   */
  async bufferOn(gpu: Gpu, argument: string, whole: boolean): Promise<GPUBuffer> {
    const before = this.place;
    if (before?.gpu === gpu) return before.buffer;
    if (before && !whole) throw lost(argument, before.gpu);
    const buffer = kernels().then(({ allocate }) => allocate(gpu, this.size, argument));
    const place = { gpu, buffer };
    this.place = place;
    buffer.catch(() => {
      // What was lost stays lost: it must not be taken for zeros.
      if (this.place === place) this.place = before;
    });
    return buffer;
  }

  async read(argument: string): Promise<Float32Array> {
    this.check();
    const { place } = this;
    if (!place) return zeros(this.size, argument);
    if (place.gpu.lost) throw lost(argument, place.gpu);
    return this.using(async () => {
      const buffer = await place.buffer;
      const { download } = await kernels();
      return download(place.gpu, buffer, this.size, argument);
    });
  }

  async write(data: Float32Array, argument: string): Promise<void> {
    this.check();
    await this.using(async () => {
      const gpu = await this.owner.open();
      const buffer = await this.bufferOn(gpu, argument, true);
      const { upload } = await kernels();
      await upload(gpu, buffer, data, argument);
    });
  }

  retain(): () => void {
    this.users++;
    let held = true;
    return () => {
      if (held) this.letGo();
      held = false;
    };
  }

  /** For the tensor itself, which calls it once. */
  readonly letGo = (): void => {
    if (--this.users > 0 || !this.place) return;
    const { gpu, buffer } = this.place;
    // A buffer that could not be made need not be given back.
    buffer.then(
      (made) => gpu.giveBack(made),
      () => {},
    );
  };

  private async using<T>(work: () => Promise<T>): Promise<T> {
    const release = this.retain();
    try {
      return await work();
    } finally {
      release();
    }
  }

  private check(): void {
    if (this.owner.disposed) throw new DisposedError("engine");
  }
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
