// What an op adds up for one result, whatever the op: its products and its bias. A definition (conv2d.ts, ops.ts) says which
// products belong to which output, in the declared order; how they are summed is said here (float64), in compensated.ts
// (double-double) and in ordered.ts (the element type).

/**
 * Called for lines of products, `count` in each, the places of one so many elements behind those of the one before it. The products of one
 * output come in the declared order: channels outermost (conv3D: innermost), taps of the filter view ascending.
 */
export type Visit = (
  output: number,
  inputAt: number,
  filterAt: number,
  count: number,
  outputStep: number,
  inputStep: number,
  filterStep: number,
) => void;

export interface Terms {
  readonly shape: readonly number[];
  readonly input: ArrayLike<number>;
  readonly filters: ArrayLike<number>;
  /** One value for each filter. */
  readonly bias?: ArrayLike<number> | undefined;
  forEachLine(visit: Visit): void;
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

/** The taps, from the first to before the last, whose places `at`, `at + step` … lie on an axis of `extent` points. */
export function tapsInside(at: number, step: number, taps: number, extent: number): readonly [number, number] {
  const inside = (place: number) => place >= 0 && place < extent;
  let from = 0;
  while (from < taps && !inside(at + from * step)) from++;
  let to = from;
  while (to < taps && inside(at + to * step)) to++;
  return [from, to];
}

/** One addition at a time, the bias last. */
export function sum(terms: Terms): OracleResult {
  const { shape, input, filters, bias } = terms;
  const total = outputsOf(terms);
  const y = new Float64Array(total);
  const s = new Float64Array(total);
  const k = new Int32Array(total);
  terms.forEachLine((output, inputAt, filterAt, count, outputStep, inputStep, filterStep) => {
    for (let i = 0; i < count; i++) {
      const to = output + i * outputStep;
      const product = input[inputAt + i * inputStep]! * filters[filterAt + i * filterStep]!;
      y[to]! += product;
      s[to]! += Math.abs(product);
      k[to]!++;
    }
  });
  for (let output = 0; bias && output < total; output++) {
    const b = bias[terms.filterOf(output)]!;
    y[output]! += b;
    s[output]! += Math.abs(b);
    k[output]!++;
  }
  return { shape, y, s, k };
}
