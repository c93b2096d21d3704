// One nnet.conv2d test problem as plain data: everything needed to make its operands, call the library, compute the
// answer and print a line that repeats it (test/replay.ts reads the same JSON).
import type { createEngine } from "simdconv";
import { type BorderMode, type Conv2dProblem, conv2d, type OracleResult, outputShape } from "../oracle/conv2d.ts";
import { count, type DType, type Guarded, gather, type Layout, place } from "./place.ts";
import { fill, random, type Values } from "./random.ts";

export type Engine = Awaited<ReturnType<typeof createEngine>>;
export type Conv2dOptions = NonNullable<Parameters<Engine["nnet"]["conv2d"]>[2]>;
export type Activation = "linear" | "relu" | "tanh" | "sigmoid";

export interface Spec {
  readonly input: readonly [number, number, number, number];
  readonly filters: readonly [number, number, number, number]; // O, C/G, h, w also where unshared
  readonly seed: number;
  readonly values?: Values; // integers unless stated
  readonly dtype?: DType; // float32 unless stated
  readonly borderMode?: BorderMode;
  readonly subsample?: readonly [number, number];
  readonly filterDilation?: readonly [number, number];
  readonly filterFlip?: boolean;
  readonly numGroups?: number;
  readonly unshared?: boolean;
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
  readonly problem: Conv2dProblem;
  readonly shape: readonly [number, number, number, number];
}

/** The numbers of a spec, in C order. */
export function numbers(spec: Spec): Problem {
  const dtype = spec.dtype ?? "float32";
  const next = random(spec.seed);
  const [o, stack, h, w] = spec.filters;
  const base = { ...optionsOf(spec), inputShape: spec.input };
  const [, , rows, columns] = outputShape({ ...base, input: [], filters: [], filterShape: spec.filters });
  const filterShape = spec.unshared ? [o, rows, columns, stack, h, w] : spec.filters;
  const draw = (total: number) => fill(spec.values ?? "integers", total, next, dtype);
  const input = draw(count(spec.input));
  const filters = draw(count(filterShape));
  const bias = spec.bias ? draw(o) : undefined;
  const problem: Conv2dProblem = { ...base, input, filters, filterShape, bias };
  return { spec, dtype, problem, shape: outputShape(problem) };
}

/** The options of a spec as the library takes them, without operands. */
export function optionsOf(spec: Spec) {
  const { borderMode, subsample, filterDilation, filterFlip, numGroups, unshared } = spec;
  return {
    ...(borderMode !== undefined && { borderMode }),
    ...(subsample && { subsample }),
    ...(filterDilation && { filterDilation }),
    ...(filterFlip !== undefined && { filterFlip }),
    ...(numGroups !== undefined && { numGroups }),
    ...(unshared !== undefined && { unshared }),
  };
}

/** Fresh operands, each inside canaries. */
export function operandsOf({ spec, dtype, problem, shape }: Problem): Operands {
  const { input = "c", filters = "c", out } = spec.layouts ?? {};
  const [x, w, b] = [problem.input, problem.filters, problem.bias] as Float64Array[];
  return {
    input: place(x!, problem.inputShape, dtype, input),
    filters: place(w!, problem.filterShape, dtype, filters),
    bias: b && place(b, [b.length], dtype, "c"),
    out: out && place(undefined, shape, dtype, out),
  };
}

export interface Form {
  readonly algorithm?: "auto" | "direct" | "depthwise";
  readonly lanes?: "pixels" | "filters";
}

/** Every way to have nnet.conv2d computed. A new algorithm is a line here, and all tests force it. */
export const forms: Readonly<Record<string, Form>> = {
  auto: {},
  "direct pixels": { algorithm: "direct", lanes: "pixels" },
  "direct filters": { algorithm: "direct", lanes: "filters" },
  depthwise: { algorithm: "depthwise" },
  unshared: { algorithm: "direct" },
};

export function formsOf(unshared: boolean, channelsPerGroup: number): string[] {
  if (unshared) return ["auto", "unshared"];
  return ["auto", "direct pixels", "direct filters", ...(channelsPerGroup === 1 ? ["depthwise"] : [])];
}

export async function compute(engine: Engine, spec: Spec, operands: Operands, how: How): Promise<Float64Array> {
  const { input, filters, bias, out } = operands;
  const running = out ? { out: out.operand } : {};
  const options = {
    ...optionsOf(spec),
    ...(bias && { bias: bias.operand }),
    ...(spec.activation && { activation: spec.activation }),
    ...spec.unroll,
    ...forms[how.form],
  } as Conv2dOptions;
  const { via = "call" } = how;
  const declared = { imageShape: input.operand.shape, filterShape: filters.operand.shape };
  if (via === "call") {
    const hints = spec.unroll ? declared : {}; // unrolling wants every extent declared
    return gather(await engine.nnet.conv2d(input.operand, filters.operand, { ...options, ...hints, ...running }));
  }
  const dtype = spec.dtype ?? "float32";
  const { bias: _, ...planned } = options;
  const layer = await engine.nnet.conv2d.compile({ ...planned, ...declared, dtype });
  try {
    await layer.setFilters(filters.operand);
    if (bias) layer.setBias(bias.operand);
    const result = via === "run" ? await layer.run(input.operand, running) : layer.runSync(input.operand, running);
    return gather(result);
  } finally {
    layer[Symbol.dispose]();
  }
}

/** The oracle's answer, activation relu included (tanh and sigmoid have a test of their own). */
export function expected({ spec, problem }: Problem): OracleResult {
  const result = conv2d(problem);
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
  return [
    `  op nnet.conv2d, input [${spec.input}], filters [${spec.filters}], seed ${spec.seed}, ${how.binary}, ${how.form}`,
    `  repeat: npx tsx test/replay.ts '${JSON.stringify({ spec, how })}'`,
  ].join("\n");
}
