/** Two large filters that do not darken a picture: their taps add up to 1 and none is negative. */

export interface LargeFilter {
  readonly name: string;
  readonly caption: string;
  /** `SIZE` rows of `SIZE` taps. */
  readonly taps: Float32Array;
}

export const SIZE = 63;
const RADIUS = (SIZE - 1) / 2;

/** Of rank one: a column times a row, so that two passes with 63 taps each do the work of 3969. */
export function gaussian(): LargeFilter {
  const sigma = RADIUS / 3;
  return {
    name: "Gaussian",
    caption: "blurred by a Gaussian",
    taps: sample((x, y) => Math.exp(-(x * x + y * y) / (2 * sigma * sigma))),
  };
}

/** What a mirror lens makes of a point of light that is out of focus. No column times a row gives a ring. */
export function ring(): LargeFilter {
  const [outer, inner] = [RADIUS - 0.5, 0.82 * RADIUS];
  // Edges as sharp as pixels allow.
  const within = (radius: number, r: number) => Math.min(1, Math.max(0, radius + 0.5 - r));
  return {
    name: "ring",
    caption: "blurred by a ring, as a mirror lens does",
    taps: sample((x, y) => within(outer, Math.hypot(x, y)) - within(inner, Math.hypot(x, y))),
  };
}

function sample(at: (x: number, y: number) => number): Float32Array {
  const taps = Float64Array.from({ length: SIZE ** 2 }, (_, i) =>
    at((i % SIZE) - RADIUS, Math.floor(i / SIZE) - RADIUS),
  );
  const sum = taps.reduce((total, tap) => total + tap, 0);
  return Float32Array.from(taps, (tap) => tap / sum);
}
