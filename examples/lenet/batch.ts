/** Digits, and a mini-batch of them. */
import { PIXELS } from "./network.ts";

export interface Digits {
  /** Image by image, row by row, 0 (paper) … 1 (ink). */
  readonly pixels: Float32Array;
  readonly labels: Uint8Array;
}

/** The images of the given numbers, one after the other in arrays that are used again. */
export class Batch implements Digits {
  readonly pixels: Float32Array;
  readonly labels: Uint8Array;

  constructor(size: number) {
    this.pixels = new Float32Array(size * PIXELS);
    this.labels = new Uint8Array(size);
  }

  gather({ pixels, labels }: Digits, which: readonly number[]): this {
    which.forEach((image, i) => {
      this.pixels.set(pixels.subarray(image * PIXELS, (image + 1) * PIXELS), i * PIXELS);
      this.labels[i] = labels[image];
    });
    return this;
  }
}
