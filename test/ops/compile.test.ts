// compile() of signal.conv2d, conv3D, conv3d2d.conv3d, filterActs and the gradients, as nnet/conv2d.compile.test.ts has it for nnet.conv2d: one
// table over the ops, and what is particular to one of them behind it.
import { beforeAll, describe, expect, it } from "vitest";
import { enginesOfThisFile } from "../support/engines.ts";
import { failureOf, mustFail, wrongError } from "../support/errors.ts";
import { goodSpecs } from "../support/fixtures.ts";
import { forms } from "../support/forms.ts";
import { channelsOf, gradientOps, isGradient, type LooseLayer, opOf, ops, smallOps } from "../support/ops.ts";
import { count, type Floats, gather, place } from "../support/place.ts";
import { countCalls } from "../support/record.ts";
import {
  declaredOf,
  type Engine,
  expected,
  formsOf,
  numbers,
  operandsOf,
  optionsOf,
  type Spec,
} from "../support/spec.ts";

const engines = await enginesOfThisFile();
let engine: Engine;
beforeAll(async () => {
  engine = await engines.get("simd");
});

interface Plain {
  readonly data: Floats;
  readonly shape: readonly number[];
}

/** The good problem of an op without a bias: operands, answer, and what compile is told. */
function good(spec: Spec) {
  const op = spec.op!;
  const problem = numbers({ ...spec, bias: false });
  const { input, filters } = operandsOf(problem);
  const { y } = expected({ ...problem, terms: { ...problem.terms, bias: undefined } });
  const plain = (values: Float64Array, shape: readonly number[]): Plain => ({ data: Float32Array.from(values), shape });
  return {
    op,
    input: plain(problem.problem.input, problem.problem.inputShape),
    filters: plain(problem.problem.filters, spec.filters),
    y,
    shape: problem.shape,
    filterOf: problem.terms.filterOf,
    filterCount: 1 + Math.max(...Array.from(y, (_, i) => problem.terms.filterOf(i))),
    planned: { ...optionsOf(spec), ...declaredOf(spec, { input, filters }) },
  };
}

const times = (factor: number, { data, shape }: Plain): Plain => ({
  data: data.map((x) => factor * x) as Floats,
  shape,
});
const scaled = (y: Float64Array, factor: number) => y.map((value) => (value === 0 ? 0 : factor * value));
const compiled = (used: Engine, { op, planned }: ReturnType<typeof good>, more: object = {}): Promise<LooseLayer> =>
  opOf(used, op).compile({ ...planned, ...more });

describe.each([...smallOps, ...gradientOps])("compiled %s", (op) => {
  const { names, shapes } = ops[op];
  const one = good(goodSpecs[op]);

  it("runs as often as one likes, run and runSync alike, on every binary and form", async (test) => {
    for (const binary of engines.binaries) {
      for (const form of formsOf(goodSpecs[op])) {
        using layer = await compiled(await engines.get(binary), one, forms[form].options);
        await layer.setFilters(one.filters);
        for (let round = 0; round < 4; round++) {
          if (!forms[form].exact) continue;
          expect(gather(await layer.run(one.input)), form).toEqual(one.y);
          expect(gather(layer.runSync(one.input)), form).toEqual(one.y);
          countCalls(test, binary, 2);
        }
      }
    }
  });

  it("describes its plan", async () => {
    const { subsample = [1], d = [1], stride = 1, filters } = goodSpecs[op];
    const strided = [...subsample, ...d, stride].some((step) => step > 1);
    // Each output takes a filter's worth of products; of a strided gradient each input gives one to as many.
    const [places, sharing] =
      isGradient(op) && strided ? [one.input.shape, channelsOf(goodSpecs[op])] : [one.shape, one.filterCount];
    const work = (count(places) * count(filters)) / sharing;
    for (const binary of engines.binaries) {
      using layer = await compiled(await engines.get(binary), one);
      expect(layer.plan).toMatchObject({ device: "wasm", binary, workers: 0 });
      expect(layer.plan.outputShape).toEqual(one.shape);
      expect(layer.plan.multiplyAdds).toBe(work);
      expect(layer.plan.describe()).toContain(binary);
      expect(Object.isFrozen(layer.plan)).toBe(true);
    }
  });

  it("run before setFilters is an OptionError naming the filters", async () => {
    using layer = await compiled(engine, one);
    const called = ["filters", names.filters];
    expect(await mustFail(() => layer.run(one.input), "OptionError", called)).toBeUndefined();
    expect(await mustFail(() => layer.runSync(one.input), "OptionError", called)).toBeUndefined();
  });

  it("filters are read before setFilters returns, the input before run does", async () => {
    using layer = await compiled(engine, one);
    const [filters, input] = [times(1, one.filters), times(1, one.input)];
    const done = layer.setFilters(filters);
    filters.data.fill(Number.NaN);
    await done;
    const running = layer.run(input);
    input.data.fill(Number.NaN);
    expect(gather(await running)).toEqual(one.y);
  });

  it("filters set twice with runs in flight: each run keeps those that were set when it began", async () => {
    using layer = await compiled(engine, one);
    const expectations: [Promise<Plain>, number][] = [];
    for (const factor of [1, -1, 3]) {
      const setting = layer.setFilters(times(factor, one.filters)); // not awaited: a run may begin before they are packed
      for (let i = 0; i < 3; i++) expectations.push([layer.run(one.input), factor]);
      if (factor === 3) await setting;
    }
    for (const [running, factor] of expectations) expect(gather(await running)).toEqual(scaled(one.y, factor));
    expect(gather(layer.runSync(one.input))).toEqual(scaled(one.y, 3));
  });

  it("overlapping runs give each its own answer", async () => {
    using layer = await compiled(engine, one);
    await layer.setFilters(one.filters);
    const factors = [1, 2, 3, 4, 5, 6, 7, 8];
    const results = await Promise.all(factors.map((factor) => layer.run(times(factor, one.input))));
    for (const [i, result] of results.entries()) expect(gather(result)).toEqual(scaled(one.y, factors[i]!));
  });

  it("setBias sets, replaces and removes the bias, one value for each filter", async () => {
    using layer = await compiled(engine, one);
    await layer.setFilters(one.filters);
    const want = (bias: readonly number[]) => one.y.map((y, i) => y + bias[one.filterOf(i)]!);
    for (const offset of [0, -7, 1000]) {
      const bias = Array.from({ length: one.filterCount }, (_, i) => offset + i * i);
      const data = Float32Array.from(bias);
      layer.setBias({ data, shape: [bias.length] });
      data.fill(Number.NaN); // read before setBias returns
      expect(gather(await layer.run(one.input))).toEqual(want(bias));
      expect(gather(layer.runSync(one.input))).toEqual(want(bias));
    }
    const long = { data: new Float32Array(one.filterCount + 1), shape: [one.filterCount + 1] };
    expect(await mustFail(() => layer.setBias(long), "ShapeError", [names.bias])).toBeUndefined();
    const double = { data: new Float64Array(one.filterCount), shape: [one.filterCount] };
    expect(await mustFail(() => layer.setBias(double), "DTypeError", [names.bias])).toBeUndefined();
    layer.setBias(null);
    expect(gather(await layer.run(one.input))).toEqual(one.y);
  });

  it("writes out, and refuses what does not fit the plan", async () => {
    using layer = await compiled(engine, one);
    await layer.setFilters(one.filters);
    const out = place(undefined, one.shape, "float32", "gapped");
    for (const run of [
      () => layer.run(one.input, { out: out.operand }),
      async () => layer.runSync(one.input, { out: out.operand }),
    ]) {
      expect((await run()).data).toBe(out.operand.data);
      expect(out.read()).toEqual(one.y);
      expect(out.damage(true)).toBeUndefined();
    }
    const other = { ...one.input, shape: [1, ...one.input.shape] };
    const double = { data: new Float64Array(one.input.data.length), shape: one.input.shape };
    const refused = [
      [() => layer.run(other), "ShapeError", names.input],
      [() => layer.runSync(other), "ShapeError", names.input],
      [() => layer.run(double), "DTypeError", names.input],
      [() => layer.setFilters(other), "ShapeError", names.filters],
      [() => layer.setFilters({ ...double, shape: one.filters.shape }), "DTypeError", names.filters],
      [() => layer.run(one.input, { out: one.input }), "ShapeError", "out"],
      [() => layer.run(one.input, { algorithm: "direct" }), "OptionError", "algorithm"],
      [() => layer.run(one.input, { subsample: [1, 1] }), "OptionError", "subsample"],
    ] as const;
    for (const [call, error, name] of refused)
      expect(await mustFail(call, error, [name]), String(call)).toBeUndefined();
    expect(gather(await layer.run(one.input))).toEqual(one.y); // a refused setFilters changed nothing
  });

  it("a shape that is missing, null, or has a null entry is an error that names it", async () => {
    const { compile } = opOf(engine, op);
    for (const key of [shapes.input, shapes.filters]) {
      const { [key]: shape, ...rest } = one.planned as Record<string, unknown>;
      const list = shape as number[];
      const holes = list.map((_, at) => list.map((extent, axis) => (axis === at ? null : extent)));
      for (const value of [null, [], ...holes, [...list, 1, 1], list.map(String)]) {
        const what = `${key} ${JSON.stringify(value)}`;
        const role = key === shapes.input ? names.input : names.filters;
        expect(
          await mustFail(() => compile({ ...rest, [key]: value }), "ShapeError", [key, role]),
          what,
        ).toBeUndefined();
      }
      expect(await mustFail(() => compile(rest), "ShapeError", [key]), `no ${key}`).toBeUndefined();
    }
  });

  it("after dispose everything is a DisposedError; runs in flight settle", async () => {
    const layer = await compiled(engine, one);
    await layer.setFilters(one.filters);
    const running = [layer.run(one.input), layer.run(one.input)];
    layer[Symbol.dispose]();
    layer[Symbol.dispose]();
    for (const outcome of await Promise.allSettled(running)) {
      if (outcome.status === "fulfilled") expect(gather(outcome.value)).toEqual(one.y);
      else expect(wrongError(outcome.reason, "DisposedError", [])).toBeUndefined();
    }
    for (const call of [
      () => layer.run(one.input),
      () => layer.runSync(one.input),
      () => layer.setFilters(one.filters),
      () => layer.setBias(null),
    ]) {
      const failure = await failureOf(call);
      expect(failure, String(call)).toBeDefined();
      expect(wrongError(failure?.error, "DisposedError", [])).toBeUndefined();
    }
  });

  it("plans float64 where it is told to, and config.floatX where not", async () => {
    using layer = await compiled(engine, one, { dtype: "float64" });
    const double = ({ data, shape }: Plain) => ({ data: Float64Array.from(data), shape });
    await layer.setFilters(double(one.filters));
    const result = await layer.run(double(one.input));
    expect(result.dtype).toBe("float64");
    expect(gather(result)).toEqual(one.y);
    expect(await mustFail(() => layer.run(one.input), "DTypeError", [names.input])).toBeUndefined();
  });
});

describe("conv3D takes b in a run", () => {
  const one = good(goodSpecs.conv3D);
  const bias = (from: number) => ({ data: Float32Array.from([1, 2, 3, 4], (i) => from * i), shape: [4] });
  const plus = (from: number) => one.y.map((y, i) => y + from * (1 + one.filterOf(i)));

  it("run(V), run(V, b), run(V, options) and run(V, b, options); b for that run only", async () => {
    using layer = await engine.conv3D.compile(one.planned as never);
    await layer.setFilters(one.filters);
    const options = { openmp: false };
    expect(gather(await layer.run(one.input))).toEqual(one.y); // none at first
    for (const set of [undefined, 10]) {
      if (set) layer.setBias(bias(set));
      const kept = set ? plus(set) : one.y;
      expect(gather(await layer.run(one.input))).toEqual(kept);
      expect(gather(await layer.run(one.input, bias(5)))).toEqual(plus(5));
      expect(gather(await layer.run(one.input, options))).toEqual(kept);
      expect(gather(await layer.run(one.input, {}))).toEqual(kept);
      expect(gather(await layer.run(one.input, undefined))).toEqual(kept);
      expect(gather(await layer.run(one.input, bias(-3), options))).toEqual(plus(-3));
      expect(gather(await layer.run(one.input, bias(-3), undefined))).toEqual(plus(-3));
      expect(gather(await layer.run(one.input, null, options))).toEqual(one.y); // null is no bias
      expect(gather(layer.runSync(one.input))).toEqual(kept);
      expect(gather(layer.runSync(one.input, bias(5)))).toEqual(plus(5));
      expect(gather(layer.runSync(one.input, options))).toEqual(kept);
      expect(gather(layer.runSync(one.input, bias(-3), options))).toEqual(plus(-3));
    }
  });

  it("runs in flight with biases of their own, changed after the call", async () => {
    using layer = await engine.conv3D.compile(one.planned as never);
    await layer.setFilters(one.filters);
    const running = [1, 2, 3, 4].map((from) => {
      const own = bias(from);
      const result = layer.run(one.input, own);
      own.data.fill(Number.NaN);
      return result;
    });
    for (const [i, result] of (await Promise.all(running)).entries()) expect(gather(result)).toEqual(plus(i + 1));
  });

  it("a b that does not fit, and an out that is b, are refused by name", async () => {
    using layer = (await engine.conv3D.compile(one.planned as never)) as unknown as LooseLayer;
    await layer.setFilters(one.filters);
    const all = new Float32Array(count(one.shape));
    const refused = [
      [{ data: new Float32Array(5), shape: [5] }, {}, "ShapeError", "b"],
      [{ data: new Float32Array(4), shape: [4, 1] }, {}, "ShapeError", "b"],
      [{ data: new Float64Array(4), shape: [4] }, {}, "DTypeError", "b"],
      [{ data: new Int32Array(4), shape: [4] }, {}, "DTypeError", "b"],
      [{ data: new Float32Array(3), shape: [4] }, {}, "ShapeError", "b"],
      [5, {}, "ShapeError", "b"],
      [{ data: all.subarray(0, 4), shape: [4] }, { out: { data: all, shape: one.shape } }, "OptionError", "out"],
    ] as const;
    for (const [b, options, error, name] of refused) {
      for (const call of [() => layer.run(one.input, b, options), () => layer.runSync(one.input, b, options)])
        expect(await mustFail(call, error, [name]), String(b)).toBeUndefined();
    }
    expect(gather(await layer.run(one.input))).toEqual(one.y);
  });
});

describe("signal.conv2d compiled before its filters are known", () => {
  it("serves general filters, filters of rank one and both in turn", async (test) => {
    const spec: Spec = { op: "signal.conv2d", input: [2, 30, 31], filters: [2, 9, 7], seed: 7 };
    const [general, rankOne] = [good(spec), good({ ...spec, rankOne: true })];
    for (const binary of engines.binaries) {
      using layer = await compiled(await engines.get(binary), general, { algorithm: "direct" });
      using chosen = await compiled(await engines.get(binary), general);
      for (const each of [general, rankOne, general, general, rankOne, rankOne]) {
        for (const compiledOp of [layer, chosen]) {
          const setting = compiledOp.setFilters(each.filters);
          const early = compiledOp.run(each.input); // before they are packed
          await setting;
          for (const result of [await early, await compiledOp.run(each.input), compiledOp.runSync(each.input)])
            expect(gather(result), compiledOp.plan.algorithm).toEqual(each.y);
          countCalls(test, binary, 3);
        }
      }
    }
  });
});
