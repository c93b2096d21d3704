/**
 * The forward ops: each is a table of names, a reader of its options and a lowering; checking, planning, running and compiling
 * are the same for all of them, and are here.
 */
import { config } from "../config.ts";
import type { Runtime } from "../engine/runtime.ts";
import { DisposedError, OptionError, ShapeError } from "../errors.ts";
import { type AlgorithmOption, choosePlan } from "../plan/choose.ts";
import type { Lanes, Plan, PlanView } from "../plan/plan.ts";
import { viewOf } from "../plan/plan.ts";
import { tuningOf, type Unrolling } from "../plan/tuning.ts";
import { copyIn, property } from "../problem/operand.ts";
import type { ConvProblem } from "../problem/problem.ts";
import { hasRankOne, mayHaveRankOne } from "../problem/rank-one.ts";
import { type DType, isDisposed, type Operand, type Tensor } from "../tensor.ts";
import type { Names } from "./axes.ts";
import {
  type Call,
  checkOut,
  checkSameDtype,
  checkShapeIs,
  checkStillThere,
  type Given,
  given,
  givenIfAny,
  Repeated,
  runOnce,
} from "./call.ts";
import { dense, onGpu, type Where, whereToRun } from "./on-gpu.ts";
import { OptionReader, RUN_OPTIONS, type RunControls, type RunOptions, readControls } from "./options.ts";

export type RuntimeSource = () => Promise<Runtime>;

/** What every op reads from its options; its own settings come on top. */
export interface ForwardSettings {
  readonly controls: RunControls;
  readonly algorithm: AlgorithmOption;
  readonly lanes?: Lanes | undefined;
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

/** An op planned for one shape. Its runs may overlap; each keeps the filters that were set when it began. */
export interface CompiledOp extends Disposable {
  /** What a run does. Filters of rank one may change it when they are set. */
  readonly plan: PlanView;
  /** The filters are read before this returns, and packed once. */
  setFilters(filters: Operand): Promise<void>;
  /** One value for each filter, or null for none. Read before this returns. */
  setBias(bias: Operand | null): void;
  run(input: Operand, options?: RunOptions): Promise<Tensor>;
  /** Never leaves the calling thread, nor gives way to the event loop; the signal is looked at once. */
  runSync(input: Operand, options?: RunOptions): Tensor;
  dispose(): void;
}

interface Checked<S> extends Lowered {
  readonly settings: S;
}

/** `filters` decide too: those of rank one can be computed in two passes. Without them the plan serves any. */
function planOf<S extends ForwardSettings>(
  runtime: Runtime,
  op: ForwardOp<S>,
  checked: Checked<S>,
  filters: Given | null,
): Plan {
  const { problem, settings } = checked;
  const { algorithm, lanes, unroll } = settings;
  const tuning = tuningOf(unroll ?? {}, problem.batch, problem.filters * problem.groups);
  const get = (rankOne: boolean) => {
    const { reproducible: exact, arena } = runtime;
    const demand = { algorithm, lanes, tuning, rankOne, exact, input: op.names.input, memory: arena.limit };
    const key = JSON.stringify([problem, algorithm, lanes, tuning.key, rankOne]);
    return runtime.plans.get(key, () => choosePlan(problem, runtime.binary, demand));
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

function checkBias<S extends ForwardSettings>(op: ForwardOp<S>, bias: Given | null, { problem }: Lowered): void {
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
    if (!operand) continue;
    if (isDisposed(operand.source)) throw new DisposedError(name);
    checkStillThere(operand, name);
  }
  const plan = planOf(runtime, op, checked, w);
  const call: Call = { plan, outputShape: checked.outputShape, input: x, inputName: names.input, bias, out };
  if ((await whereToRun(runtime, plan, op.prefersGpu === true, controls)) === "webgpu") {
    checkStillThere(x, names.input);
    const result = await onGpu(runtime, call, { data: dense(w.view), keep: false }, controls);
    if (result) return result;
  }
  return runOnce(runtime, call, w, controls);
}

const NOT_IN_SPECS: readonly string[] = ["out", "signal", "onProgress"];

export async function compileForward<S extends ForwardSettings>(
  source: RuntimeSource,
  op: ForwardOp<S>,
  spec: unknown,
  biasOf: (settings: S) => unknown = () => undefined,
): Promise<CompiledForward<S>> {
  const { shapes } = op;
  const options = [...op.options, ...(op.forSpec ?? [])].filter((name) => !NOT_IN_SPECS.includes(name));
  const known = [...new Set([...options, shapes.input, shapes.filters, "dtype"])];
  const reader = new OptionReader(spec, known, "spec");
  const dtype = reader.oneOf("dtype", ["float32", "float64"]) ?? config.floatX;
  const settings = op.read(reader);
  const input = wholeShape(reader, shapes.input);
  const filters = wholeShape(reader, shapes.filters);
  const bias = givenIfAny(biasOf(settings), op.names.bias);
  const checked = { ...op.lower(input, filters, dtype, settings, true, shapes), settings };
  checkBias(op, bias, checked);
  const runtime = (await source()).check();
  const plan = planOf(runtime, op, checked, null);
  const where = await whereToRun(runtime, plan, op.prefersGpu === true, settings.controls);
  const compiled = new CompiledForward(runtime, op, checked, input, filters, plan, where);
  compiled.setBias(bias && (bias.source as Operand));
  return compiled;
}

/** The shape of an operand, every entry of it; its rank is the lowering's to check. */
function wholeShape(reader: OptionReader, argument: string): readonly number[] {
  const shape = reader.extents(argument);
  if (!shape || shape.includes(null)) throw new ShapeError(argument, "compile needs every entry");
  return shape as readonly number[];
}

export class CompiledForward<S extends ForwardSettings> implements CompiledOp {
  private readonly runtime: Runtime;
  private readonly op: ForwardOp<S>;
  private readonly checked: Checked<S>;
  private readonly inputShape: readonly number[];
  private readonly filterShape: readonly number[];
  private readonly repeated: Repeated;
  private chosen: Plan;
  private view: PlanView;
  private bias: Given | null = null;
  private readonly where: Where;
  /** What the GPU has of the filters. */
  private gpuFilters: Float32Array | undefined;
  private disposed = false;

  constructor(
    runtime: Runtime,
    op: ForwardOp<S>,
    checked: Checked<S>,
    inputShape: readonly number[],
    filterShape: readonly number[],
    plan: Plan,
    where: Where,
  ) {
    this.runtime = runtime;
    this.op = op;
    this.checked = checked;
    this.inputShape = inputShape;
    this.filterShape = filterShape;
    this.chosen = plan;
    this.where = where;
    this.view = viewOf(plan, checked.outputShape, runtime.workers, where);
    this.repeated = new Repeated(runtime, op.names.filters);
  }

  get plan(): PlanView {
    return this.view;
  }

  async setFilters(filters: Operand): Promise<void> {
    this.checkAlive();
    const w = given(filters, this.op.names.filters);
    checkSameDtype(this.checked.problem.dtype, w, this.op.names.filters);
    checkShapeIs(this.filterShape, w, this.op.names.filters);
    const plan = planOf(this.runtime, this.op, this.checked, w);
    const packed = this.repeated.setFilters(plan, w);
    if (plan !== this.chosen) {
      this.chosen = plan;
      this.view = viewOf(plan, this.checked.outputShape, this.runtime.workers, this.where);
    }
    if (this.where === "webgpu") this.gpuFilters = dense(w.view).slice();
    return packed;
  }

  setBias(bias: Operand | null): void {
    this.checkAlive();
    const b = this.readBias(bias);
    // A copy of its own: the caller may change the array between two runs.
    this.bias = b && given(denseCopy(b), this.op.names.bias);
  }

  async run(input: Operand, ...rest: readonly unknown[]): Promise<Tensor> {
    const { call, controls } = this.callOf(input, rest);
    const asked = controls.device === undefined || controls.device === "webgpu";
    if (this.where === "webgpu" && asked && this.gpuFilters) {
      const result = await onGpu(this.runtime, call, { data: this.gpuFilters, keep: true }, controls);
      if (result) return result;
    }
    return this.repeated.run(call, controls);
  }

  runSync(input: Operand, ...rest: readonly unknown[]): Tensor {
    const { call, controls } = this.callOf(input, rest);
    return this.repeated.runSync(call, controls);
  }

  dispose(): void {
    this.disposed = true;
    this.repeated.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** For benches: see engine-level `prepareKernelCall`. */
  place(input: Operand, out: Operand) {
    return this.repeated.place(this.callOf(input, [{ out }]).call);
  }

  private readBias(bias: unknown): Given | null {
    const b = givenIfAny(bias, this.op.names.bias);
    checkBias(this.op, b, this.checked);
    return b;
  }

  /** `rest` is the options, after the bias where that is an operand. */
  private callOf(input: unknown, rest: readonly unknown[]): { call: Call; controls: RunControls } {
    this.checkAlive();
    const { names, biasIsOperand } = this.op;
    const withBias =
      biasIsOperand === true && (rest.length > 1 || rest[0] === null || isOperandLike(rest[0], names.bias));
    const ofCall = withBias ? this.readBias(rest[0]) : null;
    // Left out, it is that of `setBias`; null is none.
    const bias = withBias && rest[0] !== undefined ? ofCall : this.bias;
    const options = withBias ? rest[1] : rest[0];
    const { openmp, device } = this.checked.settings.controls;
    const asked = options === undefined ? NO_CONTROLS : readControls(new OptionReader(options, RUN_OPTIONS));
    if (asked.algorithm !== undefined) throw new OptionError("algorithm", "it was decided by compile");
    // What compile was told holds where a run says nothing.
    const controls = { ...asked, openmp: asked.openmp ?? openmp, device: asked.device ?? device };
    const { problem, outputShape } = this.checked;
    const x = given(input, names.input);
    checkSameDtype(problem.dtype, x, names.input);
    checkShapeIs(this.inputShape, x, names.input);
    const out = givenIfAny(controls.out, "out");
    checkOut(out, outputShape, problem.dtype, [x, ofCall]);
    return { call: { plan: this.chosen, outputShape, input: x, inputName: names.input, bias, out }, controls };
  }

  private checkAlive(): void {
    if (this.disposed) throw new DisposedError("compiled op");
    this.runtime.check();
  }
}

const NO_CONTROLS = readControls(new OptionReader(undefined, RUN_OPTIONS));

function isOperandLike(value: unknown, argument: string): boolean {
  return typeof value === "object" && value !== null && property(value, "data", argument) !== undefined;
}

function denseCopy({ view }: Given): Operand {
  const data = view.dtype === "float32" ? new Float32Array(view.size) : new Float64Array(view.size);
  copyIn(view, data, 0);
  return { data, shape: view.shape };
}
