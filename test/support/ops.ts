// The ops as the library offers them: how each is reached, what it calls its operands, and where its options go. A later op
// is a row here, one in the oracle, and one in golden/run.ts.
import type { Tensor } from "simdconv";
import type { SmallOp } from "../oracle/ops.ts";
import type { Engine, Spec } from "./spec.ts";

export type ForwardOp = "nnet.conv2d" | SmallOp;

/** Gradients with respect to inputs, and the op whose they are. Of a spec of theirs `input` is the shape of that op's input, and of the result. */
export const gradientsOf = {
  "nnet.conv2dGradWrtInputs": "nnet.conv2d",
  "nnet.conv2dTranspose": "nnet.conv2d",
  "signal.conv2dGradWrtInputs": "signal.conv2d",
  convTransp3D: "conv3D",
  "conv3d2d.conv3dGradWrtSignals": "conv3d2d.conv3d",
  "c01b.imageActs": "c01b.filterActs",
} as const satisfies Record<string, ForwardOp>;
export type GradientOp = keyof typeof gradientsOf;
export type OpName = ForwardOp | GradientOp;
export const gradientOps = Object.keys(gradientsOf) as GradientOp[];

export function isGradient(op: OpName): op is GradientOp {
  return op in gradientsOf;
}

/** The op itself, or that of which it is the gradient. */
export function forwardOf(op: OpName): ForwardOp {
  return isGradient(op) ? gradientsOf[op] : op;
}

type Channelled = Pick<Spec, "op" | "input" | "filters" | "numGroups">;

/** Channels that are summed for one output; of a gradient the forward op's filters. */
export function channelsOf({ op = "nnet.conv2d", input, filters, numGroups = 1 }: Channelled): number {
  if (isGradient(op)) {
    const forward = gradientsOf[op];
    if (forward === "signal.conv2d") return filters.length === 2 ? 1 : filters[0];
    return forward === "c01b.filterActs" ? filters[3] : filters[0] / (forward === "nnet.conv2d" ? numGroups : 1);
  }
  if (op === "signal.conv2d") return 1;
  if (op === "conv3D") return input[4];
  return op === "nnet.conv2d" ? filters.at(-3)! : op === "conv3d2d.conv3d" ? input[2] : input[0];
}

/** An op without its types, for calls that are made from data. */
export interface LooseOp {
  (...given: unknown[]): Promise<Tensor>;
  compile(spec: unknown): Promise<LooseLayer>;
}
export type LooseLayer = Omit<Awaited<ReturnType<Engine["nnet"]["conv2d"]["compile"]>>, "run" | "runSync"> & {
  run(...given: unknown[]): Promise<Tensor>;
  runSync(...given: unknown[]): Tensor;
};

export interface OpRow {
  /** Where the engine has it. */
  readonly path: readonly string[];
  /** What errors call the operands. */
  readonly names: { readonly input: string; readonly filters: string; readonly bias: string };
  /** What a spec of `compile` calls their shapes. */
  readonly shapes: { readonly input: string; readonly filters: string };
  /** Of a gradient, the argument that tells the shape of the result. */
  readonly result?: string;
}

const filters = "filters";
const bias = "bias";
export const ops: Readonly<Record<OpName, OpRow>> = {
  "nnet.conv2d": {
    path: ["nnet", "conv2d"],
    names: { input: "input", filters, bias },
    shapes: { input: "imageShape", filters: "filterShape" },
  },
  "signal.conv2d": {
    path: ["signal", "conv2d"],
    names: { input: "input", filters, bias },
    shapes: { input: "imageShape", filters: "filterShape" },
  },
  conv3D: {
    path: ["conv3D"],
    names: { input: "V", filters: "W", bias: "b" },
    shapes: { input: "VShape", filters: "WShape" },
  },
  "conv3d2d.conv3d": {
    path: ["conv3d2d", "conv3d"],
    names: { input: "signals", filters, bias },
    shapes: { input: "signalsShape", filters: "filtersShape" },
  },
  "c01b.filterActs": {
    path: ["c01b", "filterActs"],
    names: { input: "images", filters, bias },
    shapes: { input: "imagesShape", filters: "filtersShape" },
  },
  "nnet.conv2dGradWrtInputs": {
    path: ["nnet", "conv2dGradWrtInputs"],
    result: "imageShape",
    names: { input: "outputGrad", filters, bias },
    shapes: { input: "imageShape", filters: "filterShape" },
  },
  "nnet.conv2dTranspose": {
    path: ["nnet", "conv2dTranspose"],
    result: "outputShape",
    names: { input: "input", filters, bias },
    shapes: { input: "outputShape", filters: "filterShape" },
  },
  "signal.conv2dGradWrtInputs": {
    path: ["signal", "conv2dGradWrtInputs"],
    result: "imageShape",
    names: { input: "outputGrad", filters, bias },
    shapes: { input: "imageShape", filters: "filterShape" },
  },
  convTransp3D: {
    path: ["convTransp3D"],
    result: "RShape",
    names: { input: "H", filters: "W", bias: "b" },
    shapes: { input: "HShape", filters: "WShape" },
  },
  "conv3d2d.conv3dGradWrtSignals": {
    path: ["conv3d2d", "conv3dGradWrtSignals"],
    result: "signalsShape",
    names: { input: "outputGrad", filters, bias },
    shapes: { input: "signalsShape", filters: "filtersShape" },
  },
  "c01b.imageActs": {
    path: ["c01b", "imageActs"],
    result: "outputShape",
    names: { input: "hidActs", filters, bias },
    shapes: { input: "imagesShape", filters: "filtersShape" },
  },
};
export const opNames = Object.keys(ops) as OpName[];
/** The forward ops but nnet.conv2d, which has test files of its own. */
export const smallOps = opNames.filter((op): op is SmallOp => op !== "nnet.conv2d" && !isGradient(op));

export function opOf(engine: Engine, op: OpName): LooseOp {
  return ops[op].path.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], engine) as LooseOp;
}

export interface GivenOperands {
  readonly input: unknown;
  readonly filters: unknown;
  readonly bias?: unknown;
}

/** One call. conv3D and convTransp3D take b, d and RShape before their options; a bias of nnet.conv2d and its gradients is an option. */
export function callOp(engine: Engine, op: OpName, given: GivenOperands, settings: object): Promise<Tensor> {
  const call = opOf(engine, op);
  if (op === "convTransp3D") {
    const { d, RShape, ...options } = settings as { d?: unknown; RShape?: unknown };
    return call(given.filters, given.bias, d, given.input, RShape, options);
  }
  if (op !== "conv3D") {
    return call(given.input, given.filters, { ...settings, ...(given.bias !== undefined && { bias: given.bias }) });
  }
  const { d, ...options } = settings as { d?: unknown };
  return call(given.input, given.filters, given.bias, d, options);
}

/** JavaScriptCore has no such symbol; this is what compilers put in its place. */
const disposeKey: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for("Symbol.dispose");

/** The engine's ops with `more` in the options of every call and every run, and each result shown to `see`. */
export function everyCall(engine: Engine, more: object, see: (result: Tensor) => void = () => {}): Engine {
  const shown = (result: Tensor) => {
    see(result);
    return result;
  };
  // The options come last: they are the last argument that is no operand, or are not given.
  const isOptions = (value: unknown, at: number) =>
    at > 0 && typeof value === "object" && value !== null && !("data" in value) && !Array.isArray(value);
  const extended = (given: readonly unknown[]) => {
    const last = given.length - 1;
    return isOptions(given[last], last)
      ? [...given.slice(0, last), { ...(given[last] as object), ...more }]
      : [...given, more];
  };
  const layered = (layer: LooseLayer): LooseLayer => ({
    plan: layer.plan,
    setFilters: (filters) => layer.setFilters(filters),
    setBias: (bias) => layer.setBias(bias),
    run: async (...given) => shown(await layer.run(...extended(given))),
    runSync: (...given) => shown(layer.runSync(...given)),
    dispose: () => layer.dispose(),
    [disposeKey]: () => layer.dispose(),
  });
  const wrap = (call: LooseOp) =>
    Object.assign(async (...given: unknown[]) => shown(await call(...extended(given))), {
      compile: async (spec: unknown) => layered(await call.compile(spec)),
    });
  /** Ops, and families of them; whatever else an engine has is left out. */
  const wrapped = Object.entries(engine).flatMap(([name, value]): [string, unknown][] => {
    if (typeof value === "function") return [[name, wrap(value as LooseOp)]];
    const family = Object.entries(value as object).filter(
      ([, call]) => typeof call === "function" && "compile" in call,
    );
    return family.length > 0
      ? [[name, Object.fromEntries(family.map(([op, call]) => [op, wrap(call as LooseOp)]))]]
      : [];
  });
  return Object.fromEntries(wrapped) as unknown as Engine;
}

/** Taps of filters in rows and columns. */
export function planeTaps(op: OpName, filters: readonly number[]): readonly number[] {
  const forward = forwardOf(op);
  if (forward === "conv3D") return filters.slice(2, 4);
  return forward === "c01b.filterActs" ? filters.slice(1, 3) : filters.slice(-2);
}
