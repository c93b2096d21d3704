/** Is an answer right? Sampled outputs against a plain float64 loop, and every output against another binary's. */
import { random } from "../check.ts";
import { filterShapeOf, type Layer, outputShapeOf, paddingOf, sizeOf } from "./layer.ts";

/** Unit roundoff of float32. */
const U = 2 ** -24;
const SAMPLES = 200;
/** The plain loop is slow: long filters get fewer samples. */
const MOST_TERMS = 10_000_000;

export interface Finding {
  readonly right: boolean;
  /** For the table, e.g. "same bits". */
  readonly short: string;
  readonly text: string;
}

export interface Operands {
  readonly image: Float32Array;
  readonly filters: Float32Array;
}

/** One output in float64, and S, the sum of the magnitudes of its terms. */
function exact(layer: Layer, { image, filters }: Operands, [n, k, y, x]: readonly number[]) {
  const { channels, height, width, border, subsample, groups } = layer;
  const [kernels, stack, rows, columns] = filterShapeOf(layer);
  const top = y * subsample - paddingOf(border, rows);
  const left = x * subsample - paddingOf(border, columns);
  const firstChannel = n * channels + Math.floor(k / (kernels / groups)) * stack;
  let [value, magnitude] = [0, 0];
  for (let c = 0; c < stack; c++) {
    for (let ky = Math.max(0, -top); ky < Math.min(rows, height - top); ky++) {
      for (let kx = Math.max(0, -left); kx < Math.min(columns, width - left); kx++) {
        const pixel = image[((firstChannel + c) * height + top + ky) * width + left + kx];
        // A true convolution: the filter runs backwards.
        const term = pixel * filters[((k * stack + c) * rows + rows - 1 - ky) * columns + columns - 1 - kx];
        value += term;
        magnitude += Math.abs(term);
      }
    }
  }
  return { value, magnitude };
}

/** A float32 sum of K products strays from the exact one by at most K·u·S. */
export function checkSamples(layer: Layer, operands: Operands, result: Float32Array): Finding {
  const shape = outputShapeOf(layer);
  const [, kernels, rows, columns] = shape;
  const size = sizeOf(shape);
  const terms = sizeOf(filterShapeOf(layer).slice(1));
  const next = random(size);
  const count = Math.max(16, Math.min(SAMPLES, Math.floor(MOST_TERMS / terms)));
  const corners = [0, columns - 1, size - columns, size - 1];
  for (const place of [...corners, ...Array.from({ length: count }, () => Math.floor(next() * size))]) {
    const map = Math.floor(place / (rows * columns));
    const at = [Math.floor(map / kernels), map % kernels, Math.floor(place / columns) % rows, place % columns];
    const { value, magnitude } = exact(layer, operands, at);
    // Written so that NaN fails.
    if (!(Math.abs(result[place] - value) <= terms * U * magnitude)) {
      return {
        right: false,
        short: "wrong",
        text: `output [${at}] is ${result[place]}, a plain float64 loop gives ${value}`,
      };
    }
  }
  return {
    right: true,
    short: "right",
    text: `${corners.length + count} outputs computed again by a plain float64 loop`,
  };
}

/**
 * Every output against `other`'s. Two float32 sums of K products may differ by 2·K·u·S, and as no pixel is larger than 1,
 * S is at most the sum of the filter's magnitudes.
 */
export function compareAll(
  layer: Layer,
  { filters }: Operands,
  result: Float32Array,
  other: Float32Array,
  name: string,
): Finding {
  if (sameBits(result, other)) return { right: true, short: "same bits", text: `every bit as ${name}` };
  const [kernels, ...rest] = filterShapeOf(layer);
  const terms = sizeOf(rest);
  const [, , rows, columns] = outputShapeOf(layer);
  const bounds = Array.from({ length: kernels }, (_, k) => 2 * terms * U * absoluteSum(filters, k * terms, terms));
  let [most, share] = [0, 0];
  for (let i = 0; i < result.length; i++) {
    // Math.max keeps a NaN, which a comparison would let slip through.
    const off = Math.abs(result[i] - other[i]);
    most = Math.max(most, off);
    share = Math.max(share, off / bounds[Math.floor(i / (rows * columns)) % kernels]);
  }
  const text = `off from ${name} by ${most.toExponential(1)} at most`;
  if (!(share <= 1)) return { right: false, short: "wrong", text: `${text}, which rounding does not explain` };
  return {
    right: true,
    short: "within rounding",
    text: `${text}, ${(100 * share).toPrecision(2)} % of what rounding allows`,
  };
}

function sameBits(a: Float32Array, b: Float32Array): boolean {
  const [left, right] = [a, b].map(({ buffer, byteOffset, length }) => new Uint32Array(buffer, byteOffset, length));
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
  return true;
}

function absoluteSum(values: Float32Array, first: number, count: number): number {
  let sum = 0;
  for (let i = first; i < first + count; i++) sum += Math.abs(values[i]);
  return sum;
}
