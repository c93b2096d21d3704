/** Which way the picture runs at each pixel, and how strongly: the bank's answers folded into one picture. */
import { directionColour } from "../shared/colour.ts";
import type { FilterBank } from "./filter-bank.ts";

/** An answer of a quarter of a grey level: pictures that are fainter than this everywhere are shown as flat. */
export const FAINT = 1e-3;

/**
 * A pair of filters answers line² + edge² wherever its direction occurs, on a line as on an edge: its energy.
 * Energies add up as vectors at twice their angle, because a direction and its opposite are the same direction.
 * The sum points to the dominant direction, and is as long as the energies agree.
 */
export function orientationPicture(maps: Float32Array, { filters }: FilterBank): Buffer {
  const pixels = maps.length / filters.length;
  const along = new Float32Array(pixels);
  const across = new Float32Array(pixels);
  const energy = new Float32Array(pixels);
  const weights = scaleWeights(maps, filters);
  filters.forEach(({ angle, sigma }, k) => {
    const weight = weights.get(sigma) ?? 0;
    const [cos, sin] = [Math.cos(2 * angle), Math.sin(2 * angle)];
    for (let p = 0, at = k * pixels; p < pixels; p++, at++) {
      const e = weight * maps[at] * maps[at];
      energy[p] += e;
      along[p] += e * cos;
      across[p] += e * sin;
    }
  });
  const full = Math.max(1, Math.sqrt(percentile(energy, 0.985)));
  const rgb = Buffer.alloc(pixels * 3);
  for (let p = 0; p < pixels; p++) {
    const strength = Math.min(1, Math.sqrt(energy[p]) / full);
    const agreement = energy[p] > 0 ? Math.hypot(along[p], across[p]) / energy[p] : 0;
    const chroma = 0.17 * Math.sqrt(strength) * Math.min(1, 1.5 * agreement);
    rgb.set(directionColour(Math.atan2(across[p], along[p]) / 2, strength, chroma), p * 3);
  }
  return rgb;
}

/** Photographs hold far more energy at coarse scales, which would blur the picture; so all scales weigh the same. */
function scaleWeights(maps: Float32Array, filters: FilterBank["filters"]): Map<number, number> {
  const pixels = maps.length / filters.length;
  const sums = new Map<number, number>();
  filters.forEach(({ sigma }, k) => {
    const squares = maps.subarray(k * pixels, (k + 1) * pixels).reduce((sum, value) => sum + value * value, 0);
    sums.set(sigma, (sums.get(sigma) ?? 0) + squares);
  });
  return new Map([...sums].map(([sigma, sum]) => [sigma, 1 / Math.max(sum / pixels, FAINT ** 2)]));
}

/** The value that a share of all values stays below; judged by a few thousand of them. */
export function percentile(values: Float32Array, share: number): number {
  const step = Math.max(1, Math.floor(values.length / 20_000));
  const some = values.filter((_, i) => i % step === 0).sort();
  return some[Math.min(some.length - 1, Math.floor(share * some.length))] ?? 0;
}
