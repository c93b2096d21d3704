/** A sheet of pixels to draw on, and the few ways the demo has of putting something there. */
import sharp from "sharp";
import type { Rgb } from "./colour.ts";

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Box extends Size {
  readonly x: number;
  readonly y: number;
}

export class Raster {
  readonly width: number;
  readonly height: number;
  readonly rgb: Buffer;

  constructor(width: number, height: number, ground: Rgb) {
    this.width = width;
    this.height = height;
    this.rgb = Buffer.alloc(width * height * 3, Buffer.from(ground));
  }

  /** Colours every pixel of a box by its own coordinates in the box. */
  paint(box: Box, colour: (x: number, y: number) => Rgb): void {
    for (let y = 0; y < box.height; y++) {
      for (let x = 0; x < box.width; x++) {
        this.rgb.set(colour(x, y), ((box.y + y) * this.width + box.x + x) * 3);
      }
    }
  }

  /** Draws a whole picture into a box, smoothly resized. */
  async place(box: Box, picture: Size & { readonly rgb: Uint8Array }): Promise<void> {
    const { width, height, rgb } = picture;
    const resized = await sharp(rgb, { raw: { width, height, channels: 3 } })
      .resize(box.width, box.height, { fit: "fill" })
      .raw()
      .toBuffer();
    for (let y = 0; y < box.height; y++) {
      const from = y * box.width * 3;
      resized.copy(this.rgb, ((box.y + y) * this.width + box.x) * 3, from, from + box.width * 3);
    }
  }
}

/** The largest box of the given proportions inside another, centred. */
export function fitInside(box: Box, { width, height }: Size): Box {
  const zoom = Math.min(box.width / width, box.height / height);
  const [w, h] = [Math.max(1, Math.round(width * zoom)), Math.max(1, Math.round(height * zoom))];
  return { x: box.x + ((box.width - w) >> 1), y: box.y + ((box.height - h) >> 1), width: w, height: h };
}
