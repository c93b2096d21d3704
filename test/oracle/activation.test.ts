// The BigInt references against identities and against Math, which is good to about 1 ulp.
import { expect, it } from "vitest";
import { random } from "../support/random.ts";
import { fixed, sigmoidFixed, tanhFixed, ulps } from "./activation.ts";

const bits = 1400;
const samples = () => {
  const next = random(7);
  return Array.from({ length: 200 }, () => (2 * next() - 1) * 2 ** (-40 + 46 * next()));
};

it("fixed is exact", () => {
  expect(fixed(1)).toBe(1n << 1400n);
  expect(fixed(-0.75)).toBe(-3n << 1398n);
  expect(fixed(2 ** -1074)).toBe(1n << BigInt(bits - 1074));
  expect(fixed(Number.MAX_SAFE_INTEGER) >> 1400n).toBe(BigInt(Number.MAX_SAFE_INTEGER));
});

it("ulps counts distances", () => {
  expect(ulps(1 + 2 ** -52, fixed(1), "float64")).toBe(1);
  expect(ulps(1 + 2 ** -22, fixed(1), "float32")).toBe(2);
  expect(ulps(3 * 2 ** -149, fixed(2 ** -149), "float32")).toBe(2);
  expect(ulps(0, fixed(2 ** -1074), "float64")).toBe(1);
  expect(ulps(0.5, fixed(0.5), "float64")).toBe(0);
});

it("tanh agrees with Math.tanh, sigmoid with its definition in Math.exp", () => {
  for (const x of samples()) {
    expect(ulps(Math.tanh(x), tanhFixed(x), "float64"), `tanh(${x})`).toBeLessThanOrEqual(2);
    const naive = 1 / (1 + Math.exp(-x));
    if (x > -30) expect(ulps(naive, sigmoidFixed(x), "float64"), `sigmoid(${x})`).toBeLessThanOrEqual(4);
  }
});

it("sigmoid(x) + sigmoid(-x) = 1 and tanh(x) = 2 sigmoid(2x) - 1, to 300 digits", () => {
  const slack = 1n << 600n; // of 2^1400
  const near = (a: bigint, b: bigint) => (a > b ? a - b : b - a) < slack;
  const one = 1n << 1400n;
  for (const x of samples()) {
    expect(near(sigmoidFixed(x) + sigmoidFixed(-x), one), String(x)).toBe(true);
    expect(near(tanhFixed(x), 2n * sigmoidFixed(2 * x) - one), String(x)).toBe(true);
  }
});
