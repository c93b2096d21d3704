// The gradients with respect to inputs as gradients: ⟨conv(x, w), g⟩ = ⟨x, gradient(g, w)⟩, exactly, on integers; differences in
// float64; and what is particular to one of them.
import fc from "fast-check";
import { describe, expect, inject, it } from "vitest";
import { randomCase } from "../support/arbitrary.ts";
import { randomCaseOf } from "../support/arbitrary-ops.ts";
import { enginesOfThisFile } from "../support/engines.ts";
import { mustFail } from "../support/errors.ts";
import { goodSpecs } from "../support/fixtures.ts";
import { callOp, forwardOf, type GradientOp, gradientOps } from "../support/ops.ts";
import { gather, place } from "../support/place.ts";
import { fill, random } from "../support/random.ts";
import { countCalls, note } from "../support/record.ts";
import { type Engine, numbers, optionsOf, reproduce, type Spec } from "../support/spec.ts";

const cases = 200;
const engines = await enginesOfThisFile();

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

/** A spec of a gradient without what is not linear. */
function linear(op: GradientOp, { activation: _, bias: __, unroll: ___, layouts: ____, ...spec }: Spec): Spec {
  return { ...spec, op, values: "integers" };
}

/** x and G of a spec, its forward op's result for x, and its own for G; conv3D and convTransp3D with a bias of zeros. */
async function bothWays(engine: Engine, spec: Spec) {
  const op = spec.op as GradientOp;
  const { problem, dtype } = numbers(spec);
  const ofForward = { ...spec, op: forwardOf(op) };
  const x = numbers(ofForward).problem.input;
  const operand = (values: Float64Array, shape: readonly number[]) => place(values, shape, dtype, "c").operand;
  const [filters, bias] = [operand(problem.filters, problem.filterShape), forwardOf(op) === "conv3D"];
  const zeros = (count: number) => (bias ? operand(new Float64Array(count), [count]) : undefined);
  const forward = await callOp(
    engine,
    forwardOf(op),
    { input: operand(x, spec.input), filters, bias: zeros(spec.filters[0]!) },
    optionsOf(ofForward),
  );
  const back = await callOp(
    engine,
    op,
    { input: operand(problem.input, problem.inputShape), filters, bias: zeros(spec.input.at(-1)!) },
    optionsOf(spec),
  );
  expect(forward.shape).toEqual(problem.inputShape);
  expect(back.shape).toEqual(spec.input);
  return { x, g: problem.input, forward: gather(forward), back: gather(back) };
}

describe.each(gradientOps)("%s", (op) => {
  it(`is the adjoint of its forward op, on ${cases} random problems`, { timeout: 120_000 }, async (test) => {
    const forward = forwardOf(op);
    const random = forward === "nnet.conv2d" ? randomCase : randomCaseOf(forward);
    const seed = inject("seed");
    let evident = 0;
    for (const binary of engines.binaries) {
      const engine = await engines.get(binary);
      const property = fc.asyncProperty(random, async ({ spec: drawn }) => {
        const spec = linear(op, drawn);
        const { x, g, forward: y, back } = await bothWays(engine, spec);
        const [left, right] = [dot(y, g), dot(x, back)];
        if (left !== right) throw new Error(`${left} is not ${right}\n${reproduce(spec, { binary, form: "auto" })}`);
        if (left !== 0) evident++;
      });
      await fc.assert(property, { seed, numRuns: cases });
      countCalls(test, binary, 2 * cases);
    }
    note(test, `${op}: ${evident} inner products that are not 0, equal to the last bit, seed ${seed}`);
    expect(evident).toBeGreaterThan(cases);
  });

  it("is what differences of the forward op come to, in float64", async () => {
    const engine = await engines.get("simd");
    const spec: Spec = { ...goodSpecs[op], dtype: "float64", values: "zero-mean" };
    const { x, g, back } = await bothWays(engine, spec);
    const { problem } = numbers(spec);
    const ofForward = { ...spec, op: forwardOf(op) };
    const step = 2 ** -12;
    const place64 = (values: Float64Array, shape: readonly number[]) => place(values, shape, "float64", "c").operand;
    const filters = place64(problem.filters, problem.filterShape);
    const bias =
      forwardOf(op) === "conv3D" ? place64(new Float64Array(spec.filters[0]!), [spec.filters[0]!]) : undefined;
    const loss = async (at: number, by: number) => {
      const moved = Float64Array.from(x, (value, i) => (i === at ? value + by : value));
      const given = { input: place64(moved, spec.input), filters, bias };
      return dot(gather(await callOp(engine, forwardOf(op), given, optionsOf(ofForward))), g);
    };
    // The loss is linear in x: the difference is the gradient, but for rounding.
    for (let at = 0; at < x.length; at += 7) {
      const slope = ((await loss(at, step)) - (await loss(at, -step))) / (2 * step);
      expect(Math.abs(slope - back[at]!)).toBeLessThan(1e-8);
    }
  });
});

const ones = (...shape: number[]) => ({
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1),
  shape,
});

describe("shapes of results", () => {
  it("an entry that is null is that of the operands; others must be theirs", async () => {
    const engine = await engines.get("simd");
    const { conv2dGradWrtInputs, conv2dTranspose } = engine.nnet;
    const [g, w] = [ones(2, 4, 5, 6), ones(4, 3, 3, 3)];
    for (const imageShape of [
      [null, null, 7, 8],
      [2, null, 7, 8],
      [2, 3, 7, 8],
    ])
      expect((await conv2dGradWrtInputs(g, w, { imageShape })).shape).toEqual([2, 3, 7, 8]);
    for (const [imageShape, names] of [
      [[null, null, null, 8], ["imageShape"]], [undefined, ["imageShape"]], [[3, null, 7, 8], ["outputGrad"]], [[2, 5, 7, 8], ["filters"]],
      [[2, 3, 8, 8], ["outputGrad"]], [[2, 3, 1, 8], ["filters"]], [[2, 3, 7], ["imageShape"]], [[2, 3, 7, 0], ["imageShape"]],
    ] as const) {
      const call = () => conv2dGradWrtInputs(g, w, { imageShape } as never);
      expect(await mustFail(call, "ShapeError", names), String(imageShape)).toBeUndefined();
    } // biome-ignore format: a table
    const outputShape = [null, null, 11, 14] as const;
    const up = { outputShape, inputDilation: [2, 2] as const, imageShape: [2, 4, null, 6] };
    expect((await conv2dTranspose(g, w, up)).shape).toEqual([2, 3, 11, 14]);
    const hint = () => conv2dTranspose(g, w, { ...up, imageShape: [2, 4, 5, 5] });
    expect(await mustFail(hint, "ShapeError", ["imageShape"])).toBeUndefined();
    const subsampled = () => conv2dTranspose(g, w, { ...up, subsample: [2, 2] } as never);
    expect(await mustFail(subsampled, "OptionError", ["subsample"])).toBeUndefined();
  });

  it("convTransp3D: a RShape beyond the windows by more than a stride is b there, one below an error", async () => {
    const { convTransp3D } = await engines.get("simd");
    const [W, H] = [ones(4, 2, 2, 2, 3), ones(1, 2, 2, 2, 4)];
    const b = { data: Float32Array.of(5, 6, 7), shape: [3] };
    const R = await convTransp3D(W, b, [2, 2, 2], H, [9, 4, 5]);
    expect(R.shape).toEqual([1, 9, 4, 5, 3]);
    const values = gather(R);
    for (let i = 0; i < values.length; i++) {
      const [row, column, time, c] = [Math.floor(i / 60), Math.floor(i / 15) % 4, Math.floor(i / 3) % 5, i % 3];
      const reached = row < 4 && column < 4 && time < 4;
      expect(values[i]).toBe(5 + c + (reached ? 4 : 0));
    }
    for (const RShape of [undefined, null, [-1, -1, -1], [-1, 0, 99]])
      expect((await convTransp3D(W, b, [2, 2, 2], H, RShape)).shape).toEqual([1, 4, 4, 4, 3]);
    for (const RShape of [[3, 4, 4], [4, 4, -1], [4, 4], [4, 4, 4.5], 4, "444", [4, 4, Number.NaN], [2 ** 31, 4, 4]]) {
      const call = () => convTransp3D(W, b, [2, 2, 2], H, RShape as never);
      expect(await mustFail(call, "ShapeError", ["RShape"]), String(RShape)).toBeUndefined();
    }
  });

  it("imageActs: a shape up to (R − 1)·stride + h − pad, which may be left out for stride 1", async () => {
    const { imageActs } = (await engines.get("simd")).c01b;
    const [g, w] = [ones(4, 5, 6, 2), ones(3, 3, 3, 4)];
    expect((await imageActs(g, w)).shape).toEqual([3, 7, 8, 2]);
    expect((await imageActs(g, w, { pad: 1 })).shape).toEqual([3, 5, 6, 2]);
    expect((await imageActs(g, w, { pad: 1, outputShape: [6, 7] })).shape).toEqual([3, 6, 7, 2]);
    expect((await imageActs(g, w, { stride: 2, outputShape: [11, 9] })).shape).toEqual([3, 11, 9, 2]);
    for (const options of [
      { stride: 2 }, { pad: 1, outputShape: [7, 7] }, { pad: 1, outputShape: [6, 8] }, { outputShape: [2, 8] }, { stride: 2, outputShape: [12, 9] },
    ]) {
      const call = () => imageActs(g, w, options as never);
      expect(await mustFail(call, "ShapeError", ["outputShape"]), JSON.stringify(options)).toBeUndefined();
    } // biome-ignore format: a table
    const wide = () => imageActs(g, w, { stride: 4, outputShape: [9, 9] });
    expect(await mustFail(wide, "OptionError", ["stride"])).toBeUndefined();
  });
});

describe("plans", () => {
  it("say how many phases there are, and count every multiply-add once", async () => {
    const engine = await engines.get("simd");
    const shapes = { imageShape: [1, 8, 20, 20], filterShape: [16, 8, 3, 3] };
    using strided = await engine.nnet.conv2dGradWrtInputs.compile({ ...shapes, subsample: [2, 2] });
    using forward = await engine.nnet.conv2d.compile({ ...shapes, subsample: [2, 2] });
    expect(strided.plan.multiplyAdds).toBe(forward.plan.multiplyAdds);
    expect(strided.plan.describe()).toContain("4 phases");
    using pointwise = await engine.nnet.conv2dGradWrtInputs.compile({
      imageShape: [1, 8, 20, 20],
      filterShape: [16, 8, 1, 1],
      subsample: [2, 2],
    });
    expect(pointwise.plan.describe()).toContain("3 phases of the subsample, 2 of them without taps");
  });

  it("refuse what they cannot do by name", async () => {
    const { nnet } = await engines.get("simd");
    const compile = (more: object) => () =>
      nnet.conv2dGradWrtInputs.compile({ imageShape: [1, 1, 9, 9], filterShape: [1, 1, 3, 3], subsample: [2, 2], ...more });
    expect(await mustFail(compile({ algorithm: "separable" }), "OptionError", ["algorithm"])).toBeUndefined();
    expect(await mustFail(compile({ algorithm: "winograd" }), "OptionError", ["algorithm"])).toBeUndefined();
    const large = compile({ algorithm: "winograd", filterShape: [1, 1, 7, 7] });
    expect(await mustFail(large, "OptionError", ["algorithm"])).toBeUndefined();
    const unshared = { unshared: true, filterShape: [1, 4, 4, 1, 3, 3] };
    expect(await mustFail(compile({ ...unshared, algorithm: "fft" }), "OptionError", ["algorithm"])).toBeUndefined();
    expect(await mustFail(compile({ ...unshared, lanes: "pixels" }), "OptionError", ["lanes"])).toBeUndefined();
  }); // biome-ignore format: a table

  it("use filters of rank one and transforms where the subsample is 1", async () => {
    const { signal } = await engines.get("simd");
    const next = random(3);
    const reals = (...shape: number[]) => ({
      data: Float32Array.from(fill("zero-mean", shape[0]! * shape[1]!, next, "float32")),
      shape,
    });
    using large = await signal.conv2dGradWrtInputs.compile({ imageShape: [400, 400], filterShape: [31, 31] });
    expect(large.plan.algorithm).toBe("fft");
    using gaussian = await signal.conv2dGradWrtInputs.compile({ imageShape: [400, 400], filterShape: [9, 9] });
    const row = Float32Array.from({ length: 9 }, (_, i) => Math.exp(-((i - 4) ** 2) / 8));
    await gaussian.setFilters({ data: Float32Array.from({ length: 81 }, (_, i) => row[i % 9]! * row[Math.floor(i / 9)]!), shape: [9, 9] });
    expect(gaussian.plan.algorithm).toBe("separable");
    expect((await large.setFilters(reals(31, 31)).then(() => large.run(reals(370, 370)))).shape).toEqual([400, 400]);
  }); // biome-ignore format: one line
});
