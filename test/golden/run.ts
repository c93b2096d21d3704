// Runs golden cases through the library. The table `goldenOps` holds what is built so far: a later op is one more row, and so is
// the other half of a case that has two gradients.
import type { Binary } from "../support/binaries.ts";
import { at, firstDifference, firstOutside } from "../support/compare.ts";
import { type ErrorName, mustFail } from "../support/errors.ts";
import { type Guarded, gather, place } from "../support/place.ts";
import { forms, formsOf } from "../support/forms.ts";
import { callGradient, filterGradients, gradientForms } from "../support/filter-gradients.ts";
import { callOp, type ForwardOp, type GradientOp, type OpName, type OpRow, ops, planeTaps } from "../support/ops.ts";
import type { Engine } from "../support/spec.ts";
import { dtypeOf, type GoldenCase, type GoldenError, type GoldenSet } from "./load.ts";

type Inputs = Readonly<Record<string, Guarded>>;
type Params = Readonly<Record<string, unknown>>;
interface GoldenOp {
  readonly op: OpName;
  /** The names its errors use; those of `op` unless stated. */
  readonly row?: OpRow;
  /** The output of the case that it computes. */
  readonly output: string;
  /** Names of `forms` that serve the case; each of them is forced. */
  forms(example: Omit<GoldenCase, "id">): readonly string[];
  /** Its values in C order. `shape` is that of the expectation, where there is one. */
  run(engine: Engine, inputs: Inputs, params: Params, form: string, shape?: readonly number[]): Promise<Float64Array>;
}

/** An op of one result, whose inputs the golden set calls what the library calls them. */
function forward(op: OpName, output: string): GoldenOp {
  const { names } = ops[op];
  return {
    op,
    output,
    forms: (example) => serving(op, example, names.input),
    run: async (engine, inputs, params, form) => {
      const given = {
        input: inputs[names.input].operand,
        filters: inputs[names.filters].operand,
        bias: inputs[names.bias]?.operand,
      };
      return gather(await callOp(engine, op, given, { ...camelCase(params), ...forms[form].options }));
    },
  };
}

function serving(
  op: OpName,
  { params, inputs, tags }: Pick<GoldenCase, "params" | "inputs" | "tags">,
  input: string,
  filters = inputs[ops[op].names.filters].shape,
) {
  const served = {
    op,
    input: inputs[input].shape,
    filters,
    unshared: params.unshared === true,
    dtype: inputs[input].dtype === "f32" ? ("float32" as const) : ("float64" as const),
    filterDilation: (params.filter_dilation as [number, number] | undefined) ?? [1, 1],
    stride: params.stride as number | undefined,
    d: params.d as [number, number, number] | undefined,
    subsample: (params.subsample as [number, number] | undefined) ?? [1, 1],
    numGroups: (params.num_groups as number | undefined) ?? 1,
  };
  const special = tags.some((tag) => tag === "nonfinite" || tag.startsWith("values-"));
  return formsOf(served).filter((form) => forms[form].ordered || !special);
}

/**
 * A gradient with respect to the input. `from` is what the case calls the gradient of the output; `settings` tells the op the shape of
 * its result, by its params or, where it is half of a `.grad` case, by the shape of the expectation.
 */
function inputGradient(
  op: GradientOp,
  output: string,
  from: string,
  settings: (params: Params, shape: readonly number[]) => object,
  biasOf: (inputs: Inputs, shape: readonly number[]) => unknown = ({ bias }) => bias?.operand,
): GoldenOp {
  return {
    op,
    output,
    forms: (example) => serving(op, example, from),
    run: async (engine, inputs, params, form, shape = []) => {
      const { input_shape: _, output_shape: __, RShape: ___, ...rest } = params;
      const given = {
        input: inputs[from].operand,
        filters: inputs[ops[op].names.filters].operand,
        bias: biasOf(inputs, shape),
      };
      const all = camelCase({ ...rest, ...settings(params, shape) });
      return gather(await callOp(engine, op, given, { ...all, ...forms[form].options }));
    },
  };
}

/** A gradient with respect to the filters, whose shape the params tell, or the expectation. */
function filterGradient(op: ForwardOp, output: string, from: string, shapeParam?: string): GoldenOp {
  const row = filterGradients[op];
  // What the library's forms of sums are called here, by those of its options.
  const options = {
    auto: gradientForms.auto,
    unshared: {},
    "direct filters": gradientForms.filters,
    "direct pixels": gradientForms.dots,
    winograd: gradientForms.winograd,
  } as Readonly<Record<string, object>>;
  return {
    op,
    row,
    output,
    forms: (example) => {
      if (example.params.unshared === true) return ["auto", "unshared"];
      const { subsample = [], filter_dilation = [], stride = 1, d = [] } = example.params;
      const steps = [...(subsample as number[]), ...(filter_dilation as number[]), stride, ...(d as number[]).slice(1)];
      const { shape } = example.outputs[output];
      const nine = planeTaps(op, shape).every((taps) => taps === 3) && steps.every((step) => step === 1);
      const may = nine && serving(op, example, row.names.input, shape).includes("winograd");
      return ["auto", "direct filters", "direct pixels", ...(may ? ["winograd"] : [])];
    },
    run: async (engine, inputs, { filter_shape, WShape, partial_sum, ...rest }, form, shape = []) => {
      const declared = (shapeParam && { filter_shape, WShape }[shapeParam]) as readonly number[] | undefined;
      const whole = declared?.length === 2 ? [null, ...declared, null] : (declared ?? shape);
      const given = { input: inputs[row.names.input].operand, gradient: inputs[from].operand };
      const settings = camelCase({ ...rest, ...(partial_sum !== null && { partial_sum }) });
      return gather(await callGradient(engine, op, given, whole, { ...settings, ...options[form] }));
    },
  };
}

const named = (option: string) => (_: Params, shape: readonly number[]) => ({ [option]: shape });
/** The gradient of conv3D is convTransp3D without a bias. */
const noBias = ({ W }: Inputs) => place(undefined, W.operand.shape.slice(4), dtypeOfData(W), "c").operand;
const dtypeOfData = ({ operand }: Guarded) => (operand.data instanceof Float64Array ? "float64" : "float32");

const goldenOps: Readonly<Record<string, readonly GoldenOp[]>> = {
  "nnet.conv2d": [forward("nnet.conv2d", "output")],
  "signal.conv2d": [forward("signal.conv2d", "output")],
  conv3D: [forward("conv3D", "H")],
  "conv3d2d.conv3d": [forward("conv3d2d.conv3d", "output")],
  filterActs: [forward("c01b.filterActs", "output")],
  "nnet.conv2d.grad": [
    inputGradient("nnet.conv2dGradWrtInputs", "input_grad", "output_grad", named("imageShape")),
    filterGradient("nnet.conv2d", "filters_grad", "output_grad"),
  ],
  "nnet.conv2d.gradWeights": [filterGradient("nnet.conv2d", "filters_grad", "output_grad", "filter_shape")],
  "nnet.conv2d.gradInputs": [
    inputGradient("nnet.conv2dGradWrtInputs", "input_grad", "output_grad", ({ input_shape }) => ({
      imageShape: input_shape,
    })),
    inputGradient("nnet.conv2dTranspose", "input_grad", "output_grad", ({ input_shape, subsample }) => ({
      outputShape: input_shape,
      inputDilation: subsample,
      subsample: undefined,
    })),
  ],
  "signal.conv2d.grad": [
    inputGradient("signal.conv2dGradWrtInputs", "input_grad", "output_grad", named("imageShape")),
    filterGradient("signal.conv2d", "filters_grad", "output_grad"),
  ],
  "conv3D.grad": [
    inputGradient("convTransp3D", "V_grad", "H_grad", (_, shape) => ({ RShape: shape.slice(1, 4) }), noBias),
    filterGradient("conv3D", "W_grad", "H_grad"),
  ],
  convGrad3D: [filterGradient("conv3D", "W_grad", "H_grad", "WShape")],
  convTransp3D: [
    inputGradient("convTransp3D", "R", "H", ({ RShape }) => ({ RShape }), ({ b }) => b.operand),
  ],
  "conv3d2d.conv3d.grad": [
    inputGradient("conv3d2d.conv3dGradWrtSignals", "signals_grad", "output_grad", named("signalsShape")),
    filterGradient("conv3d2d.conv3d", "filters_grad", "output_grad"),
  ],
  weightActs: [filterGradient("c01b.filterActs", "output", "hid_grads", "filter_shape")],
  imageActs: [
    inputGradient("c01b.imageActs", "output", "hid_acts", ({ output_shape }) => ({ outputShape: output_shape })),
  ],
};

/** Cases of our own set whose op is built, and calls that must throw. */
export const GOLDEN = { cases: 452, errors: 72 } as const;

function rowsOf({ op, outputs }: GoldenCase): readonly GoldenOp[] {
  return (goldenOps[op] ?? []).filter(({ output }) => output in outputs);
}

/** At most so many cases of each op that is built, from all over the set. */
export function sampleOf(set: GoldenSet, perOp: number): GoldenSet {
  const byOp = new Map<string, GoldenCase[]>();
  const built = set.cases.filter((example) => rowsOf(example).length > 0);
  for (const example of built) byOp.set(example.op, [...(byOp.get(example.op) ?? []), example]);
  const spread = (cases: readonly GoldenCase[]) => {
    const wanted = Math.min(perOp, cases.length);
    return Array.from({ length: wanted }, (_, i) => cases[Math.floor((i * cases.length) / wanted)]);
  };
  return { ...set, cases: [...byOp.values()].flatMap(spread) };
}

/** b_grad is a sum of the gradient of the output, for which there is no op. */
const NO_OP = ["b_grad"];

/** How many results and must-throw cases of a set wait for later ops, by op. */
export function leftForLater(set: GoldenSet): string {
  const left = new Map<string, number>();
  const count = (op: string) => left.set(op, (left.get(op) ?? 0) + 1);
  for (const example of set.cases) {
    const computed = [...NO_OP, ...rowsOf(example).map(({ output }) => output)];
    for (const name of Object.keys(example.outputs)) if (!computed.includes(name)) count(`${example.op} ${name}`);
  }
  for (const { op } of set.errors) if (!goldenOps[op]) count(`${op} errors`);
  const total = [...left.values()].reduce((sum, n) => sum + n, 0);
  return `${total} cases of ops to come (${[...left].map(([op, n]) => `${op} ${n}`).join(", ") || "none"})`;
}

export interface GoldenReport {
  cases: number;
  calls: number;
  readonly byForm: Map<string, number>;
  readonly failures: string[];
}

/**
 * For `runGolden`: the GPU, of the cases that it serves, which gradients with respect to filters are not. WGSL lets an implementation
 * assume that there are no infinities and NaN.
 */
export function gpuForms({ inputs, params, tags }: GoldenCase, _: readonly string[], op: GoldenOp): readonly string[] {
  if (op.row) return [];
  const special = tags.some((tag) => tag === "nonfinite" || tag.startsWith("values-"));
  const single = Object.values(inputs).every(({ dtype }) => dtype === "f32");
  return single && !special && params.unshared !== true ? ["webgpu"] : [];
}

/** Every case whose op is built, in every form that serves it, inputs guarded. */
export async function runGolden(
  set: GoldenSet,
  engine: Engine,
  binary: Binary | "webgpu",
  formsFor: (example: GoldenCase, usual: readonly string[], op: GoldenOp) => readonly string[] = (_, usual) => usual,
): Promise<GoldenReport> {
  const report: GoldenReport = { cases: 0, calls: 0, byForm: new Map(), failures: [] };
  for (const example of set.cases) {
    const rows = rowsOf(example);
    if (rows.length > 0) report.cases++;
    for (const op of rows) {
      for (const form of formsFor(example, op.forms(example), op)) {
        const problem = await runCase(set, example, op, engine, form);
        report.calls++;
        report.byForm.set(form, (report.byForm.get(form) ?? 0) + 1);
        const what = `${example.id} (${op.op}, ${binary}, ${form})`;
        if (problem) report.failures.push(`${what}: ${problem}\n${describeCase(example)}`);
      }
    }
  }
  return report;
}

async function runCase(
  set: GoldenSet,
  example: GoldenCase,
  op: GoldenOp,
  engine: Engine,
  form: string,
): Promise<string | undefined> {
  const inputs: Record<string, Guarded> = {};
  for (const [name, array] of Object.entries(example.inputs)) {
    inputs[name] = place(set.values(array), array.shape, dtypeOf(array), "c");
  }
  const expected = example.outputs[op.output];
  let got: Float64Array;
  try {
    got = await op.run(engine, inputs, example.params, form, expected.shape);
  } catch (error) {
    return `threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  }
  const want = set.values(expected);
  if (got.length !== want.length) return `${op.output} has ${got.length} elements, must have ${want.length}`;
  const { atol, rtol, exact } = expected;
  const bits = exact && forms[form].exact;
  const wrong = bits ? firstDifference(got, want) : firstOutside(got, want, atol, rtol);
  if (wrong >= 0) {
    const bound = bits ? "exactly" : `within ${atol} + ${rtol}·|want|`;
    return `${op.output}${at(expected.shape, wrong)} is ${got[wrong]}, must be ${want[wrong]} ${bound}`;
  }
  for (const [name, guarded] of Object.entries(inputs)) {
    const damage = guarded.damage();
    if (damage) return `${name}: ${damage}`;
  }
  return undefined;
}

interface MustThrow {
  readonly error: ErrorName;
  /** Names it may give, as the op has them. */
  readonly arguments: (row: OpRow) => readonly string[];
}
const operands = ({ names }: OpRow) => [names.input, names.filters];

/** Must-throw cases: the promise must reject with this class, naming one of these arguments. */
export const mustThrow: Readonly<Record<string, MustThrow>> = {
  rank: { error: "ShapeError", arguments: operands },
  shape: { error: "ShapeError", arguments: (row) => [...operands(row), ...(row.result ? [row.result] : [])] },
  channels: { error: "ShapeError", arguments: (row) => [...operands(row), ...(row.result ? [row.result] : [])] },
  bias: { error: "ShapeError", arguments: ({ names }) => [names.bias] },
  border_mode: { error: "OptionError", arguments: () => ["borderMode"] },
  subsample: { error: "OptionError", arguments: () => ["subsample"] },
  stride: { error: "OptionError", arguments: ({ path }) => [path[0] === "conv3D" ? "d" : "stride"] },
  pad: { error: "OptionError", arguments: () => ["pad"] },
  filter_dilation: { error: "OptionError", arguments: () => ["filterDilation"] },
  num_groups: { error: "OptionError", arguments: () => ["numGroups"] },
  dtype: { error: "DTypeError", arguments: operands },
  shape_hint: { error: "ShapeError", arguments: ({ shapes }) => [shapes.input, shapes.filters] },
  partial_sum: { error: "OptionError", arguments: () => ["partialSum"] },
  unroll: { error: "OptionError", arguments: () => ["unrollBatch", "unrollKern", "unrollPatch"] },
};

export async function runErrors(set: GoldenSet, engine: Engine): Promise<{ ran: number; failures: string[] }> {
  const failures: string[] = [];
  let ran = 0;
  for (const example of set.errors) {
    const rows = goldenOps[example.op] ?? [];
    if (rows.length > 0) ran++;
    for (const op of rows) {
      const problem = await runError(example, op, engine);
      if (problem) failures.push(`${example.id} (${op.op}, ${example.why}): ${problem}\n${describeCase(example)}`);
    }
  }
  return { ran, failures };
}

async function runError(example: GoldenError, op: GoldenOp, engine: Engine): Promise<string | undefined> {
  const expected = mustThrow[example.error];
  if (!expected) return `the test has no row for the golden error "${example.error}"`;
  const inputs: Record<string, Guarded> = {};
  for (const [name, array] of Object.entries(example.inputs)) {
    inputs[name] = place(undefined, array.shape, dtypeOf(array), "c");
  }
  return mustFail(() => op.run(engine, inputs, example.params, "auto"), expected.error, expected.arguments(op.row ?? ops[op.op]));
}

function camelCase(params: Params): Record<string, unknown> {
  const entries = Object.entries(params).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.map(([key, value]) => [key.replace(/_(.)/g, (_, c) => c.toUpperCase()), value]));
}

function describeCase({ id, op, params, inputs }: GoldenCase | GoldenError): string {
  const shapes = Object.entries(inputs).map(([name, { shape }]) => `${name} [${shape}]`);
  return [
    `  op ${op}, ${shapes.join(", ")}, ${JSON.stringify(params)}`,
    `  repeat: GOLDEN=${id} npx vitest run --project node test/ops/golden.test.ts`,
  ].join("\n");
}
