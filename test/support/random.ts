// A small seeded generator (mulberry32): the same numbers in Node, in every browser and in test/replay.ts.

export type Random = () => number; // uniform in [0, 1)

export function random(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function integer(next: Random, low: number, high: number): number {
  return low + Math.floor(next() * (high - low + 1));
}

/** The kinds of numbers that operands are filled with; reliability.md §5 asks for each. */
export type Values = "integers" | "zero-mean" | "non-negative" | "mixed" | "subnormal";

export function fill(values: Values, count: number, next: Random, dtype: "float32" | "float64"): Float64Array {
  const draw = drawers[values];
  const data = new Float64Array(count);
  for (let i = 0; i < count; i++) data[i] = draw(next, dtype);
  // Every value must be one of the element type, or the oracle would see other numbers than the library.
  return dtype === "float32" ? new Float64Array(new Float32Array(data)) : data;
}

const drawers: Record<Values, (next: Random, dtype: string) => number> = {
  integers: (next) => integer(next, -32, 32),
  "zero-mean": (next) => 2 * next() - 1,
  "non-negative": (next) => next(),
  mixed: (next) => (2 * next() - 1) * 2 ** integer(next, -60, 60),
  subnormal: (next, dtype) => integer(next, -1000, 1000) * (dtype === "float32" ? 2 ** -149 : 2 ** -1074),
};
