/** The filters of the demo: quadrature pairs that answer to lines and edges in 6 directions at 3 scales. */

export interface BankFilter {
  /** "line" is the even filter of a pair, "edge" the odd one. */
  readonly kind: "line" | "edge";
  /** Direction of the line or edge, in radians against the horizontal, counter-clockwise. */
  readonly angle: number;
  /** Standard deviation across the line, in pixels. */
  readonly sigma: number;
}

export interface FilterBank {
  readonly filters: readonly BankFilter[];
  /** Rows and columns of each filter. */
  readonly size: number;
  /** As `nnet.conv2d` wants it: filters, 1 channel, rows, columns. */
  readonly shape: readonly [number, number, number, number];
  readonly weights: Float32Array;
}

export const DIRECTIONS = 6;
export const SIGMAS = [1, 1.7, 2.9] as const;
export const KINDS = ["line", "edge"] as const;

const SIZE = 15;
/** Standard deviation along the line, at every scale: as long as the grid bears, to tell directions apart sharply. */
const LENGTH = 3.4;

/** Ordered scale by scale, lines before edges, directions last: the order in which the contact sheet shows them. */
export function buildBank(): FilterBank {
  const filters: BankFilter[] = [];
  for (const sigma of SIGMAS) {
    for (const kind of KINDS) {
      for (let d = 0; d < DIRECTIONS; d++) filters.push({ kind, angle: (Math.PI * d) / DIRECTIONS, sigma });
    }
  }
  const weights = new Float32Array(filters.length * SIZE * SIZE);
  filters.forEach((filter, k) => {
    weights.set(sample(filter), k * SIZE * SIZE);
  });
  return { filters, size: SIZE, shape: [filters.length, 1, SIZE, SIZE], weights };
}

/**
 * One filter on the pixel grid. With u across the line in units of √2·σ, the profiles
 * (2u² − 1)·e^(−u²) and (0.978u³ − 2.205u)·e^(−u²) are the second derivative of a Gaussian and its
 * Hilbert transform (Freeman and Adelson, 1991): the sum of their squared responses does not ripple.
 */
function sample({ kind, angle, sigma }: BankFilter): Float64Array {
  const radius = (SIZE - 1) / 2;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const envelope = new Float64Array(SIZE * SIZE);
  const taps = new Float64Array(SIZE * SIZE);
  for (let i = 0; i < SIZE; i++) {
    for (let j = 0; j < SIZE; j++) {
      // Rows grow downwards while angles turn counter-clockwise, hence the sign of y.
      const [x, y] = [j - radius, radius - i];
      const u = (y * cos - x * sin) / (Math.SQRT2 * sigma);
      const v = (x * cos + y * sin) / (Math.SQRT2 * LENGTH);
      // The last pixel and a half fades out, so that no filter ends in a cliff.
      const fade = Math.min(1, Math.max(0, (radius + 0.5 - Math.hypot(x, y)) / 1.5));
      const bell = Math.exp(-u * u - v * v) * fade;
      envelope[i * SIZE + j] = bell;
      taps[i * SIZE + j] = bell * (kind === "line" ? 1 - 2 * u * u : 2.205 * u - 0.978 * u ** 3);
    }
  }
  return normalise(taps, envelope);
}

/** Zero mean, so that flat areas answer 0; absolute sum 1, so that answers of a picture in [0, 1] lie in [−1, 1]. */
function normalise(taps: Float64Array, envelope: Float64Array): Float64Array {
  const excess = sum(taps) / sum(envelope);
  const centred = taps.map((tap, i) => tap - excess * envelope[i]);
  const norm = sum(centred.map(Math.abs));
  return centred.map((tap) => tap / norm);
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
