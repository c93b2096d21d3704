/** Digits for LeNet that are made here, in Node as in a page. */
import type { Digits } from "../../examples/lenet/batch.ts";
import { CLASSES, PIXELS, SIDE } from "../../examples/lenet/network.ts";
import { type Random, random } from "../../examples/shared/random.ts";

/** Strokes of a seven-segment display, as [left, top, width, height], and those that each digit lights. */
const STROKES = [
  [0, 0, 9, 2],
  [7, 0, 2, 9],
  [7, 8, 2, 9],
  [0, 15, 9, 2],
  [0, 8, 2, 9],
  [0, 0, 2, 9],
  [0, 7, 9, 2],
];
const LIT = ["012345", "12", "01346", "01236", "1256", "02356", "023456", "012", "0123456", "012356"];

function write(pixels: Float32Array, digit: number, next: Random): void {
  const [left, top] = [6 + Math.floor(5 * next()), 3 + Math.floor(5 * next())];
  for (let i = 0; i < pixels.length; i++) pixels[i] = 0.1 * next();
  for (const stroke of LIT[digit]) {
    const [x0, y0, width, height] = STROKES[Number(stroke)];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) pixels[(top + y0 + y) * SIDE + left + x0 + x] = 0.6 + 0.4 * next();
    }
  }
}

export function makeDigits(count: number, seed: number): Digits {
  const next = random(seed);
  const [pixels, labels] = [new Float32Array(count * PIXELS), new Uint8Array(count)];
  for (let i = 0; i < count; i++) {
    labels[i] = i % CLASSES;
    write(pixels.subarray(i * PIXELS, (i + 1) * PIXELS), labels[i], next);
  }
  return { pixels, labels };
}
