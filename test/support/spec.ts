// One test problem as plain data: everything needed to make its operands, call the library, compute the answer and print
// a line that repeats it (test/replay.ts reads the same JSON).
import type { createEngine } from "simdconv";
import { type BorderMode, conv2dTerms, outputShape } from "../oracle/conv2d.ts";
import { conv2dInputGradientTerms, opInputGradientTerms } from "../oracle/gradients.ts";
import { type Mode, type OpProblem, opTerms } from "../oracle/ops.ts";
import { type OracleResult, sum, type Terms } from "../oracle/terms.ts";
import { forms } from "./forms.ts";
import { callOp, forwardOf, isGradient, type OpName, opOf, ops } from "./ops.ts";
import { count, type DType, type Guarded, gather, type Layout, place } from "./place.ts";
import { fill, random, type Values } from "./random.ts";

export type Engine = Awaited<ReturnType<typeof createEngine>>;
export type Conv2dOptions = NonNullable<Parameters<Engine["nnet"]["conv2d"]>[2]>;
export type Activation = "linear" | "relu" | "tanh" | "sigmoid";
export { formsOf } from "./forms.ts";

export interface Spec {
  readonly op?: OpName; // nnet.conv2d unless stated
  /** Shapes as the op has them, of a gradient as the forward op; of nnet.conv2d O, C/G, h, w also where unshared. */
  readonly input: readonly number[];
  readonly filters: readonly number[];
  readonly seed: number;
  readonly values?: Values; // integers unless stated
  /** Each filter is the product of a column and a row. */
  readonly rankOne?: boolean;
  readonly dtype?: DType; // float32 unless stated
  readonly borderMode?: BorderMode | readonly [Mode, Mode, Mode];
  readonly subsample?: readonly [number, number];
  readonly filterDilation?: readonly [number, number];
  readonly filterFlip?: boolean;
  readonly numGroups?: number;
  readonly unshared?: boolean;
  readonly d?: readonly [number, number, number]; // conv3D, which always has one
  readonly pad?: number; // filterActs
  readonly stride?: number; // filterActs
  /** conv3D always has one; of the others only nnet.conv2d takes one in a call, compiled they all do. */
  readonly bias?: boolean;
  readonly activation?: Activation;
  /** Theano's tuning words: other tiles, the same bits. */
  readonly unroll?: { readonly unrollBatch?: number; readonly unrollKern?: number; readonly unrollPatch?: boolean };
  readonly layouts?: { readonly input?: Layout; readonly filters?: Layout; readonly out?: Layout };
}

/** Which code computes it, beside the spec. */
export interface How {
  readonly binary: string;
  readonly form: string;
  readonly via?: "call" | "run" | "runSync";
}

export interface Operands {
  readonly input: Guarded;
  readonly filters: Guarded;
  readonly bias: Guarded | undefined;
  readonly out: Guarded | undefined;
}

export interface Problem {
  readonly spec: Spec;
  readonly dtype: DType;
  /** The numbers, in C order. */
  readonly problem: {
    readonly input: Float64Array;
    readonly inputShape: readonly number[];
    readonly filters: Float64Array;
    readonly filterShape: readonly number[];
    readonly bias: Float64Array | undefined;
  };
  /** What the oracles add up. */
  readonly terms: Terms;
  readonly shape: readonly number[];
}

/** The numbers of a spec, in C order. */
export function numbers(spec: Spec): Problem {
  const { op = "nnet.conv2d", dtype = "float32" } = spec;
  const next = random(spec.seed);
  const draw = (total: number) => fill(spec.values ?? "integers", total, next, dtype);
  const filterShape = filterShapeOf(spec);
  const inputShape = operandShapeOf(spec, filterShape);
  const input = draw(count(inputShape));
  const filters = spec.rankOne
    ? products(filterShape, spec.values ?? "integers", next, dtype)
    : draw(count(filterShape));
  const bias = op === "conv3D" || op === "convTransp3D" || spec.bias ? draw(biasCountOf(spec)) : undefined;
  const problem = { input, inputShape, filters, filterShape, bias };
  const terms = termsOf(spec, problem);
  return { spec, dtype, problem, terms, shape: terms.shape };
}

/** Filters of rank one, their columns of the kind asked for; of integers up to 30, which the product of two numbers up to 5 and 6 is. */
function products(shape: readonly number[], values: Values, next: () => number, dtype: DType): Float64Array {
  const [h, w] = shape.slice(-2) as [number, number];
  const filters = new Float64Array(count(shape));
  const small = (x: number, most: number) => (values === "integers" ? Math.round((x * most) / 32) : x);
  for (let from = 0; from < filters.length; from += h * w) {
    const column = fill(values, h, next, dtype);
    const row = fill(values === "mixed" ? "zero-mean" : values, w, next, dtype); // or exponents would add up
    for (let i = 0; i < h * w; i++) filters[from + i] = small(column[Math.floor(i / w)]!, 5) * small(row[i % w]!, 6);
  }
  return dtype === "float32" ? new Float64Array(new Float32Array(filters)) : filters;
}

function filterShapeOf(spec: Spec): readonly number[] {
  if (!spec.unshared) return spec.filters;
  const [o, stack, h, w] = spec.filters;
  const base = {
    ...optionsOf({ ...spec, op: "nnet.conv2d" }),
    inputShape: spec.input,
    input: [],
    filters: [],
    filterShape: spec.filters,
  };
  const [, , rows, columns] = outputShape(base);
  return [o, rows, columns, stack, h, w];
}

/** The shape of the operand beside the filters: of a gradient that of the forward op's result. */
function operandShapeOf(spec: Spec, filterShape: readonly number[]): readonly number[] {
  const { op = "nnet.conv2d" } = spec;
  if (!isGradient(op)) return spec.input;
  const none = new Float64Array(0);
  const problem = { input: none, inputShape: spec.input, filters: none, filterShape, bias: undefined };
  return termsOf({ ...spec, op: forwardOf(op) }, problem).shape;
}

/** Values of a bias: the channels of the result. */
function biasCountOf(spec: Spec): number {
  const { op = "nnet.conv2d", input } = spec;
  switch (op) {
    case "nnet.conv2dGradWrtInputs":
    case "nnet.conv2dTranspose":
      return input[1]!;
    case "signal.conv2dGradWrtInputs":
      return 1;
    case "convTransp3D":
      return input[4]!;
    case "conv3d2d.conv3dGradWrtSignals":
      return input[2]!;
    case "c01b.imageActs":
      return input[0]!;
    default:
      return filterCountOf(spec);
  }
}

function filterCountOf({ op = "nnet.conv2d", filters }: Spec): number {
  if (op === "c01b.filterActs") return filters[3];
  return op === "signal.conv2d" && filters.length === 2 ? 1 : filters[0];
}

function termsOf(spec: Spec, operands: Problem["problem"]): Terms {
  const { op: given = "nnet.conv2d", borderMode = "valid", subsample, d, pad = 0, stride = 1 } = spec;
  const op = forwardOf(given);
  // What the definitions call the input's shape is that of the forward op.
  const problem = { ...operands, inputShape: spec.input };
  if (op === "nnet.conv2d") {
    const whole = { ...problem, ...optionsOf({ ...spec, op }) };
    return isGradient(given) ? conv2dInputGradientTerms(whole) : conv2dTerms(whole);
  }
  const terms = (whole: OpProblem) => (isGradient(given) ? opInputGradientTerms(whole) : opTerms(whole));
  const modes = (typeof borderMode === "string" ? [borderMode, borderMode, borderMode] : borderMode) as Mode[];
  switch (op) {
    case "signal.conv2d":
      return terms({ ...problem, op, stride: subsample, border: modes });
    case "conv3D":
      return terms({ ...problem, op, stride: d ?? [1, 1, 1] });
    case "conv3d2d.conv3d":
      return terms({ ...problem, op, border: modes });
    case "c01b.filterActs":
      return terms({ ...problem, op, stride: [stride, stride], border: [pad, pad] });
  }
}

/** The options of a spec as the library takes them, without operands. */
export function optionsOf(spec: Spec) {
  const { op, borderMode, subsample, filterDilation, filterFlip, numGroups, unshared, d, pad, stride } = spec;
  return {
    ...(borderMode !== undefined && { borderMode: borderMode as BorderMode }),
    ...(subsample && { [op === "nnet.conv2dTranspose" ? "inputDilation" : "subsample"]: subsample }),
    ...(filterDilation && { filterDilation }),
    ...(filterFlip !== undefined && { filterFlip }),
    ...(numGroups !== undefined && { numGroups }),
    ...(unshared !== undefined && { unshared }),
    ...((op === "conv3D" || op === "convTransp3D") && { d: d ?? [1, 1, 1] }),
    ...resultShapeOf(spec),
    ...(pad !== undefined && { pad }),
    ...(stride !== undefined && { stride }),
  };
}

/** Fresh operands, each inside canaries. */
export function operandsOf({ spec, dtype, problem, shape }: Problem): Operands {
  const { input = "c", filters = "c", out } = spec.layouts ?? {};
  const { bias } = problem;
  return {
    input: place(problem.input, problem.inputShape, dtype, input),
    filters: place(problem.filters, problem.filterShape, dtype, filters),
    bias: bias && place(bias, [bias.length], dtype, "c"),
    out: out && place(undefined, shape, dtype, out),
  };
}

/** What plans the op beside the shapes: its options and those of the form. */
export function settingsOf(spec: Spec, form: string) {
  return {
    ...optionsOf(spec),
    ...(spec.activation && { activation: spec.activation }),
    ...spec.unroll,
    ...forms[form].options,
  };
}

export async function compute(engine: Engine, spec: Spec, operands: Operands, how: How): Promise<Float64Array> {
  const { op = "nnet.conv2d" } = spec;
  const { input, filters, bias, out } = operands;
  const running = out ? { out: out.operand } : {};
  const settings = settingsOf(spec, how.form);
  const declared = declaredOf(spec, operands);
  const { via = "call" } = how;
  if (via === "call") {
    const hints = spec.unroll ? declared : {}; // unrolling wants every extent declared
    const given = { input: input.operand, filters: filters.operand, bias: bias?.operand };
    return gather(await callOp(engine, op, given, { ...settings, ...hints, ...running }));
  }
  const layer = await opOf(engine, op).compile({ ...settings, ...declared, dtype: spec.dtype ?? "float32" });
  try {
    await layer.setFilters(filters.operand);
    // To a run of conv3D b is an operand that may be left out; each way has its turn.
    const given =
      (op === "conv3D" || op === "convTransp3D") && via === "run" ? [input.operand, bias!.operand] : [input.operand];
    if (bias && given.length === 1) layer.setBias(bias.operand);
    return gather(via === "run" ? await layer.run(...given, running) : layer.runSync(...given, running));
  } finally {
    layer.dispose();
  }
}

/** The shapes that compile wants, under the op's own names: those of the operands, of a gradient that of its result. */
export function declaredOf(
  { op = "nnet.conv2d", input: result }: Pick<Spec, "op" | "input">,
  { input, filters }: Pick<Operands, "input" | "filters">,
) {
  const { shapes } = ops[op];
  const named = isGradient(op) && op !== "convTransp3D" ? result : input.operand.shape;
  const hint = op === "nnet.conv2dTranspose" ? { imageShape: input.operand.shape } : {}; // unrolling wants it declared
  return { ...hint, [shapes.input]: named, [shapes.filters]: filters.operand.shape };
}

/** What tells a gradient the shape of its result. */
function resultShapeOf({ op, input }: Spec) {
  switch (op) {
    case "nnet.conv2dGradWrtInputs":
    case "signal.conv2dGradWrtInputs":
      return { imageShape: input };
    case "nnet.conv2dTranspose":
      return { outputShape: input };
    case "convTransp3D":
      return { RShape: input.slice(1, 4) };
    case "conv3d2d.conv3dGradWrtSignals":
      return { signalsShape: input };
    case "c01b.imageActs":
      return { outputShape: input.slice(1, 3) };
    default:
      return {};
  }
}

/** Of problems that are still in use: every binary and every form asks for the same. */
const answers = new WeakMap<Problem, OracleResult>();

/** The oracle's answer, activation relu included (tanh and sigmoid have a test of their own). */
export function expected(problem: Problem): OracleResult {
  const known = answers.get(problem) ?? answer(problem);
  answers.set(problem, known);
  return known;
}

function answer({ spec, terms }: Problem): OracleResult {
  const result = sum(terms);
  if (spec.activation === "relu") for (let i = 0; i < result.y.length; i++) result.y[i] = Math.max(0, result.y[i]!);
  return result;
}

export function damageTo(operands: Operands): string | undefined {
  for (const name of ["input", "filters", "bias"] as const) {
    const found = operands[name]?.damage();
    if (found) return `${name}: ${found}`;
  }
  const found = operands.out?.damage(true);
  return found && `out: ${found}`;
}

/** The last line of every failure message. */
export function reproduce(spec: Spec, how: How): string {
  const { op = "nnet.conv2d", input, filters, seed } = spec;
  return [
    `  op ${op}, input [${input}], filters [${filters}], seed ${seed}, ${how.binary}, ${how.form}`,
    `  repeat: npx tsx test/replay.ts '${JSON.stringify({ spec, how })}'`,
  ].join("\n");
}
