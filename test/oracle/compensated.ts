// A sum in double-double arithmetic: about 106 bits, the yardstick for float64 kernels.
// Two-sum (Knuth) and two-product (Dekker, Veltkamp's split) are exact unless something over- or underflows.
import { outputsOf, type Terms } from "./terms.ts";

export interface CompensatedResult {
  /** Leading parts. */
  readonly high: Float64Array;
  /** Trailing parts: high + low is the value. */
  readonly low: Float64Array;
}

export function compensated(terms: Terms): CompensatedResult {
  const { input, filters, bias } = terms;
  const high = new Float64Array(outputsOf(terms));
  const low = new Float64Array(high.length);
  const add = (output: number, value: number, error: number) => {
    const sum = high[output]! + value;
    const part = sum - high[output]!;
    const lost = high[output]! - (sum - part) + (value - part);
    const tail = low[output]! + (lost + error);
    high[output] = sum + tail;
    low[output] = tail - (high[output]! - sum);
  };
  terms.forEachLine((output, inputAt, filterAt, count, outputStep, inputStep, filterStep) => {
    for (let i = 0; i < count; i++) {
      const [a, b] = [input[inputAt + i * inputStep]!, filters[filterAt + i * filterStep]!];
      add(output + i * outputStep, a * b, productError(a, b, a * b));
    }
  });
  for (let output = 0; bias && output < high.length; output++) add(output, bias[terms.filterOf(output)]!, 0);
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
