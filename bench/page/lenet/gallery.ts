/** A few test digits, and what the network takes them for. */

import type { Digits } from "../../../examples/lenet/batch.ts";
import { PIXELS, type Reading, SIDE } from "../../../examples/lenet/network.ts";

const SHOWN = 12;

export class Gallery {
  private readonly list: HTMLElement;
  private digits: Digits | undefined;

  constructor(list: HTMLElement) {
    this.list = list;
  }

  /** The first of them. */
  hang({ pixels, labels }: Digits): void {
    const count = Math.min(SHOWN, labels.length);
    this.digits = { pixels: pixels.subarray(0, count * PIXELS), labels: labels.subarray(0, count) };
    this.list.replaceChildren(
      ...Array.from({ length: count }, (_, i) => {
        const item = document.createElement("li");
        const picture = document.createElement("canvas");
        paint(picture, this.digits!.pixels.subarray(i * PIXELS, (i + 1) * PIXELS));
        picture.setAttribute("role", "img");
        picture.setAttribute("aria-label", `a handwritten ${labels[i]}`);
        item.append(picture, document.createElement("span"));
        return item;
      }),
    );
  }

  async read(reader: (pixels: Float32Array) => Promise<Reading[]>): Promise<void> {
    if (!this.digits) return;
    const { pixels, labels } = this.digits;
    for (const [i, { digit }] of (await reader(pixels)).entries()) {
      const right = digit === labels[i];
      const caption = this.list.children[i].querySelector("span")!;
      caption.textContent = right ? `${digit} ✓` : `${digit}, is ${labels[i]}`;
      caption.className = right ? "right" : "wrong";
    }
  }
}

/** White on black, as the digits are in the files. */
export function paint(canvas: HTMLCanvasElement, pixels: Float32Array): void {
  [canvas.width, canvas.height] = [SIDE, SIDE];
  const image = new ImageData(SIDE, SIDE);
  for (let i = 0; i < PIXELS; i++) image.data.set([255 * pixels[i], 255 * pixels[i], 255 * pixels[i], 255], 4 * i);
  canvas.getContext("2d")!.putImageData(image, 0, 0);
}
