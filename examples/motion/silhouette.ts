/** Which pixels are the cat: the largest dark patch that stays dark when blurred, which the thin lines of the wall do not. */
import { otsu } from "./otsu.ts";
import type { Blur, Photograph } from "./plate.ts";

export interface Silhouette {
  /** 1 where the cat is. */
  readonly mask: Uint8Array;
  /** Centre of gravity, in pixels of the photograph. */
  readonly x: number;
  readonly y: number;
}

/** Below this share of the height there is floor, and shadow. */
export const FLOOR = 0.8;

export async function findCat(photograph: Photograph, blur: Blur): Promise<Silhouette> {
  const { width, height } = photograph;
  const blurred = await blur(photograph, 2);
  const threshold = otsu(blurred.subarray(0, Math.round(FLOOR * height) * width));
  const mask = largestPatch(
    Uint8Array.from(blurred, (byte) => (byte <= threshold ? 1 : 0)),
    width,
  );
  let [count, x, y] = [0, 0, 0];
  mask.forEach((inside, p) => {
    count += inside;
    x += inside * (p % width);
    y += inside * Math.floor(p / width);
  });
  return { mask, x: x / count, y: y / count };
}

function largestPatch(dark: Uint8Array, width: number): Uint8Array {
  const seen = new Uint8Array(dark.length);
  let largest: number[] = [];
  for (let start = 0; start < dark.length; start++) {
    if (!dark[start] || seen[start]) continue;
    const patch = [start];
    seen[start] = 1;
    // The list grows while it is walked through.
    for (const p of patch) {
      const x = p % width;
      for (const q of [p - width, p + width, x > 0 ? p - 1 : -1, x < width - 1 ? p + 1 : -1]) {
        if (!dark[q] || seen[q]) continue;
        seen[q] = 1;
        patch.push(q);
      }
    }
    if (patch.length > largest.length) largest = patch;
  }
  const mask = new Uint8Array(dark.length);
  for (const p of largest) mask[p] = 1;
  return mask;
}
