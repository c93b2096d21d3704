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

/** 0 … count − 1 in an order that looks random and is the same for the same seed (Fisher and Yates, with mulberry32). */
export function permutation(count: number, seed: number): number[] {
  let state = seed;
  const random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
