/** The cat where it runs, and what moves painted over it. */
import type { Moment, Motion } from "./motion.ts";

/** Red, green, blue. */
const RIGHT = [255, 138, 20] as const;
const LEFT = [40, 140, 255] as const;
/** This much of the brightest energy is painted in full. */
const FULL = 0.5;

/** All photographs, ready to be drawn. */
export function develop({ photographs }: Motion): Promise<ImageBitmap[]> {
  return Promise.all(
    photographs.map(({ width, height, rgb }) => {
      const pixels = new ImageData(width, height);
      for (let i = 0; i < width * height; i++) pixels.data.set([...rgb.subarray(3 * i, 3 * i + 3), 255], 4 * i);
      return createImageBitmap(pixels);
    }),
  );
}

/** As wide as the stretch of wall that the cat runs past. */
export function stage(canvas: HTMLCanvasElement, { photographs, wall }: Motion): CanvasRenderingContext2D {
  const [{ width, height }] = photographs;
  Object.assign(canvas, { width: width + Math.max(...wall.positions), height });
  return canvas.getContext("2d")!;
}

export function drawCat(on: CanvasRenderingContext2D, photograph: ImageBitmap, place: number): void {
  on.clearRect(0, 0, on.canvas.width, on.canvas.height);
  on.drawImage(photograph, place, 0);
}

/** By what one way has more than the other; `brightest` is the energy of the brightest pixel of all moments. */
export function paintMotion(
  on: CanvasRenderingContext2D,
  { right, left }: Moment,
  { rows, columns }: Motion["movie"],
  brightest: number,
): void {
  const pixels = new ImageData(columns, rows);
  for (let p = 0; p < right.length; p++) {
    const strength = Math.min(1, Math.sqrt(Math.abs(right[p] - left[p]) / (FULL * brightest)));
    pixels.data.set([...(right[p] > left[p] ? RIGHT : LEFT), 220 * strength], 4 * p);
  }
  const small = new OffscreenCanvas(columns, rows);
  small.getContext("2d")!.putImageData(pixels, 0, 0);
  on.drawImage(small, 0, 0, on.canvas.width, on.canvas.height);
}
