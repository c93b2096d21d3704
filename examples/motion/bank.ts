/** Filters for motion: in space-time a thing that moves is a slanted streak, and these are streaks of every slant. */
import { SCALE } from "./movie.ts";

export interface MotionBank {
  /** Pixels of the photographs per frame; positive is to the right. */
  readonly speeds: readonly number[];
  /** As `conv3d2d` wants it: filters, frames, 1 channel, rows, columns. The two of a pair follow each other. */
  readonly shape: readonly [number, number, number, number, number];
  readonly weights: Float32Array;
}

const FASTEST = 28;
const STEP = 4;
/** Frames of a filter; the filters are as long as they have to be to follow the fastest from the first to the last of them. */
const FRAMES = 5;
/** Of the wave and of the Gaussian around it, in pixels of the photographs: about as large as the cat's trunk. */
const WAVELENGTH = 48 / SCALE;
const SIGMA = 15 / SCALE;

/**
 * For each speed v a Gabor filter that moves along, exp(−(u² + y²)/2σ² − t²/2)·cos(2πu/λ) with u = x − v·t, and its partner with
 * sin: a quadrature pair, whose squared responses add up to an energy that does not ask whether the thing is dark or bright, or
 * where in its passage it is (Adelson and Bergen, 1985). Turned round in space and time, as a convolution does with its filters, a thing
 * that moves right still moves right, so that nothing needs to be flipped here.
 */
export function buildMotionBank(): MotionBank {
  const speeds = Array.from({ length: (2 * FASTEST) / STEP + 1 }, (_, i) => i * STEP - FASTEST);
  const before = (FRAMES - 1) / 2;
  const [ry, rx] = [Math.ceil(2 * SIGMA), Math.ceil(2 * SIGMA + (before * FASTEST) / SCALE)];
  const [rows, columns] = [2 * ry + 1, 2 * rx + 1];
  const taps = FRAMES * rows * columns;
  const weights = new Float32Array(2 * speeds.length * taps);
  speeds.forEach((speed, s) => {
    for (const [phase, wave] of [Math.cos, Math.sin].entries()) {
      const filter = Array.from({ length: FRAMES }, (_, i) => {
        const t = i - before;
        return slice(ry, rx, (speed / SCALE) * t, Math.exp((-t * t) / 2), wave);
      }).flat();
      const norm = Math.hypot(...filter);
      weights.set(
        filter.map((tap) => tap / norm),
        (2 * s + phase) * taps,
      );
    }
  });
  return { speeds, shape: [2 * speeds.length, FRAMES, 1, rows, columns], weights };
}

/** One frame of a filter, with zero mean: even light answers 0. */
function slice(ry: number, rx: number, shift: number, height: number, wave: (angle: number) => number): number[] {
  const bells: number[] = [];
  const taps: number[] = [];
  for (let y = -ry; y <= ry; y++) {
    for (let x = -rx; x <= rx; x++) {
      const u = x - shift;
      const bell = height * Math.exp(-(u * u + y * y) / (2 * SIGMA ** 2));
      bells.push(bell);
      taps.push(bell * wave((2 * Math.PI * u) / WAVELENGTH));
    }
  }
  const excess = sum(taps) / sum(bells);
  return taps.map((tap, i) => tap - excess * bells[i]);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
