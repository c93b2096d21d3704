// From what size on workers are faster.
import { expect, it } from "vitest";
import { crossingOf, type Point } from "../../bench/page/crossover/measure.ts";

/** Sizes of 10, 100, 1000 … multiply-adds; workers are so many times as fast as the page alone. */
const points = (...gains: number[]): Point[] =>
  gains.map((gain, i) => ({
    side: i,
    multiplyAdds: 10 ** (i + 1),
    ms: { alone: 1, crew: 1 / gain, free: 1 },
    sameBits: true,
  }));

it("lies between the last size where they are not and the next, by logarithms", () => {
  expect(crossingOf(points(0.1, 0.5, 2))).toBeCloseTo(10 ** 2.5);
  expect(crossingOf(points(0.1, 2, 0.8, 1.25, 4))).toBeCloseTo(10 ** 3.5);
  expect(crossingOf(points(0.5, 4))).toBeCloseTo(10 ** (1 + 1 / 3));
});

it("is 0 where they always are, undefined where they are not at the end", () => {
  expect(crossingOf(points(1.5, 2))).toBe(0);
  expect(crossingOf(points(0.5, 2, 1))).toBeUndefined();
});
