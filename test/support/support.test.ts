// The instruments themselves: a canary that never sings and a comparison that never fails would prove nothing.
import { describe, expect, it } from "vitest";
import { checkAccuracy } from "./check.ts";
import { at, firstDifference, firstOutside, zeroShare } from "./compare.ts";
import { addresses, gather, layouts, place } from "./place.ts";
import { fill, random } from "./random.ts";
import { numbers } from "./spec.ts";

describe("place", () => {
  const shape = [2, 3, 4, 5];
  const values = Float64Array.from({ length: 120 }, (_, i) => i);
  for (const layout of layouts) {
    it(`${layout}: holds the values, and sees every write that is not its own`, () => {
      const spots = new Set(addresses(place(values, shape, "float32", layout).operand));
      expect(spots.size).toBe(120);
      const { operand } = place(values, shape, "float32", layout);
      for (let i = 0; i < operand.data.length; i++) {
        const guard = place(values, shape, "float32", layout);
        expect(gather(guard.operand)).toEqual(values);
        expect(guard.read()).toEqual(values);
        expect(guard.damage()).toBeUndefined();
        guard.operand.data[i] = 1e9;
        expect(guard.damage()).toMatch(/^byte \d+ of \d+ changed/);
        expect(guard.damage(true) === undefined).toBe(spots.has(i)); // an output may be written, nothing else
      }
    });
  }

  it("works for float64, for six axes and for nothing at all", () => {
    for (const layout of layouts) {
      const six = Float64Array.from({ length: 64 }, (_, i) => i - 7);
      expect(gather(place(six, [2, 2, 2, 2, 2, 2], "float64", layout).operand)).toEqual(six);
      expect(place(new Float64Array(0), [2, 0, 3], "float64", layout).read().length).toBe(0);
    }
  });
});

describe("compare", () => {
  it("firstDifference sees signs of zero and lengths, and takes any NaN for any other", () => {
    expect(firstDifference([1, Number.NaN, 0], [1, Number.NaN, 0])).toBe(-1);
    expect(firstDifference([1, 0], [1, -0])).toBe(1);
    expect(firstDifference([1, 2], [1, Number.NaN])).toBe(1);
    expect(firstDifference([1], [1, 2])).toBe(1);
    expect(firstDifference([1, 2 ** -1074], [1, 0])).toBe(1);
  });

  it("firstOutside keeps to its bounds", () => {
    expect(firstOutside([1.1], [1], 0.1001, 0)).toBe(-1);
    expect(firstOutside([1.1], [1], 0.09, 0)).toBe(0);
    expect(firstOutside([110], [100], 0, 0.1)).toBe(-1);
    expect(firstOutside([Infinity], [Infinity], 0, 0)).toBe(-1);
    expect(firstOutside([Infinity], [-Infinity], 1e9, 1e9)).toBe(0);
    expect(firstOutside([1], [Infinity], 1, 1)).toBe(0);
    expect(firstOutside([Number.NaN], [1], 1, 1)).toBe(0);
    expect(firstOutside([1], [Number.NaN], 1, 1)).toBe(0);
    expect(firstOutside([Number.NaN], [Number.NaN], 0, 0)).toBe(-1);
  });

  it("at names a position, zeroShare counts zeros", () => {
    expect(at([2, 3, 4], 23)).toBe("[1, 2, 3]");
    expect(at([2, 3, 4], 4)).toBe("[0, 1, 0]");
    expect(zeroShare([0, -0, 1, 2])).toBe(0.5);
    expect(zeroShare([])).toBe(1);
  });

  it("checkAccuracy tells which bound is broken", () => {
    const problem = numbers({ input: [1, 1, 1, 1], filters: [1, 1, 1, 1], seed: 1 });
    const how = { binary: "simd", form: "auto" };
    const u = 2 ** -24;
    const of = (error: number, k: number) =>
      checkAccuracy(Float64Array.of(1 + error), { y: [1], s: Float64Array.of(1), k: Int32Array.of(k) }, problem, how);
    expect(of(7 * u, 9).problem).toBeUndefined();
    expect(of(7 * u, 9).units).toBeCloseTo(7);
    expect(of(8.5 * u, 9).problem).toMatch(/practical bound/);
    expect(of(10 * u, 9).problem).toMatch(/K·u·S/);
    expect(of(14 * u, 100).problem).toBeUndefined();
    expect(of(16 * u, 100).problem).toMatch(/practical bound[\s\S]*npx tsx test\/replay/);
  });
});

it("random values are reproducible and of their kind", () => {
  expect(fill("integers", 50, random(3), "float32")).toEqual(fill("integers", 50, random(3), "float32"));
  const integers = fill("integers", 2000, random(4), "float32");
  expect([Math.min(...integers), Math.max(...integers)]).toEqual([-32, 32]);
  expect(integers.every(Number.isInteger)).toBe(true);
  expect(Math.min(...fill("non-negative", 2000, random(5), "float64"))).toBeGreaterThanOrEqual(0);
  const mixed = fill("mixed", 2000, random(6), "float32").map(Math.abs);
  expect(Math.max(...mixed) / Math.min(...mixed)).toBeGreaterThan(2 ** 100);
  expect(Math.max(...fill("subnormal", 100, random(7), "float32").map(Math.abs))).toBeLessThan(2 ** -126);
});
