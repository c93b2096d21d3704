// What an op adds up for one result, whatever the op: its products and its bias. A definition (conv2d.ts, ops.ts) says which
// products belong to which output, in the declared order; how they are summed is said here (float64), in compensated.ts
// (double-double) and in ordered.ts (the element type).

/** Called for every product of every output; those of one output come in the declared order: channels outermost (conv3D: innermost), taps of the filter view ascending. */
export type Visit = (output: number, inputAt: number, filterAt: number) => void;

export interface Terms {
  readonly shape: readonly number[];
  readonly input: ArrayLike<number>;
  readonly filters: ArrayLike<number>;
  /** One value for each filter. */
  readonly bias?: ArrayLike<number> | undefined;
  forEachProduct(visit: Visit): void;
  /** The filter that an output is of. */
  filterOf(output: number): number;
}

export interface OracleResult {
  readonly shape: readonly number[];
  readonly y: Float64Array;
  /** Σ|x·w| (and |bias|) per output: the scale of its rounding error. */
  readonly s: Float64Array;
  /** Terms per output: products formed, and the bias. */
  readonly k: Int32Array;
}

export function outputsOf({ shape }: Pick<Terms, "shape">): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** One addition at a time, the bias last. */
export function sum(terms: Terms): OracleResult {
  const { shape, input, filters, bias } = terms;
  const total = outputsOf(terms);
  const y = new Float64Array(total);
  const s = new Float64Array(total);
  const k = new Int32Array(total);
  terms.forEachProduct((output, inputAt, filterAt) => {
    const product = input[inputAt]! * filters[filterAt]!;
    y[output]! += product;
    s[output]! += Math.abs(product);
    k[output]!++;
  });
  for (let output = 0; bias && output < total; output++) {
    const b = bias[terms.filterOf(output)]!;
    y[output]! += b;
    s[output]! += Math.abs(b);
    k[output]!++;
  }
  return { shape, y, s, k };
}
