/** The filters of the picture: what each sums, and how its answer is shown. */
import { gaussian, ring, SIZE } from "../../../examples/filters/kernels.ts";

export interface PictureFilter {
  readonly label: string;
  /** Rows and columns. */
  readonly side: number;
  /** One filter, or two whose answers are taken as the sides of a right angle. */
  readonly bank: readonly ArrayLike<number>[];
  /** Brightness shown for an answer of 0, of 255 in all, and how much an answer counts. */
  readonly ground: number;
  readonly gain: number;
}

const small = (label: string, bank: readonly (readonly number[])[], ground = 0, gain = 1): PictureFilter => ({
  label,
  side: Math.sqrt(bank[0].length),
  bank,
  ground,
  gain,
});

/** Of rank one; σ a fifth of the side. */
function bell(side: number): PictureFilter {
  const at = (i: number) => Math.exp(-0.5 * ((i - (side - 1) / 2) / (side / 5)) ** 2);
  const taps = Array.from({ length: side ** 2 }, (_, i) => at(i % side) * at(Math.floor(i / side)));
  const sum = taps.reduce((all, tap) => all + tap, 0);
  return small(`Gaussian ${side}×${side}`, [taps.map((tap) => tap / sum)]);
}

/** Taps as one reads them; a true convolution turns them round. Sobel's are small so that a black and white edge is just white. */
export const FILTERS: readonly PictureFilter[] = [
  small(
    "edges (Sobel, both ways)",
    [[1, 0, -1, 2, 0, -2, 1, 0, -1].map((tap) => tap / 4), [1, 2, 1, 0, 0, 0, -1, -2, -1].map((tap) => tap / 4)],
    0,
    3,
  ),
  small("relief", [[2, 1, 0, 1, 0, -1, 0, -1, -2]], 128, 0.6),
  small("sharpen", [[0, -1, 0, -1, 5, -1, 0, -1, 0]]),
  bell(9),
  { label: `Gaussian ${SIZE}×${SIZE}`, side: SIZE, bank: [gaussian().taps], ground: 0, gain: 1 },
  { label: `ring ${SIZE}×${SIZE}, as a mirror lens blurs`, side: SIZE, bank: [ring().taps], ground: 0, gain: 1 },
  small("as it is", [[0, 0, 0, 0, 1, 0, 0, 0, 0]]),
];
