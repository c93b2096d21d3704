// Gradients with respect to inputs, ours and the peers': some places against a plain float64 sum.
import { random } from "./check.ts";
import { type Layout, product, stackOf } from "./op-cases.ts";
import type { Backward } from "./peers/peer.ts";

const UNIT = 2 ** -24;

/** Corners and 200 places against all that an input was a term of: to K·u·S, or the bound of transforms. Throws if one is beyond. */
export function checkGradient(
  backward: Backward,
  dx: ArrayLike<number>,
  at: Layout,
  accuracy: "sum" | "transform",
): number {
  const { batch, channels, image } = backward.sum;
  const [, height, width] = image;
  const size = batch * channels * product(image);
  if (dx.length !== size) throw new Error(`${dx.length} inputs instead of ${size}`);
  const next = random(size);
  const plane = height * width;
  const corners = [0, width - 1, plane - width, plane - 1, size - plane, size - 1];
  const places = [...corners, ...Array.from({ length: 200 }, () => Math.floor(next() * size))];
  for (const place of places) {
    const [n, c] = [Math.floor(place / (plane * channels)), Math.floor(place / plane) % channels];
    const [y, x] = [Math.floor(place / width) % height, place % width];
    const { value, magnitude, terms, norm } = exact(backward, [n, c, y, x]);
    const bound = UNIT * (accuracy === "sum" ? terms * magnitude : 64 * norm);
    const got = dx[at.offset + n * at.outer + c * at.inner + y * at.space[1] + x * at.space[2]];
    // Written so that NaN fails.
    if (!(Math.abs(got - value) <= bound))
      throw new Error(`input [${n},${c},${y},${x}] is ${got}, expected ${value} ± ${bound}`);
  }
  return places.length;
}

function exact({ sum, outputGrad: g, filter }: Backward, [n, c, y, x]: readonly [number, number, number, number]) {
  const { filters, groups, stride, low } = sum;
  const [, h, k] = sum.taps;
  const [, rows, columns] = sum.result;
  const stack = stackOf(sum);
  const perGroup = filters / groups;
  const group = Math.floor(c / stack);
  let [value, magnitude, terms, ofG, ofW] = [0, 0, 0, 0, 0];
  for (let o = group * perGroup; o < (group + 1) * perGroup; o++) {
    for (let i = 0; i < h; i++) {
      for (let j = 0; j < k; j++) {
        const [r, s] = [(y + low[1] - i) / stride[1], (x + low[2] - j) / stride[2]];
        const weight = filter[((o * stack + (c % stack)) * h + i) * k + j];
        ofW += weight * weight;
        if (!Number.isInteger(r) || !Number.isInteger(s) || r < 0 || s < 0 || r >= rows || s >= columns) continue;
        const gradient = g[((n * filters + o) * rows + r) * columns + s];
        value += gradient * weight;
        magnitude += Math.abs(gradient * weight);
        ofG += gradient * gradient;
        terms++;
      }
    }
  }
  // The window of a tile is wider than that of one input.
  return { value, magnitude, terms, norm: Math.sqrt(ofW * 4 * Math.max(ofG, filters)) };
}
