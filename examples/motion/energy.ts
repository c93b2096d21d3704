/** From responses to motion: energies per speed, and what they say. */
import type { MotionBank } from "./bank.ts";

export interface Energies {
  readonly frames: number;
  readonly speeds: readonly number[];
  /** Pixels of a frame. */
  readonly pixels: number;
  /** Frame by frame, speed by speed, pixel by pixel. */
  readonly values: Float32Array;
}

/** Responses come as `conv3d2d` gives them: frames, filters, rows, columns; the two of a pair follow each other. */
export function energiesOf(responses: Float32Array, shape: readonly number[], { speeds }: MotionBank): Energies {
  const [, frames, filters, rows, columns] = shape;
  const pixels = rows * columns;
  const values = new Float32Array((frames * filters * pixels) / 2);
  for (let i = 0; i < values.length; i++) {
    const even = Math.floor(i / pixels) * 2 * pixels + (i % pixels);
    values[i] = responses[even] ** 2 + responses[even + pixels] ** 2;
  }
  return { frames, speeds, pixels, values };
}

/** A list of energies per frame, one for each speed: summed over all pixels. */
export function totals({ frames, speeds, pixels, values }: Energies): number[][] {
  return Array.from({ length: frames }, (_, t) =>
    speeds.map((_, s) => {
      const from = (t * speeds.length + s) * pixels;
      return values.subarray(from, from + pixels).reduce((sum, value) => sum + value, 0);
    }),
  );
}

/** Of the energy of all that moves, the share that moves right. */
export function shareToTheRight(perFrame: readonly (readonly number[])[], speeds: readonly number[]): number {
  let [right, left] = [0, 0];
  for (const energies of perFrame) {
    energies.forEach((energy, s) => {
      if (speeds[s] > 0) right += energy;
      if (speeds[s] < 0) left += energy;
    });
  }
  return right / (right + left);
}

/** Where the energy is largest, between the speeds too: by a parabola through the logarithms of the three around the peak. */
export function likeliestSpeed(energies: readonly number[], speeds: readonly number[]): number {
  const peak = energies.indexOf(Math.max(...energies));
  if (peak === 0 || peak === energies.length - 1) return speeds[peak];
  const [a, b, c] = energies.slice(peak - 1, peak + 2).map(Math.log);
  return speeds[peak] + ((speeds[1] - speeds[0]) * (a - c)) / (2 * (a - 2 * b + c));
}
