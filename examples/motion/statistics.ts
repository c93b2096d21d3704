/** The few figures that say how sure a finding is. */

export function meanAndDeviation(values: readonly number[]): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / Math.max(1, values.length - 1)) };
}

/** Of the straight line through values at 0, 1, 2 …, least squares. */
export function slope(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const squares = values.reduce((sum, _, i) => sum + (i - middle) ** 2, 0);
  return values.reduce((sum, value, i) => sum + (i - middle) * value, 0) / squares;
}

export function correlation(a: readonly number[], b: readonly number[]): number {
  const [ofA, ofB] = [meanAndDeviation(a), meanAndDeviation(b)];
  const products = a.reduce((sum, value, i) => sum + (value - ofA.mean) * (b[i] - ofB.mean), 0);
  return products / ((a.length - 1) * ofA.deviation * ofB.deviation);
}
