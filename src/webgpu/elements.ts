/** The elements of a tensor on the GPU: which buffer of which device, if any yet, and who still uses it. */
import type { Remote } from "../tensor.ts";
import type { Gpu } from "./gpu.ts";
import { kernels } from "./load.ts";

/** What elements need to know of the backend that they belong to. */
export interface Owner {
  readonly disposed: boolean;
  open(): Promise<Gpu>;
}

export interface Place {
  readonly gpu: Gpu;
  readonly buffer: Promise<GPUBuffer>;
}

/** Zeros until something is written, and until then no buffer; after a device was lost, lost until all of them are written. */
export class GpuElements implements Remote {
  readonly owner: Owner;
  readonly size: number;
  place: Place | undefined;
  private users = 1;

  constructor(owner: Owner, size: number) {
    this.owner = owner;
    this.size = size;
  }

  read(argument: string): Promise<Float32Array> {
    return this.using(async () => (await kernels()).readElements(this, argument));
  }

  write(data: Float32Array, argument: string): Promise<void> {
    return this.using(async () => (await kernels()).writeElements(this, data, argument));
  }

  retain(): () => void {
    this.users++;
    return this.letGo;
  }

  /** Once for the tensor itself, and once for each that retained them. */
  readonly letGo = (): void => {
    if (--this.users > 0 || !this.place) return;
    const { gpu, buffer } = this.place;
    // A buffer that could not be made need not be given back.
    buffer.then(
      (made) => gpu.giveBack(made),
      () => {},
    );
  };

  private using<T>(work: () => Promise<T>): Promise<T> {
    return work().finally(this.retain());
  }
}
