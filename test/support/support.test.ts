// The instruments themselves: a canary that never sings and a comparison that never fails would prove nothing.
import { describe, expect, it } from "vitest";
import { separableBounds, transformBounds } from "./bounds.ts";
import { checkAccuracy } from "./check.ts";
import { at, firstDifference, firstOutside, zeroShare } from "./compare.ts";
import { goodSpecs } from "./fixtures.ts";
import { forms, type Served } from "./forms.ts";
import { callOp, everyCall, opNames, opOf } from "./ops.ts";
import { addresses, gather, layouts, place } from "./place.ts";
import { fill, random } from "./random.ts";
import { expected, numbers } from "./spec.ts";

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

describe("bounds of the other algorithms", () => {
  const u = 2 ** -24;
  const spec = { op: "signal.conv2d", input: [2, 3, 3], filters: [2, 3, 2], seed: 1, values: "zero-mean" } as const;
  const problem = numbers(spec);
  const exact = expected(problem);

  it("two passes: (kh + kw + 6)·u·S", () => {
    const boundOf = separableBounds(problem, exact);
    expect(boundOf(3).theorem / (u * exact.s[3]!)).toBeCloseTo(3 + 2 + 6, 6);
    expect(boundOf(3).practice).toBe(boundOf(3).theorem);
  });

  it("a transform: 18·u·‖w‖·‖x‖, of the image and the filter of each output", () => {
    const boundOf = transformBounds(problem, exact);
    const norm = (values: Float64Array) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
    const { input, filters } = problem.problem;
    // Outputs are [2 images, 2 filters, 1, 2]: the sixth is of image 1 and filter 0.
    const want = 18 * u * norm(input.slice(9)) * norm(filters.slice(0, 6));
    expect(boundOf(5).theorem).toBeGreaterThan(want);
    expect(boundOf(5).theorem).toBeLessThan(want + 3 * u * exact.s[5]!);
    const how = { binary: "simd", form: "fft" };
    const off = (error: number) => exact.y.map((y) => y + error);
    expect(checkAccuracy(off(want / 2), exact, problem, how, transformBounds).problem).toBeUndefined();
    expect(checkAccuracy(off(want * 8), exact, problem, how, transformBounds).problem).toMatch(/log2/);
  });
});

describe("ops and forms", () => {
  it("everyCall gives its options to every call and every run of every op, and shows the results", async () => {
    const seen: unknown[][] = [];
    const fake = (...given: unknown[]) => {
      seen.push(given);
      return { data: [seen.length] };
    };
    const layer = { plan: {}, run: fake, runSync: fake, setFilters: () => {}, setBias: () => {}, dispose: () => {} };
    const op = Object.assign(async (...given: unknown[]) => fake(...given), { compile: async () => layer });
    const engine = {
      nnet: { conv2d: op, conv2dGradWrtInputs: op, conv2dTranspose: op },
      signal: { conv2d: op, conv2dGradWrtInputs: op },
      conv3D: op,
      convTransp3D: op,
      conv3d2d: { conv3d: op, conv3dGradWrtSignals: op },
      c01b: { filterActs: op, imageActs: op },
    };
    const shown: unknown[] = [];
    const wrapped = everyCall(engine as never, { openmp: true }, (result) => shown.push(result));
    const [x, w, b] = [1, 2, 3].map((value) => ({ data: value, shape: [] }));
    for (const name of opNames) {
      seen.length = 0;
      shown.length = 0;
      const video = name === "conv3D" || name === "convTransp3D";
      const settings = { algorithm: "direct", ...(video && { d: [1, 2, 3] }) };
      await callOp(wrapped, name, { input: x, filters: w, ...(video && { bias: b }) }, settings);
      const behind = name === "conv3D" ? [b, [1, 2, 3]] : [];
      const operands = name === "convTransp3D" ? [w, b, [1, 2, 3], x, undefined] : [x, w, ...behind];
      expect(seen, name).toEqual([[...operands, { algorithm: "direct", openmp: true }]]);
      const compiled = await opOf(wrapped, name).compile({});
      for (const given of [[x], [x, { out: w }], [x, b], [x, b, { out: w }]]) await compiled.run(...given);
      const more = { openmp: true };
      expect(seen.slice(1), name).toEqual([
        [x, more],
        [x, { out: w, ...more }],
        [x, b, more],
        [x, b, { out: w, ...more }],
      ]);
      expect(shown.length).toBe(5);
    }
  });

  it("forms serve what they say", () => {
    const signal = { op: "signal.conv2d", input: [9, 9], filters: [3, 3] } as const;
    const all = (problem: Served) =>
      Object.keys(forms).filter((name) => name !== "webgpu" && forms[name].serves(problem));
    const wide = ["auto", "direct pixels", "direct filters"];
    const direct = [...wide, "direct gathered"];
    const pixels = [...direct, "depthwise", "depthwise pixels"];
    const both = [...pixels, "depthwise planes"];
    expect(all(signal)).toEqual([...both, "fft", "winograd"]);
    expect(all({ ...signal, subsample: [1, 2] })).toEqual([...both, "fft", "winograd"]);
    expect(all({ ...signal, subsample: [3, 2] })).toEqual([...both, "fft"]);
    expect(all({ ...signal, dtype: "float64" })).toEqual([...wide, "depthwise", "depthwise pixels", "fft"]);
    expect(all({ ...signal, rankOne: true })).toEqual([...both, "separable", "fft", "winograd"]);
    expect(all({ ...signal, filters: [3, 1], rankOne: true })).toEqual([...both, "fft"]);
    expect(all({ ...signal, filters: [2, 3, 3] })).toEqual([...pixels, "fft", "winograd"]);
    const groups = { input: [1, 4, 9, 9], filters: [4, 1, 3, 3], numGroups: 4 };
    expect(all(groups)).toEqual([...both, "fft", "winograd"]);
    expect(all({ ...groups, filterDilation: [1, 2] })).toEqual([...both, "winograd"]);
    expect(all({ ...groups, filterDilation: [1, 2], subsample: [1, 2] })).toEqual(both);
    expect(all({ ...groups, filters: [4, 2, 3, 5] })).toEqual([...direct, "winograd"]);
    expect(all({ ...groups, filters: [4, 2, 2, 5] })).toEqual(direct);
    const one = { input: [1, 4, 9, 9], filters: [4, 4, 1, 1] };
    expect(all(one)).toEqual([...direct, "winograd"]);
    expect(all({ ...one, filters: [3, 4, 1, 1] })).toEqual(direct);
    expect(all({ ...one, op: "nnet.conv2dGradWrtInputs", subsample: [2, 1] })).toEqual(direct);
    expect(all({ ...groups, unshared: true })).toEqual(["auto", "unshared"]);
    for (const op of ["conv3D", "conv3d2d.conv3d", "c01b.filterActs"] as const) {
      const sizes = (channels: number) => ({
        op,
        input: goodSpecs[op].input.map((extent) => (extent === 3 ? channels : extent)),
        filters: goodSpecs[op].filters,
      });
      // The filters of the table have other taps than 3 × 3.
      expect(all(sizes(2))).toEqual(direct);
      expect(all(sizes(1))).toEqual(pixels);
    }
  });

  it("filters asked to be of rank one are, and small", () => {
    for (const values of ["integers", "zero-mean", "mixed"] as const) {
      const { filters } = numbers({
        op: "signal.conv2d",
        input: [9, 9],
        filters: [3, 4, 5],
        seed: 3,
        values,
        rankOne: true,
      }).problem;
      for (let from = 0; from < 60; from += 20) {
        for (let i = 0; i < 20; i++) {
          const [row, column] = [from + 5 * Math.floor(i / 5), from + (i % 5)];
          const cross = filters[from]! * filters[from + i]! - filters[row]! * filters[column]!;
          expect(Math.abs(cross)).toBeLessThanOrEqual(1e-6 * Math.abs(filters[row]! * filters[column]!));
        }
      }
      if (values === "integers") expect(Math.max(...filters.map(Math.abs))).toBeLessThanOrEqual(30);
    }
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
