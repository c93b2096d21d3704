// Comparisons that say where and by how much two results differ.

export const unitRoundoff = { float32: 2 ** -24, float64: 2 ** -53 } as const;
export const smallest = { float32: 2 ** -149, float64: 2 ** -1074 } as const;

/** First position whose bits differ; any NaN equals any NaN (WebAssembly leaves payloads open), +0 is not −0. */
export function firstDifference(got: ArrayLike<number>, want: ArrayLike<number>): number {
  if (got.length !== want.length) return Math.min(got.length, want.length);
  for (let i = 0; i < got.length; i++) if (!Object.is(got[i], want[i])) return i;
  return -1;
}

/** First position outside atol + rtol·|want|. NaN must meet NaN, an infinity the same infinity. */
export function firstOutside(got: ArrayLike<number>, want: ArrayLike<number>, atol: number, rtol: number): number {
  if (got.length !== want.length) return Math.min(got.length, want.length);
  for (let i = 0; i < got.length; i++) {
    const [g, w] = [got[i]!, want[i]!];
    if (Object.is(g, w) || g === w) continue;
    if (!(Math.abs(g - w) <= atol + rtol * Math.abs(w)) || !Number.isFinite(w)) return i;
  }
  return -1;
}

/** Share of exact zeros: an output of mostly zeros proves nothing. */
export function zeroShare(values: ArrayLike<number>): number {
  let zeros = 0;
  for (let i = 0; i < values.length; i++) if (values[i] === 0) zeros++;
  return values.length === 0 ? 1 : zeros / values.length;
}

export function at(shape: readonly number[], position: number): string {
  const index: number[] = [];
  let rest = position;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const extent = Math.max(1, shape[axis]!);
    index.unshift(rest % extent);
    rest = Math.floor(rest / extent);
  }
  return `[${index.join(", ")}]`;
}
