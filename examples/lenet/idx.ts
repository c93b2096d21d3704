/** MNIST's files: a header of big-endian numbers, the first of which says what follows, then a byte for each pixel or label. */
import type { Digits } from "./batch.ts";
import { PIXELS } from "./network.ts";

const IMAGES = { magic: 0x803, header: 16 };
const LABELS = { magic: 0x801, header: 8 };

export function digitsOf(images: Uint8Array, labels: Uint8Array): Digits {
  const [ink, names] = [contentOf(images, IMAGES, "images"), contentOf(labels, LABELS, "labels")];
  if (ink.length !== names.length * PIXELS) throw new Error("not as many images as labels");
  const pixels = new Float32Array(ink.length);
  for (let i = 0; i < ink.length; i++) pixels[i] = ink[i] / 255;
  return { pixels, labels: names };
}

function contentOf(file: Uint8Array, { magic, header }: typeof IMAGES, what: string): Uint8Array {
  const found = file.length >= header && new DataView(file.buffer, file.byteOffset).getUint32(0);
  if (found !== magic) throw new Error(`the file of ${what} is not what it should be`);
  return file.subarray(header);
}
