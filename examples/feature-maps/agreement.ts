/** Proof that all binaries gave the same answer, and that the answer is right. */

import type { Picture } from "../shared/picture.ts";
import type { Ready } from "./entries.ts";
import type { FilterBank } from "./filter-bank.ts";

/** Unit roundoff of float32. */
const U = 2 ** -24;
/** Answers per filter that are computed again the slow way. */
const SAMPLES = 16;

/** What was found, in one line per finding; throws where an answer is further off than rounding explains. */
export function checkAgreement(entries: readonly Ready[], picture: Picture, bank: FilterBank): string[] {
  const [reference, ...others] = entries;
  const found = [`${reference.binary} is right: ${checkSamples(reference.maps, picture, bank)}`];
  for (const other of others) found.push(`${other.binary} agrees: ${compare(other, reference, bank)}`);
  return found;
}

/**
 * A float32 sum of K products strays from the exact one by at most K·u·Σ|products|, so two of them by twice that.
 * The pixels are at most 1, so Σ|products| is at most the absolute sum of the filter. Simd adds in the order of scalar
 * and rounds alike, so where both took the same steps not a bit may differ; transforms of other planes are other steps.
 */
function compare(other: Ready, reference: Ready, bank: FilterBank): string {
  if (bytes(other.maps).equals(bytes(reference.maps))) return "every bit the same";
  const [mine, theirs] = [other, reference].map(({ layer }) => JSON.stringify(layer.plan.steps));
  if (other.binary === "simd" && mine === theirs) {
    throw new Error(`simd and ${reference.binary} both ran ${mine} but their bits differ`);
  }
  const taps = bank.size ** 2;
  const pixels = other.maps.length / bank.filters.length;
  let worst = 0;
  let share = 0;
  for (let k = 0; k < bank.filters.length; k++) {
    const bound = 2 * taps * U * absoluteSum(bank.weights.subarray(k * taps, (k + 1) * taps));
    let most = 0;
    // Math.max keeps a NaN, which a comparison would let slip through.
    for (let p = k * pixels; p < (k + 1) * pixels; p++)
      most = Math.max(most, Math.abs(other.maps[p] - reference.maps[p]));
    worst = Math.max(worst, most);
    share = Math.max(share, most / bound);
  }
  if (!(share <= 1)) throw new Error(`${other.binary} is off by ${worst}, which rounding does not explain`);
  return `off by ${worst.toExponential(1)} at most, ${(100 * share).toPrecision(2)} % of what rounding allows`;
}

/** Scattered answers again, by a plain loop in float64: out[k,y,x] = Σ w[k,ky,kx] · in[y+h−1−ky, x+h−1−kx]. */
function checkSamples(maps: Float32Array, picture: Picture, bank: FilterBank): string {
  const pixels = picture.width * picture.height;
  const count = bank.filters.length * SAMPLES;
  for (let i = 0; i < count; i++) {
    const k = Math.floor(i / SAMPLES);
    // Steps of the golden ratio scatter evenly without a random generator.
    const p = Math.floor((((i + 1) * 0.6180339887498949) % 1) * pixels);
    const { exact, magnitude } = plainSum(picture, bank, k, p);
    const off = Math.abs(maps[k * pixels + p] - exact);
    if (!(off <= bank.size ** 2 * U * magnitude)) throw new Error(`filter ${k} is off by ${off} at pixel ${p}`);
  }
  return `${count} answers computed again by a plain float64 loop`;
}

function plainSum({ width, grey, margin }: Picture, { weights, size }: FilterBank, k: number, p: number) {
  const [y, x] = [Math.floor(p / width), p % width];
  let exact = 0;
  let magnitude = 0;
  for (let ky = 0; ky < size; ky++) {
    for (let kx = 0; kx < size; kx++) {
      const at = (y + size - 1 - ky) * (width + 2 * margin) + x + size - 1 - kx;
      const product = weights[(k * size + ky) * size + kx] * grey[at];
      exact += product;
      magnitude += Math.abs(product);
    }
  }
  return { exact, magnitude };
}

function absoluteSum(values: Float32Array): number {
  return values.reduce((sum, value) => sum + Math.abs(value), 0);
}

function bytes(values: Float32Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}
