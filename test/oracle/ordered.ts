// nnet.conv2d in the arithmetic of the element type and in the one order that scalar and simd kernels promise: a
// running sum from 0 over channel, row, column of the filter view (input addresses ascending), each product rounded,
// each addition rounded, the bias added last. Results must have these bits, not only be near them.
import { type Conv2dProblem, forEachProduct, outputShape } from "./conv2d.ts";

export function orderedConv2d(problem: Conv2dProblem, dtype: "float32" | "float64"): Float64Array {
  const round: (x: number) => number = dtype === "float32" ? Math.fround : (x) => x;
  const { input, filters, bias } = problem;
  const shape = outputShape(problem);
  const y = new Float64Array(shape[0] * shape[1] * shape[2] * shape[3]);
  forEachProduct(problem, (output, inputAt, filterAt) => {
    y[output] = round(y[output]! + round(input[inputAt]! * filters[filterAt]!));
  });
  if (bias) {
    const pixels = shape[2] * shape[3];
    for (let output = 0; output < y.length; output++) {
      y[output] = round(y[output]! + bias[Math.floor(output / pixels) % shape[1]]!);
    }
  }
  return y;
}
