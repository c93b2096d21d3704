// The gradients with respect to filters as the library offers them, and their problems: that of the forward op, with numbers for the
// gradient of its outputs where it has filters.
import type { Tensor } from "simdconv";
import { filterGradientTerms } from "../oracle/filter-gradients.ts";
import { type OracleResult, sum, type Terms } from "../oracle/terms.ts";
import type { ForwardOp, OpRow } from "./ops.ts";
import { count, type DType, type Guarded, gather, place } from "./place.ts";
import { fill, random } from "./random.ts";
import { type Engine, type How, numbers, optionsOf, type Spec } from "./spec.ts";

/** `filters` is what errors call the gradient of the outputs. */
export const filterGradients: Readonly<Record<ForwardOp, OpRow & { readonly result: string }>> = {
  "nnet.conv2d": {
    path: ["nnet", "conv2dGradWrtWeights"],
    names: { input: "input", filters: "outputGrad", bias: "" },
    shapes: { input: "imageShape", filters: "filterShape" },
    result: "filterShape",
  },
  "signal.conv2d": {
    path: ["signal", "conv2dGradWrtFilters"],
    names: { input: "input", filters: "outputGrad", bias: "" },
    shapes: { input: "imageShape", filters: "filterShape" },
    result: "filterShape",
  },
  conv3D: {
    path: ["convGrad3D"],
    names: { input: "V", filters: "dCdH", bias: "" },
    shapes: { input: "VShape", filters: "WShape" },
    result: "WShape",
  },
  "conv3d2d.conv3d": {
    path: ["conv3d2d", "conv3dGradWrtFilters"],
    names: { input: "signals", filters: "outputGrad", bias: "" },
    shapes: { input: "signalsShape", filters: "filtersShape" },
    result: "filtersShape",
  },
  "c01b.filterActs": {
    path: ["c01b", "weightActs"],
    names: { input: "images", filters: "hidGrads", bias: "" },
    shapes: { input: "imagesShape", filters: "filtersShape" },
    result: "outputShape",
  },
};
export const forwardOps = Object.keys(filterGradients) as ForwardOp[];

interface Layer extends Disposable {
  readonly plan: {
    readonly algorithm: string;
    readonly steps: readonly { readonly kernel: string }[];
    describe(): string;
  };
  run(...given: unknown[]): Promise<Tensor>;
  runSync(...given: unknown[]): Tensor;
}
interface Gradient {
  (...given: unknown[]): Promise<Tensor>;
  compile(spec: unknown): Promise<Layer>;
}

export function gradientOf(engine: Engine, op: ForwardOp): Gradient {
  const { path } = filterGradients[op];
  return path.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], engine) as Gradient;
}

/** One call: convGrad3D takes d and the shape by position, weightActs only the rows and columns of the shape. */
export function callGradient(
  engine: Engine,
  op: ForwardOp,
  given: { readonly input: unknown; readonly gradient: unknown },
  shape: unknown,
  settings: object,
): Promise<Tensor> {
  const call = gradientOf(engine, op);
  if (op === "conv3D") {
    const { d, ...options } = settings as { d?: unknown };
    return call(given.input, d, shape, given.gradient, options);
  }
  const result = op === "c01b.filterActs" && Array.isArray(shape) ? shape.slice(1, 3) : shape;
  return call(given.input, given.gradient, { ...settings, [filterGradients[op].result]: result });
}

/** Ways of having it computed: options that force them. */
export const gradientForms = {
  auto: {},
  filters: { algorithm: "direct", lanes: "filters" },
  dots: { algorithm: "direct", lanes: "pixels" },
  /** Not in any list of forms: it is no sum, and test/ops/winograd-gradients.test.ts asks for it. */
  winograd: { algorithm: "winograd" },
} as const;
export type GradientForm = keyof typeof gradientForms;

export function gradientFormsOf(spec: Pick<Spec, "unshared">): readonly GradientForm[] {
  return spec.unshared ? ["auto"] : ["auto", "filters", "dots"];
}

export interface GradientProblem {
  readonly op: ForwardOp;
  readonly spec: Spec;
  readonly dtype: DType;
  readonly input: Float64Array;
  readonly gradient: Float64Array;
  readonly gradientShape: readonly number[];
  /** Of the filters, and of the result. */
  readonly shape: readonly number[];
  readonly forward: Terms;
  readonly terms: Terms;
}

/** `spec` is one of the forward op; its bias and activation do not matter. */
export function gradientProblem(spec: Spec): GradientProblem {
  const op = (spec.op ?? "nnet.conv2d") as ForwardOp;
  const { dtype, problem, terms: forward, shape: gradientShape } = numbers({ ...spec, bias: false, rankOne: false });
  const gradient = fill(spec.values ?? "integers", count(gradientShape), random(spec.seed + 1), dtype);
  const shape = problem.filterShape;
  const terms = filterGradientTerms(forward, gradient, shape);
  return { op, spec, dtype, input: problem.input, gradient, gradientShape, shape, forward, terms };
}

/** Of problems that are still in use: every binary and every form asks for the same. */
const answers = new WeakMap<GradientProblem, OracleResult>();

export function gradientOracle(problem: GradientProblem): OracleResult {
  const known = answers.get(problem) ?? sum(problem.terms);
  answers.set(problem, known);
  return known;
}

export interface GradientOperands {
  readonly input: Guarded;
  readonly gradient: Guarded;
  readonly out: Guarded | undefined;
}

export function gradientOperands({
  spec,
  dtype,
  input,
  gradient,
  gradientShape,
  shape,
}: GradientProblem): GradientOperands {
  const { input: first = "c", filters: second = "c", out } = spec.layouts ?? {};
  return {
    input: place(input, spec.input, dtype, first),
    gradient: place(gradient, gradientShape, dtype, second),
    out: out && place(undefined, shape, dtype, out),
  };
}

/** The options of the forward op that its gradient has too. */
export function gradientSettings(spec: Spec): object {
  return optionsOf(spec);
}

/** The result in C order. `more` goes into the options of the call or run. */
export async function computeGradient(
  engine: Engine,
  problem: GradientProblem,
  { input, gradient, out }: GradientOperands,
  how: { readonly form: GradientForm; readonly via?: How["via"] },
  more: object = {},
): Promise<Float64Array> {
  const { op, spec, dtype, shape } = problem;
  const settings = { ...gradientSettings(spec), ...gradientForms[how.form] };
  const running = { ...more, ...(out && { out: out.operand }) };
  if ((how.via ?? "call") === "call") {
    const given = { input: input.operand, gradient: gradient.operand };
    return gather(await callGradient(engine, op, given, shape, { ...settings, ...running }));
  }
  const { shapes } = filterGradients[op];
  const declared = { [shapes.input]: spec.input, [shapes.filters]: shape, dtype };
  using layer = await gradientOf(engine, op).compile({ ...settings, ...declared });
  const given = [input.operand, gradient.operand, running] as const;
  return gather(how.via === "run" ? await layer.run(...given) : layer.runSync(...given));
}

export function damageToGradient({ input, gradient, out }: GradientOperands): string | undefined {
  const found = { input: input.damage(), gradient: gradient.damage(), out: out?.damage(true) };
  const [name, what] = Object.entries(found).find(([, damage]) => damage) ?? [];
  return name && `${name}: ${what}`;
}

/** The last line of every failure message. */
export function describeGradient({ op, spec, shape, gradientShape }: GradientProblem, how: object): string {
  return `  gradient of ${op}, input [${spec.input}], filters [${shape}], outputs [${gradientShape}]: ${JSON.stringify({ spec, how })}`;
}
