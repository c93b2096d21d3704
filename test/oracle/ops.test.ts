// The oracles of signal.conv2d, conv3D, conv3d2d.conv3d and filterActs: against sums worked out by hand, small enough to be
// checked by reading, and against the golden expectations, which two unrelated programs computed.
import { describe, expect, it } from "vitest";
import { dtypeOf, type GoldenCase, goldenUrl, loadGolden } from "../golden/load.ts";
import { at, firstDifference, firstOutside } from "../support/compare.ts";
import { type OpName, ops } from "../support/ops.ts";
import { note } from "../support/record.ts";
import { compensated } from "./compensated.ts";
import { type Mode, type OpProblem, opOracle, opTerms, padOf } from "./ops.ts";
import { ordered } from "./ordered.ts";

const golden = await loadGolden(goldenUrl());
const goldenNames = {
  "signal.conv2d": { op: "signal.conv2d", output: "output", cases: 39 },
  conv3D: { op: "conv3D", output: "H", cases: 27 },
  "conv3d2d.conv3d": { op: "conv3d2d.conv3d", output: "output", cases: 29 },
  filterActs: { op: "c01b.filterActs", output: "output", cases: 27 },
} as const;

const answer = (problem: OpProblem) => {
  const { shape, y } = opOracle(problem);
  return { shape, y: [...y] };
};

describe("by hand", () => {
  it("signal.conv2d flips: an impulse gives back the filter, full gives all of it", () => {
    const filter = { filters: [1, 2, 3, 4], filterShape: [2, 2] };
    const impulse: OpProblem = {
      op: "signal.conv2d",
      input: [1],
      inputShape: [1, 1],
      ...filter,
      border: ["full", "full"],
    };
    expect(answer(impulse)).toEqual({ shape: [2, 2], y: [1, 2, 3, 4] });
    const image = { input: [1, 2, 3, 4, 5, 6, 7, 8, 9], inputShape: [3, 3] };
    // Upper left: 1·4 + 2·3 + 4·2 + 5·1.
    expect(answer({ op: "signal.conv2d", ...image, ...filter })).toEqual({ shape: [2, 2], y: [23, 33, 53, 63] });
    expect(answer({ op: "signal.conv2d", ...image, ...filter, stride: [1, 2] })).toEqual({
      shape: [2, 1],
      y: [23, 53],
    });
  });

  it("signal.conv2d: every filter on every image, ranks as the arguments'", () => {
    const two = { op: "signal.conv2d", input: [1, 2], filters: [3, 5, 7], stride: [1, 1] } as const;
    const shaped = (inputShape: number[], filterShape: number[]) => answer({ ...two, inputShape, filterShape });
    expect(shaped([2, 1, 1], [3, 1, 1])).toEqual({ shape: [2, 3, 1, 1], y: [3, 5, 7, 6, 10, 14] });
    expect(shaped([2, 1, 1], [1, 1])).toEqual({ shape: [2, 1, 1], y: [3, 6] });
    expect(shaped([1, 1], [3, 1, 1])).toEqual({ shape: [3, 1, 1], y: [3, 5, 7] });
    expect(shaped([1, 1], [1, 1])).toEqual({ shape: [1, 1], y: [3] });
  });

  it("conv3D does not flip, sums channels, strides each axis and adds the bias", () => {
    const V = [1, 2, 3, 4, 5, 6, 7, 8]; // rows, columns, times: 2 × 2 × 2
    const W = [1, 10, 100, 1000, 0, 0, 0, 0];
    const whole: OpProblem = {
      op: "conv3D", input: V, inputShape: [1, 2, 2, 2, 1], filters: W, filterShape: [1, 2, 2, 2, 1], bias: [0.5],
    }; // biome-ignore format: one line
    expect(answer(whole)).toEqual({ shape: [1, 1, 1, 1, 1], y: [4321.5] });
    // One column, two times, two channels: V[c, t, z] is 4 numbers for each of 3 columns.
    const line = { op: "conv3D", input: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], inputShape: [1, 1, 3, 2, 2] } as const;
    const filters = { filters: [1, 100, 10, 1000, 2, 0, 0, 0], filterShape: [2, 1, 1, 2, 2], bias: [0, 7] };
    const y = [4231, 9, 8675, 17, 13119, 25]; // 1·1 + 2·100 + 3·10 + 4·1000; filters are the last axis
    expect(answer({ ...line, ...filters })).toEqual({ shape: [1, 1, 3, 1, 2], y });
    expect(answer({ ...line, ...filters, stride: [4, 2, 3] })).toEqual({
      shape: [1, 1, 2, 1, 2],
      y: [4231, 9, 13119, 25],
    });
  });

  it("conv3d2d has time first, channels third, and flips time too", () => {
    const film = { op: "conv3d2d.conv3d", input: [1, 2, 3], inputShape: [1, 3, 1, 1, 1] } as const;
    const filters = { filters: [1, 10], filterShape: [1, 2, 1, 1, 1] };
    expect(answer({ ...film, ...filters })).toEqual({ shape: [1, 2, 1, 1, 1], y: [12, 23] });
    expect(answer({ ...film, ...filters, border: ["full", "valid", "valid"] }).y).toEqual([1, 12, 23, 30]);
    expect(answer({ ...film, ...filters, border: ["half", "valid", "valid"] }).y).toEqual([1, 12, 23, 30]); // n + 1
    // Two frames of two channels of one row of two columns; one filter tap in time and row.
    const wide = { op: "conv3d2d.conv3d", input: [1, 2, 3, 4, 5, 6, 7, 8], inputShape: [1, 2, 2, 1, 2] } as const;
    const taps = { filters: [1, 10, 100, 1000], filterShape: [1, 1, 2, 1, 2] };
    // Frame 0: 2·1 + 1·10 + 4·100 + 3·1000.
    expect(answer({ ...wide, ...taps })).toEqual({ shape: [1, 2, 1, 1, 1], y: [3412, 7856] });
  });

  it("filterActs has the batch last, does not flip, and rounds up: what hangs over the edge is zero", () => {
    const images = { op: "c01b.filterActs", input: [1, -1, 2, -2, 3, -3, 4, -4], inputShape: [1, 2, 2, 2] } as const;
    const two = { filters: [1, 0, 10, 0, 100, 0, 1000, 5], filterShape: [1, 2, 2, 2] };
    const y = [4321, -4321, 20, -20]; // filters, then rows, columns, images
    expect(answer({ ...images, ...two })).toEqual({ shape: [2, 1, 1, 2], y });
    const row = { op: "c01b.filterActs", input: [1, 2, 3, 4], inputShape: [1, 1, 4, 1] } as const;
    const filters = { filters: [1, 10, 100], filterShape: [1, 1, 3, 1], stride: [2, 2], border: [0, 0] };
    expect(answer({ ...row, ...filters })).toEqual({ shape: [1, 1, 2, 1], y: [321, 43] });
    const padded = { ...filters, filters: [1, 10], filterShape: [1, 1, 2, 1], border: [0, 1], stride: [2, 2] };
    expect(answer({ ...row, ...padded })).toEqual({ shape: [1, 1, 3, 1], y: [10, 32, 4] });
  });

  it("S and K count what is summed, the bias with it; the order is channel by channel, taps ascending in the image", () => {
    const problem: OpProblem = {
      op: "conv3d2d.conv3d", input: [1, -2, 3, -4], inputShape: [1, 1, 2, 1, 2], filters: [1, -1, 2, 5], filterShape: [1, 1, 2, 1, 2], bias: [-9],
    }; // biome-ignore format: one line
    const { y, s, k } = opOracle(problem);
    expect([y[0], s[0], k[0]]).toEqual([1 * -1 + -2 * 1 + 3 * 5 + -4 * 2 - 9, 1 + 2 + 15 + 8 + 9, 5]);
    const seen: number[][] = [];
    opTerms(problem).forEachLine((output, inputAt, filterAt, count, outputStep, inputStep, filterStep) => {
      for (let i = 0; i < count; i++)
        seen.push([output + i * outputStep, inputAt + i * inputStep, filterAt + i * filterStep]);
    });
    expect(seen).toEqual([[0, 0, 1], [0, 1, 0], [0, 2, 3], [0, 3, 2]]); // biome-ignore format: pairs
  });

  it("pads, and a filter that does not fit", () => {
    expect(["valid", "half", "full"].map((mode) => padOf(mode as Mode, 4))).toEqual([0, 2, 3]);
    expect(padOf("half", 5)).toBe(2);
    const tall: OpProblem = {
      op: "signal.conv2d",
      input: [1],
      inputShape: [1, 1],
      filters: [1, 1],
      filterShape: [2, 1],
    };
    expect(() => opTerms(tall)).toThrow(/oracle/);
  });
});

describe("golden", () => {
  for (const [name, { op, output, cases }] of Object.entries(goldenNames)) {
    it(`${name}: float64, double-double and ordered agree with every case`, (test) => {
      const examples = golden.cases.filter((example) => example.op === name);
      for (const example of examples) {
        const expected = example.outputs[output]!;
        const want = golden.values(expected);
        const terms = opTerms(problemOf(op, example));
        expect(terms.shape, example.id).toEqual(expected.shape);
        const { y, s, k } = opOracle(problemOf(op, example));
        const scale = Math.max(...want.map(Math.abs).filter(Number.isFinite), 0);
        const wrong = firstOutside(y, want, 1e-11 * scale, 1e-11);
        const place = wrong < 0 ? "" : `${at(terms.shape, wrong)}: ${y[wrong]} for ${want[wrong]}`;
        expect(wrong, `${example.id} ${example.tags} ${place}`).toBe(-1);
        expect(Math.max(0, ...k), example.id).toBeLessThanOrEqual(expected.terms);
        if (example.tags.includes("nonfinite")) continue;
        const { high } = compensated(terms);
        expect(
          high.findIndex((value, i) => Math.abs(value - y[i]!) > 1e-12 * s[i]!),
          example.id,
        ).toBe(-1);
        const inOrder = ordered(terms, dtypeOf(Object.values(example.inputs)[0]!));
        expect(firstOutside(inOrder, want, expected.atol, expected.rtol), example.id).toBe(-1);
        if (expected.exact) expect(firstDifference(inOrder, want), example.id).toBe(-1);
      }
      expect(examples.length).toBe(cases);
      note(test, `oracle: ${cases} golden cases of ${name}`);
    });
  }
});

function problemOf(
  op: (typeof goldenNames)[keyof typeof goldenNames]["op"],
  { params, inputs }: GoldenCase,
): OpProblem {
  const { names } = ops[op as OpName];
  const [input, filters, bias] = [inputs[names.input]!, inputs[names.filters]!, inputs[names.bias]];
  const mode = params.border_mode as Mode | readonly Mode[] | undefined;
  const both = (value: unknown) => value !== undefined && ([value, value] as number[]);
  return {
    op,
    input: golden.values(input),
    inputShape: input.shape,
    filters: golden.values(filters),
    filterShape: filters.shape,
    bias: bias && golden.values(bias),
    stride: (params.subsample ?? params.d ?? (both(params.stride) || undefined)) as number[] | undefined,
    border: typeof mode === "string" ? [mode, mode, mode] : (mode ?? (both(params.pad) || undefined)),
  };
}
