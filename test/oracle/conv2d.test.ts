// The oracles against the golden expectations, which two unrelated programs computed: the oracle that judges the
// library must itself be right. Its double-double and ordered twins are checked with it.
import { describe, expect, it } from "vitest";
import { dtypeOf, type GoldenCase, goldenUrl, loadGolden } from "../golden/load.ts";
import { at, firstDifference, firstOutside } from "../support/compare.ts";
import { note } from "../support/record.ts";
import { compensated } from "./compensated.ts";
import { type BorderMode, type Conv2dProblem, conv2d, conv2dTerms } from "./conv2d.ts";
import { ordered } from "./ordered.ts";

const golden = await loadGolden(goldenUrl());
const cases = golden.cases.filter(({ op }) => op === "nnet.conv2d");

describe("oracle of nnet.conv2d", () => {
  it("agrees with every golden case to 1e-11", (test) => {
    for (const example of cases) {
      const want = golden.values(example.outputs.output!);
      const { y, shape } = conv2d(problemOf(example));
      expect(shape, example.id).toEqual(example.outputs.output!.shape);
      // The overflow case stores what float32 must give, the oracle's double does not overflow.
      const got = example.tags.includes("values-overflow") ? Float64Array.from(Float32Array.from(y)) : y;
      const scale = Math.max(...want.map(Math.abs).filter(Number.isFinite), 0);
      const wrong = firstOutside(got, want, 1e-11 * scale, 1e-11);
      const place = wrong < 0 ? "" : `${at(shape, wrong)}: ${got[wrong]} for ${want[wrong]}`;
      expect(wrong, `${example.id} ${example.tags} ${place}`).toBe(-1);
    }
    expect(cases.length).toBe(156);
    note(test, `oracle: ${cases.length} golden cases`);
  });

  it("S and K are those of the terms", () => {
    for (const example of cases.filter(({ tags }) => !tags.includes("nonfinite"))) {
      const problem = problemOf(example);
      const { y, s, k } = conv2d(problem);
      const terms = k.reduce((most, value) => Math.max(most, value), 0);
      expect(terms, example.id).toBeLessThanOrEqual(example.outputs.output!.terms);
      const slack = 1 + 2 ** -40;
      expect(
        y.every((value, i) => Math.abs(value) <= s[i]! * slack),
        example.id,
      ).toBe(true);
      const positive = { ...problem, input: absolute(problem.input), filters: absolute(problem.filters) };
      const { y: sums } = conv2d({ ...positive, bias: problem.bias && absolute(problem.bias) });
      expect(firstOutside(s, sums, 0, 1e-12), example.id).toBe(-1);
    }
  });

  it("the double-double oracle agrees with the float64 one, and resolves what that one loses", () => {
    for (const example of cases.filter(({ inputs, tags }) => !inputs.bias && !tags.includes("nonfinite"))) {
      const problem = problemOf(example);
      const { y, s } = conv2d(problem);
      const { high } = compensated(conv2dTerms(problem));
      const wrong = high.findIndex((value, i) => Math.abs(value - y[i]!) > 1e-12 * s[i]!);
      expect(wrong, example.id).toBe(-1);
    }
    const one: Conv2dProblem = {
      input: [1, 2 ** -80, -1],
      inputShape: [1, 1, 1, 3],
      filters: [1, 1, 1],
      filterShape: [1, 1, 1, 3],
    };
    expect(conv2d(one).y[0]).toBe(0);
    expect(compensated(conv2dTerms(one)).high[0]).toBe(2 ** -80);
    const square = {
      ...one,
      input: [1 + 2 ** -30, 1, 0],
      filters: [0, -(1 + 2 ** -29), 1 + 2 ** -30],
      inputShape: [1, 1, 1, 3],
    };
    expect(compensated(conv2dTerms(square)).high[0]).toBe(2 ** -60);
  });

  it("the ordered oracle has the exact golden bits and stays near the others", () => {
    for (const example of cases.filter(({ tags }) => !tags.includes("values-overflow"))) {
      const { output } = example.outputs;
      const want = golden.values(output!);
      const got = ordered(conv2dTerms(problemOf(example)), dtypeOf(example.inputs.input!));
      expect(firstOutside(got, want, output!.atol, output!.rtol), example.id).toBe(-1);
      if (output!.exact) expect(firstDifference(got, want), example.id).toBe(-1);
    }
  });
});

function absolute(values: ArrayLike<number>): number[] {
  return Array.from(values, Math.abs);
}

function problemOf({ params, inputs }: GoldenCase): Conv2dProblem {
  return {
    input: golden.values(inputs.input!),
    inputShape: inputs.input!.shape,
    filters: golden.values(inputs.filters!),
    filterShape: inputs.filters!.shape,
    bias: inputs.bias && golden.values(inputs.bias),
    borderMode: params.border_mode as BorderMode,
    subsample: params.subsample as [number, number],
    filterDilation: params.filter_dilation as [number, number],
    filterFlip: params.filter_flip as boolean,
    numGroups: params.num_groups as number,
    unshared: params.unshared as boolean,
  };
}
