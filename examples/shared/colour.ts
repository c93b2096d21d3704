/** Colours mixed in Oklab, where equal steps look equal, so that no hue of a map shouts louder than another. */

export type Rgb = readonly [number, number, number];
type Lab = readonly [lightness: number, a: number, b: number];

/** Oklab to sRGB bytes (Ottosson, 2020); what lies outside the gamut is cut off. */
export function fromLab([lightness, a, b]: Lab): Rgb {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    toByte(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    toByte(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    toByte(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

/** Direction to hue: a line turned by half a turn is the same line, so the colour wheel goes round once in π. */
export function directionColour(angle: number, strength: number, chroma: number): Rgb {
  const hue = 2 * angle + 0.6;
  return fromLab([0.1 + 0.76 * strength, chroma * Math.cos(hue), chroma * Math.sin(hue)]);
}

/**
 * Lightness, a and b from −1 over 0 to +1: indigo, slate, ivory. Lightness only rises, so that a map looks like a
 * relief lit from the side its filter looks to, and can be made smaller by plain averages.
 */
const STOPS: readonly Lab[] = [
  [0.1, 0.005, -0.06],
  [0.24, -0.005, -0.085],
  [0.38, -0.008, -0.032],
  [0.7, 0.025, 0.075],
  [0.97, 0.0, 0.05],
];
const STEPS = 1024;
const RELIEF = Array.from({ length: STEPS + 1 }, (_, i) => {
  const at = (i / STEPS) * (STOPS.length - 1);
  const left = Math.min(STOPS.length - 2, Math.floor(at));
  const mix = (axis: 0 | 1 | 2) => STOPS[left][axis] + (at - left) * (STOPS[left + 1][axis] - STOPS[left][axis]);
  return fromLab([mix(0), mix(1), mix(2)]);
});

/** A signed value; beyond ±1 the ends are kept. */
export function reliefColour(value: number): Rgb {
  return RELIEF[Math.round(((Math.min(1, Math.max(-1, value)) + 1) / 2) * STEPS)];
}

/** Light in [0, 1] to a byte of sRGB; what lies outside is cut off. */
export function toByte(linear: number): number {
  const c = Math.min(1, Math.max(0, linear));
  return Math.round(255 * (c <= 0.0031308 ? 12.92 * c : 1.055 * c ** (1 / 2.4) - 0.055));
}
