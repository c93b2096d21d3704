// One test problem as plain data: everything needed to make its operands, call the library, compute the answer and print
// a line that repeats it (test/replay.ts reads the same JSON).
import type { createEngine } from "simdconv";
import { type BorderMode, conv2dTerms, outputShape } from "../oracle/conv2d.ts";
import { type Mode, opTerms } from "../oracle/ops.ts";
import { type OracleResult, sum, type Terms } from "../oracle/terms.ts";
import { forms } from "./forms.ts";
import { callOp, type OpName, opOf, ops } from "./ops.ts";
import { count, type DType, type Guarded, gather, type Layout, place } from "./place.ts";
import { fill, random, type Values } from "./random.ts";

export type Engine = Awaited<ReturnType<typeof createEngine>>;
export type Conv2dOptions = NonNullable<Parameters<Engine["nnet"]["conv2d"]>[2]>;
export type Activation = "linear" | "relu" | "tanh" | "sigmoid";
export { formsOf } from "./forms.ts";

export interface Spec {
  readonly op?: OpName; // nnet.conv2d unless stated
  /** Shapes as the op has them; of nnet.conv2d O, C/G, h, w also where unshared. */
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
  const input = draw(count(spec.input));
  const filters = spec.rankOne
    ? products(filterShape, spec.values ?? "integers", next, dtype)
    : draw(count(filterShape));
  const bias = op === "conv3D" || spec.bias ? draw(filterCountOf(spec)) : undefined;
  const problem = { input, inputShape: spec.input, filters, filterShape, bias };
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
  return dtype === "float32" ? Float64Array.from(Float32Array.from(filters)) : filters;
}

function filterShapeOf(spec: Spec): readonly number[] {
  if (!spec.unshared) return spec.filters;
  const [o, stack, h, w] = spec.filters;
  const base = { ...optionsOf(spec), inputShape: spec.input, input: [], filters: [], filterShape: spec.filters };
  const [, , rows, columns] = outputShape(base);
  return [o, rows, columns, stack, h, w];
}

function filterCountOf({ op = "nnet.conv2d", filters }: Spec): number {
  if (op === "c01b.filterActs") return filters[3];
  return op === "signal.conv2d" && filters.length === 2 ? 1 : filters[0];
}

function termsOf(spec: Spec, problem: Problem["problem"]): Terms {
  const { op = "nnet.conv2d", borderMode = "valid", subsample, d, pad = 0, stride = 1 } = spec;
  if (op === "nnet.conv2d") {
    return conv2dTerms({ ...problem, ...optionsOf(spec) });
  }
  const modes = (typeof borderMode === "string" ? [borderMode, borderMode, borderMode] : borderMode) as Mode[];
  switch (op) {
    case "signal.conv2d":
      return opTerms({ ...problem, op, stride: subsample, border: modes });
    case "conv3D":
      return opTerms({ ...problem, op, stride: d ?? [1, 1, 1] });
    case "conv3d2d.conv3d":
      return opTerms({ ...problem, op, border: modes });
    case "c01b.filterActs":
      return opTerms({ ...problem, op, stride: [stride, stride], border: [pad, pad] });
  }
}

/** The options of a spec as the library takes them, without operands. */
export function optionsOf(spec: Spec) {
  const { op, borderMode, subsample, filterDilation, filterFlip, numGroups, unshared, d, pad, stride } = spec;
  return {
    ...(borderMode !== undefined && { borderMode: borderMode as BorderMode }),
    ...(subsample && { subsample }),
    ...(filterDilation && { filterDilation }),
    ...(filterFlip !== undefined && { filterFlip }),
    ...(numGroups !== undefined && { numGroups }),
    ...(unshared !== undefined && { unshared }),
    ...(op === "conv3D" && { d: d ?? [1, 1, 1] }),
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
  const declared = declaredOf(op, operands);
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
    const given = op === "conv3D" && via === "run" ? [input.operand, bias!.operand] : [input.operand];
    if (bias && given.length === 1) layer.setBias(bias.operand);
    return gather(via === "run" ? await layer.run(...given, running) : layer.runSync(...given, running));
  } finally {
    layer[Symbol.dispose]();
  }
}

/** The shapes of the operands under the op's own names. */
export function declaredOf(op: OpName, { input, filters }: Pick<Operands, "input" | "filters">) {
  const { shapes } = ops[op];
  return { [shapes.input]: input.operand.shape, [shapes.filters]: filters.operand.shape };
}

/** The oracle's answer, activation relu included (tanh and sigmoid have a test of their own). */
export function expected({ spec, terms }: Problem): OracleResult {
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
