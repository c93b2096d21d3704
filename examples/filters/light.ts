/** Blur adds up light, and bytes of a picture are not proportional to light: to light and back (the curve of sRGB). */
import sharp from "sharp";
import { toByte } from "../shared/colour.ts";
import type { Picture } from "../shared/picture.ts";

export interface Light {
  /** Three colours, rows, columns. */
  readonly shape: readonly [number, number, number];
  /** In [0, 1]. */
  readonly planes: Float32Array;
}

/** With `margin` mirrored pixels on every side, so that a "valid" convolution answers for every pixel of the picture. */
export async function toLight({ width, height, rgb }: Picture, margin: number): Promise<Light> {
  const { data, info } = await sharp(rgb, { raw: { width, height, channels: 3 } })
    .extend({ top: margin, bottom: margin, left: margin, right: margin, extendWith: "mirror" })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const pixels = info.width * info.height;
  const planes = Float32Array.from(
    { length: 3 * pixels },
    (_, i) => LIGHT[data[3 * (i % pixels) + Math.floor(i / pixels)]],
  );
  return { shape: [3, info.height, info.width], planes };
}

export function toPicture(planes: Float32Array): Buffer {
  const pixels = planes.length / 3;
  return Buffer.from(Uint8Array.from(planes, (_, i) => toByte(planes[(i % 3) * pixels + Math.floor(i / 3)])));
}

const LIGHT = Float32Array.from({ length: 256 }, (_, byte) => {
  const c = byte / 255;
  return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
});
