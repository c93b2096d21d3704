/** The motion demo on movies whose motion is known: the filters must find it, and random order must not have any. */

import { conv3d2d, tensor } from "simdconv";
import { describe, expect, it } from "vitest";
import { buildMotionBank } from "../../examples/motion/bank.ts";
import { energiesOf, likeliestSpeed, shareToTheRight, totals } from "../../examples/motion/energy.ts";
import { type Movie, reorder, SCALE } from "../../examples/motion/movie.ts";
import { permutation } from "../../examples/shared/random.ts";

const FRAMES = 13;
const [ROWS, COLUMNS] = [26, 120];
const bank = buildMotionBank();

async function energiesPerFrame(brightness: Float32Array): Promise<number[][]> {
  const signals = tensor(brightness, [1, FRAMES, 1, ROWS, COLUMNS]);
  const filters = tensor(bank.weights, bank.shape);
  const responses = await conv3d2d.conv3d(signals, filters, { borderMode: ["valid", "half", "half"] });
  return totals(energiesOf(responses.data as Float32Array, responses.shape, bank));
}

/** A dark body with soft sides, some 25 movie pixels long, as the cat is. */
function runner(speed: number): Movie {
  const brightness = new Float32Array(FRAMES * ROWS * COLUMNS);
  for (let i = 0; i < brightness.length; i++) {
    const [t, y, x] = [Math.floor(i / (ROWS * COLUMNS)), Math.floor(i / COLUMNS) % ROWS, i % COLUMNS];
    const along = x - COLUMNS / 2 - (speed / SCALE) * (t - (FRAMES - 1) / 2);
    const across = y - ROWS / 2;
    // A plain 0 further out: denormal numbers would make the kernels six times slower.
    const inside = (distance: number) => Math.min(1, Math.max(0, 1 - distance));
    brightness[i] = -0.5 * inside(Math.abs(along) - 12) * inside(Math.abs(across) - 4);
  }
  return { frames: FRAMES, rows: ROWS, columns: COLUMNS, shape: [1, FRAMES, 1, ROWS, COLUMNS], brightness };
}

describe("motion energy", () => {
  it.each([-20, -8, 3, 12, 22])("finds %i pixels per frame", async (speed) => {
    const energies = await energiesPerFrame(runner(speed).brightness);
    for (const frame of energies) expect(Math.abs(likeliestSpeed(frame, bank.speeds) - speed)).toBeLessThan(2);
    const share = shareToTheRight(energies, bank.speeds);
    if (speed > 0) expect(share).toBeGreaterThan(0.6);
    else expect(share).toBeLessThan(0.4);
  });

  it("sees nothing run where nothing does", async () => {
    const energies = await energiesPerFrame(runner(0).brightness);
    for (const frame of energies) expect(Math.abs(likeliestSpeed(frame, bank.speeds))).toBeLessThan(0.1);
    expect(shareToTheRight(energies, bank.speeds)).toBeCloseTo(0.5, 3);
  });

  it("has little energy between the ends of a body, and that goes the wrong way, also where nothing changes its shape", async () => {
    const movie = runner(16);
    const responses = await conv3d2d.conv3d(tensor(movie.brightness, movie.shape), tensor(bank.weights, bank.shape), {
      borderMode: ["valid", "half", "half"],
    });
    const { speeds, pixels, values } = energiesOf(responses.data as Float32Array, responses.shape, bank);
    // The middle frame, where the body is in the middle of the picture.
    const middle = (responses.shape[1]! - 1) / 2;
    const at = (x: number) =>
      speeds.map((_, s) => values[(middle * speeds.length + s) * pixels + (ROWS / 2) * COLUMNS + x]!);
    const [end, waist] = [at(COLUMNS / 2 - 12), at(COLUMNS / 2)];
    const total = (energies: number[]) => energies.reduce((sum, energy) => sum + energy, 0);
    expect(likeliestSpeed(end, speeds)).toBeCloseTo(16, 0);
    expect(total(waist) / total(end)).toBeLessThan(0.1);
    expect(shareToTheRight([waist], speeds)).toBeLessThan(0.5);
  });

  it("has no direction left in random order", async () => {
    const movie = runner(12);
    const shares: number[] = [];
    for (let seed = 0; seed < 6; seed++) {
      const energies = await energiesPerFrame(reorder(movie, permutation(FRAMES, seed)));
      shares.push(shareToTheRight(energies, bank.speeds));
    }
    const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.05);
  });
});
