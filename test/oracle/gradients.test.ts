// The oracles of the gradients with respect to inputs: a gradient worked out by hand, the golden expectations, and the definition of
// a gradient itself: ⟨conv(x, w), g⟩ = ⟨x, gradient(g, w)⟩ of the two oracles, whose loops have nothing in common.
import { describe, expect, it } from "vitest";
import { dtypeOf, goldenUrl, loadGolden } from "../golden/load.ts";
import { firstOutside } from "../support/compare.ts";
import { gradientGrid } from "../support/grid-gradients.ts";
import { forwardOf, type OpName } from "../support/ops.ts";
import { numbers } from "../support/spec.ts";
import type { BorderMode } from "./conv2d.ts";
import { conv2dInputGradientTerms, opInputGradientTerms } from "./gradients.ts";
import { ordered } from "./ordered.ts";
import { sum } from "./terms.ts";

const golden = await loadGolden(goldenUrl());

describe("by hand", () => {
  it("an output's gradient goes back along the taps that made it, flipped as they were", () => {
    const filters = { filters: [1, 2, 3, 4], filterShape: [1, 1, 2, 2] };
    const impulse = { input: [1, 0, 0, 0], inputShape: [1, 1, 3, 3], ...filters };
    expect([...sum(conv2dInputGradientTerms(impulse)).y]).toEqual([4, 3, 0, 2, 1, 0, 0, 0, 0]);
    const unflipped = conv2dInputGradientTerms({ ...impulse, filterFlip: false });
    expect([...sum(unflipped).y]).toEqual([1, 2, 0, 3, 4, 0, 0, 0, 0]);
  });

  it("what no window reaches is 0; a stride of 3 under 2 taps leaves every third out", () => {
    const filter = { filters: [5, 7], filterShape: [1, 2] };
    const row = { op: "signal.conv2d", input: [1, 10], inputShape: [1, 7], ...filter, stride: [1, 3] } as const;
    const { y, k } = sum(opInputGradientTerms(row));
    expect([...y]).toEqual([7, 5, 0, 70, 50, 0, 0]);
    expect([...k]).toEqual([1, 1, 0, 1, 1, 0, 0]);
  });
});

it("nnet.conv2d.grad: float64 and ordered agree with every golden case", () => {
  const examples = golden.cases.filter(({ op, tags }) => op === "nnet.conv2d.grad" && !tags.includes("nonfinite"));
  for (const { id, params, inputs, outputs } of examples) {
    const expected = outputs.input_grad!;
    const terms = conv2dInputGradientTerms({
      input: golden.values(inputs.output_grad!),
      inputShape: expected.shape,
      filters: golden.values(inputs.filters!),
      filterShape: inputs.filters!.shape,
      borderMode: params.border_mode as BorderMode,
      subsample: params.subsample as [number, number],
      filterDilation: params.filter_dilation as [number, number],
      filterFlip: params.filter_flip as boolean,
      numGroups: params.num_groups as number,
      unshared: params.unshared as boolean,
    });
    const want = golden.values(expected);
    const scale = Math.max(...want.map(Math.abs), 0);
    expect(firstOutside(sum(terms).y, want, 1e-11 * scale, 1e-11), id).toBe(-1);
    const inOrder = ordered(terms, dtypeOf(inputs.output_grad!));
    expect(firstOutside(inOrder, want, expected.atol, expected.rtol), id).toBe(-1);
  }
  expect(examples.length).toBeGreaterThan(50);
});

it("each is the adjoint of the forward oracle, on the grid of gradients", () => {
  const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((all, x, i) => all + x * b[i]!, 0);
  let evident = 0;
  for (const { name, spec } of gradientGrid) {
    const back = numbers({ ...spec, bias: false });
    const ahead = numbers({ ...spec, op: forwardOf(spec.op as OpName), bias: false });
    const y = sum({ ...ahead.terms, filters: back.problem.filters, bias: undefined }).y;
    const dx = sum({ ...back.terms, bias: undefined }).y;
    const [left, right] = [dot(y, back.problem.input), dot(ahead.problem.input, dx)];
    expect(left, name).toBe(right);
    if (left !== 0) evident++;
  }
  expect(evident).toBeGreaterThan(300);
});
