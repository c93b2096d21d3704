// nnet.conv2d in double-double arithmetic: about 106 bits, the yardstick for float64 kernels.
// Two-sum (Knuth) and two-product (Dekker, Veltkamp's split) are exact unless something over- or underflows.
import { type Conv2dProblem, forEachProduct, outputShape } from "./conv2d.ts";

export interface CompensatedResult {
  /** Leading parts. */
  readonly high: Float64Array;
  /** Trailing parts: high + low is the value. */
  readonly low: Float64Array;
}

export function compensatedConv2d(problem: Conv2dProblem): CompensatedResult {
  const { input, filters } = problem;
  const [n, o, r, s] = outputShape(problem);
  const high = new Float64Array(n * o * r * s);
  const low = new Float64Array(n * o * r * s);
  forEachProduct(problem, (output, inputAt, filterAt) => {
    const [a, b] = [input[inputAt]!, filters[filterAt]!];
    const product = a * b;
    const sum = high[output]! + product;
    const part = sum - high[output]!;
    const lost = high[output]! - (sum - part) + (product - part);
    const tail = low[output]! + (lost + productError(a, b, product));
    high[output] = sum + tail;
    low[output] = tail - (high[output]! - sum);
  });
  return { high, low };
}

function productError(a: number, b: number, product: number): number {
  const [a1, b1] = [split(a), split(b)];
  const [a0, b0] = [a - a1, b - b1];
  return a1 * b1 - product + a1 * b0 + a0 * b1 + a0 * b0;
}

function split(x: number): number {
  const scaled = 134217729 * x; // 2^27 + 1
  return scaled - (scaled - x);
}
