// A sum in the arithmetic of the element type and in the one order that scalar and simd kernels promise: a running sum
// from 0 over channel and taps of the filter view (input addresses ascending), each product rounded, each addition
// rounded, the bias added last. Results must have these bits, not only be near them.
import { outputsOf, type Terms } from "./terms.ts";

export function ordered(terms: Terms, dtype: "float32" | "float64"): Float64Array {
  const round: (x: number) => number = dtype === "float32" ? Math.fround : (x) => x;
  const { input, filters, bias } = terms;
  const y = new Float64Array(outputsOf(terms));
  terms.forEachLine((output, inputAt, filterAt, count, outputStep, inputStep, filterStep) => {
    for (let i = 0; i < count; i++) {
      const to = output + i * outputStep;
      y[to] = round(y[to]! + round(input[inputAt + i * inputStep]! * filters[filterAt + i * filterStep]!));
    }
  });
  for (let output = 0; bias && output < y.length; output++) {
    y[output] = round(y[output]! + bias[terms.filterOf(output)]!);
  }
  return y;
}
