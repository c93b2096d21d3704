import type { Runtime } from "../engine/runtime.ts";
import { OptionError } from "../errors.ts";
import { type AlgorithmOption, choosePlan, type Demand } from "../plan/choose.ts";
import type { AnyLanes, Plan } from "../plan/plan.ts";
import type { BinaryName } from "../plan/registers.ts";
import { tuningOf, type Unrolling } from "../plan/tuning.ts";
import type { ConvProblem } from "../problem/problem.ts";
import { hasRankOne, mayHaveRankOne } from "../problem/rank-one.ts";
import type { DType, Tensor } from "../tensor.ts";
import type { Names } from "./axes.ts";
import { type Call, computeHere, runOnce } from "./call.ts";
import { onGpu, whereToRun } from "./on-gpu.ts";
import {
  checkOut,
  checkSameDtype,
  checkShapeIs,
  checkStillThere,
  type Given,
  given,
  givenIfAny,
  type Handed,
  here,
  isAway,
  onGpuOf,
} from "./operands.ts";
import type { OptionReader, RunControls } from "./options.ts";

export type RuntimeSource = () => Promise<Runtime>;

/** What every op reads from its options; its own settings come on top. */
export interface ForwardSettings {
  readonly controls: RunControls;
  readonly algorithm: AlgorithmOption;
  readonly lanes?: AnyLanes | undefined;
  readonly unroll?: Unrolling | undefined;
}

/** The problem, and the shape of its result as the op's users see it. */
export interface Lowered {
  readonly problem: ConvProblem;
  readonly outputShape: readonly number[];
}

export interface ForwardOp<S extends ForwardSettings> {
  /** What errors call the operands. */
  readonly names: { readonly input: string; readonly filters: string; readonly bias: string };
  /** What a spec calls their shapes. */
  readonly shapes: { readonly input: string; readonly filters: string };
  /** Every option; of a spec too, besides the shapes and `dtype`, if `forSpec` does not say otherwise. */
  readonly options: readonly string[];
  readonly forSpec?: readonly string[];
  /** A bias is an operand of every call, and of every run of a compiled op. */
  readonly biasIsOperand?: boolean;
  /** How its problems are planned, if not by `choosePlan`. */
  plan?(problem: ConvProblem, binary: BinaryName, demand: Demand): Plan;
  /** The shape of the input operand, where a spec of `compile` has another shape of that name: a gradient is told that of its result. */
  operandShape?(shape: readonly number[], filters: readonly number[], settings: S, names: Names): readonly number[];
  /** Left to itself the op goes to the GPU where that pays. */
  readonly prefersGpu?: boolean;
  read(options: OptionReader): S;
  /** Checks the shapes against the settings. `names` is what errors call the two: operands of a call, shapes of a spec. */
  lower(
    input: readonly number[],
    filters: readonly number[],
    dtype: DType,
    settings: S,
    bias: boolean,
    names: Names,
  ): Lowered;
}

/** The options of an op as a spec may have them: what belongs to one run does not. */
export type SpecOptions<O> = Omit<O, "out" | "signal" | "onProgress">;

export interface Operands {
  readonly input: unknown;
  readonly filters: unknown;
  /** Null or undefined for none. */
  readonly bias?: unknown;
}

export interface Checked<S> extends Lowered {
  readonly settings: S;
}

/** `filters` decide too: those of rank one can be computed in two passes. Without them the plan serves any. */
export function planOf<S extends ForwardSettings>(
  runtime: Runtime,
  op: ForwardOp<S>,
  checked: Checked<S>,
  filters: Given | null,
): Plan {
  const { problem, settings } = checked;
  const { algorithm, lanes, unroll } = settings;
  const tuning = tuningOf(unroll ?? {}, problem.batch, problem.filters * problem.groups);
  const open = algorithm === "auto" && !lanes && tuning.notes.length === 0 && !op.plan && !runtime.reproducible;
  const preferred = open ? runtime.tunings.get(problem) : undefined;
  const get = (rankOne: boolean) => {
    const { reproducible: exact, arena } = runtime;
    const demand = { algorithm, lanes, tuning, rankOne, exact, input: op.names.input, memory: arena.limit, preferred };
    const key = JSON.stringify([problem, algorithm, lanes, tuning.key, rankOne, preferred]);
    return runtime.plans.get(key, () => (op.plan ?? choosePlan)(problem, runtime.binary, demand));
  };
  const wanted = algorithm === "separable";
  const may = mayHaveRankOne(problem) && (wanted || algorithm === "auto");
  if (!may || !filters) return get(wanted);
  // The filters are looked at only where it matters.
  const plan = get(true);
  if (plan.algorithm !== "separable" || hasRankOne(problem, filters.view)) return plan;
  if (wanted) throw new OptionError("algorithm", '"separable" wants filters of rank one');
  return get(false);
}

export function checkBias<S extends ForwardSettings>(
  op: ForwardOp<S>,
  bias: Handed | null,
  { problem }: Lowered,
): void {
  checkSameDtype(problem.dtype, bias, op.names.bias);
  checkShapeIs([problem.filters * problem.groups], bias, op.names.bias);
}

export async function callForward<S extends ForwardSettings>(
  source: RuntimeSource,
  op: ForwardOp<S>,
  operands: Operands,
  settings: S,
): Promise<Tensor> {
  const { names } = op;
  const x = given(operands.input, names.input);
  const w = given(operands.filters, names.filters);
  checkSameDtype(x.view.dtype, w, names.filters);
  const bias = op.biasIsOperand ? given(operands.bias, names.bias) : givenIfAny(operands.bias, names.bias);
  const checked = { ...op.lower(x.view.shape, w.view.shape, x.view.dtype, settings, bias !== null, names), settings };
  checkBias(op, bias, checked);
  const { controls } = settings;
  const out = givenIfAny(controls.out, "out");
  checkOut(out, checked.outputShape, x.view.dtype, [x, w, bias]);
  controls.signal?.throwIfAborted();

  const runtime = (await source()).check();
  // While the engine started, the event loop ran: the arrays may not be what they were.
  for (const [operand, name] of [
    [x, names.input],
    [w, names.filters],
    [bias, names.bias],
    [out, "out"],
  ] as const) {
    if (operand) checkStillThere(operand, name);
  }
  const plan = planOf(runtime, op, checked, isAway(w) ? null : w);
  const call: Call = { plan, outputShape: checked.outputShape, names, input: x, bias, out };
  const resident = [x, w, bias, out].some((operand) => onGpuOf(runtime, operand));
  const prefers = op.prefersGpu === true;
  if ((await whereToRun(runtime, plan, { prefers, resident }, controls)) === "webgpu") {
    const result = await onGpu(runtime, call, w, controls);
    if (result) return result;
  }
  await runtime.provide(x.view.dtype, controls.signal);
  const filters = await here(w, names.filters);
  const planned = isAway(w) ? planOf(runtime, op, checked, filters) : plan;
  return computeHere({ ...call, plan: planned }, (local) => runOnce(runtime, local, filters, controls));
}
