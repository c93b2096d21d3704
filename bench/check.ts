// Answers before times: a plain float64 sum at some outputs of a layer, corners always among them.
import { type Case, geometry } from "./cases.ts";

/** Seeded, so that a failure repeats. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Values in [-1, 1). */
export function fill(data: Float32Array | Float64Array, seed: number): void {
  const next = random(seed);
  for (let i = 0; i < data.length; i++) data[i] = next() * 2 - 1;
}

/** One output in float64: its value, the sum of magnitudes S, and the number of terms K. */
function exact(layer: Case, image: ArrayLike<number>, filters: ArrayLike<number>, at: readonly number[]) {
  const { imageShape, filterShape, options } = layer;
  const [n, k, y, x] = at;
  const [, channels, rows, columns] = imageShape;
  const [kernels, stack, height, width] = filterShape;
  const { pad } = geometry(layer);
  const firstChannel = Math.floor(k / (kernels / options.numGroups)) * stack;
  let value = 0;
  let magnitude = 0;
  for (let c = 0; c < stack; c++) {
    for (let ky = 0; ky < height; ky++) {
      for (let kx = 0; kx < width; kx++) {
        const row = y * options.subsample[0] + ky - pad[0];
        const column = x * options.subsample[1] + kx - pad[1];
        if (row < 0 || row >= rows || column < 0 || column >= columns) continue;
        const pixel = image[((n * channels + firstChannel + c) * rows + row) * columns + column];
        // A true convolution: the filter runs backwards.
        const term = pixel * filters[((k * stack + c) * height + height - 1 - ky) * width + width - 1 - kx];
        value += term;
        magnitude += Math.abs(term);
      }
    }
  }
  return { value, magnitude, terms: stack * height * width };
}

/** Throws if an examined output is further from the exact sum than K·u·S; returns how many were examined. */
export function check(
  layer: Case,
  image: ArrayLike<number>,
  filters: ArrayLike<number>,
  result: ArrayLike<number>,
): number {
  const { outputShape } = geometry(layer);
  const size = outputShape.reduce((product, n) => product * n, 1);
  if (result.length !== size) throw new Error(`${layer.name}: ${result.length} results instead of ${size}`);
  const next = random(size);
  const [, kernels, rows, columns] = outputShape;
  const plane = rows * columns;
  const corners = [0, columns - 1, plane - columns, plane - 1, size - plane, size - columns, size - 1];
  const places = [...corners, ...Array.from({ length: 200 }, () => Math.floor(next() * size))];
  for (const place of places) {
    const at = [
      Math.floor(place / (plane * kernels)),
      Math.floor(place / plane) % kernels,
      Math.floor(place / columns) % rows,
      place % columns,
    ];
    const { value, magnitude, terms } = exact(layer, image, filters, at);
    const bound = terms * 2 ** -24 * magnitude;
    // Written so that NaN fails.
    if (!(Math.abs(result[place] - value) <= bound)) {
      throw new Error(
        `${layer.network} ${layer.name}: output [${at}] is ${result[place]}, expected ${value} ± ${bound}`,
      );
    }
  }
  return places.length;
}
