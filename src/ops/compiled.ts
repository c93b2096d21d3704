/** Forward ops planned once for a shape and run many times. */
import { config } from "../config.ts";
import { nameDisposal } from "../disposal.ts";
import type { PlacedStep } from "../engine/executor.ts";
import type { Runtime } from "../engine/runtime.ts";
import { DisposedError, OptionError, ShapeError } from "../errors.ts";
import type { Plan, PlanView } from "../plan/plan.ts";
import { viewOf } from "../plan/plan.ts";
import { property } from "../problem/operand.ts";
import type { ConvProblem } from "../problem/problem.ts";
import { copyIn } from "../strided.ts";
import { isTensor, type Operand, type Tensor } from "../tensor.ts";
import { type Call, computeHere, mustBeLocal, Repeated } from "./call.ts";
import {
  type Checked,
  checkBias,
  type ForwardOp,
  type ForwardSettings,
  planOf,
  type RuntimeSource,
} from "./forward.ts";
import { dense, onGpu, type Where, whereToRun } from "./on-gpu.ts";
import {
  checkOut,
  checkSameDtype,
  checkShapeIs,
  type Given,
  given,
  givenIfAny,
  type Handed,
  here,
  isAway,
  mustBeHere,
} from "./operands.ts";
import { OptionReader, RUN_OPTIONS, type RunControls, type RunOptions, readControls } from "./options.ts";

/** An op planned for one shape. Its runs may overlap; each keeps the filters that were set when it began. */
export interface CompiledOp extends Disposable {
  /** What a run does. Filters of rank one may change it when they are set. */
  readonly plan: PlanView;
  /** The filters are read before this returns, and packed once. From the GPU they are read back first: until then the old ones hold. */
  setFilters(filters: Operand): Promise<void>;
  /** One value for each filter, or null for none. Read before this returns, so it cannot be on the GPU. */
  setBias(bias: Operand | null): void;
  /** Computed on the plan's device, wherever the operands are. */
  run(input: Operand, options?: RunOptions): Promise<Tensor>;
  /** Never leaves the calling thread, nor gives way to the event loop; the signal is looked at once. */
  runSync(input: Operand, options?: RunOptions): Tensor;
  /** Give its memory back. Runs in flight finish; later ones throw a DisposedError. */
  dispose(): void;
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
  const declared = wholeShape(reader, shapes.input);
  const filters = wholeShape(reader, shapes.filters);
  const input = op.operandShape?.(declared, filters, settings, shapes) ?? declared;
  const bias = givenIfAny(biasOf(settings), op.names.bias);
  const checked = { ...op.lower(input, filters, dtype, settings, true, shapes), settings };
  checkBias(op, bias, checked);
  const runtime = (await source()).check();
  const plan = planOf(runtime, op, checked, null);
  const where = await whereToRun(
    runtime,
    plan,
    { prefers: op.prefersGpu === true, resident: false },
    settings.controls,
  );
  await runtime.provide(dtype);
  const compiled = new CompiledForward(runtime, op, checked, input, filters, plan, where);
  compiled.setBias(bias && ((await here(bias, op.names.bias)).source as Operand));
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
  /** Of its operands, as the op has them. */
  readonly inputShape: readonly number[];
  readonly filterShape: readonly number[];
  private readonly repeated: Repeated;
  private chosen: Plan;
  private view: PlanView;
  private bias: Handed | null = null;
  private readonly where: Where;
  /** What the GPU has of the filters. */
  private gpuFilters: Float32Array | undefined;
  /** Calls of `setFilters`: one that has to wait gives way to those that came later. */
  private settings = 0;
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

  get problem(): ConvProblem {
    return this.checked.problem;
  }

  async setFilters(filters: Operand): Promise<void> {
    this.checkAlive();
    const w = given(filters, this.op.names.filters);
    checkSameDtype(this.checked.problem.dtype, w, this.op.names.filters);
    checkShapeIs(this.filterShape, w, this.op.names.filters);
    const turn = ++this.settings;
    if (!isAway(w)) return this.takeFilters(w);
    const read = await here(w, this.op.names.filters);
    this.checkAlive();
    if (turn === this.settings) await this.takeFilters(read);
  }

  private takeFilters(w: Given): Promise<void> {
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
    this.bias = b && given(denseCopy(mustBeHere(b, this.op.names.bias)), "bias");
  }

  async run(input: Operand, ...rest: readonly unknown[]): Promise<Tensor> {
    const { call, controls } = this.callOf(input, rest);
    const held = this.repeated.hold();
    try {
      if (this.where === "webgpu" && controls.device !== "wasm" && this.gpuFilters) {
        const result = await onGpu(this.runtime, call, this.gpuFilters, controls);
        if (result) return result;
      }
      return await computeHere(call, (local) => this.repeated.run(local, controls, held));
    } finally {
      held.release();
    }
  }

  runSync(input: Operand, ...rest: readonly unknown[]): Tensor {
    const { call, controls } = this.callOf(input, rest);
    return this.repeated.runSync(mustBeLocal(call), controls);
  }

  dispose(): void {
    this.disposed = true;
    this.repeated.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** For benches: see engine-level `prepareKernelCall`. */
  place(input: Operand, out: Operand): { step: PlacedStep; scratch: number } {
    return this.repeated.place(mustBeLocal(this.callOf(input, [{ out }]).call));
  }

  private readBias(bias: unknown): Handed | null {
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
    return { call: { plan: this.chosen, outputShape, names, input: x, bias, out }, controls };
  }

  private checkAlive(): void {
    if (this.disposed) throw new DisposedError("compiled op");
    this.runtime.check();
  }
}
nameDisposal(CompiledForward, "dispose");

const NO_CONTROLS = readControls(new OptionReader(undefined, RUN_OPTIONS));

function isOperandLike(value: unknown, argument: string): boolean {
  if (isTensor(value)) return true;
  return typeof value === "object" && value !== null && property(value, "data", argument) !== undefined;
}

function denseCopy({ view }: Given): Operand {
  const data = view.dtype === "float32" ? new Float32Array(view.size) : new Float64Array(view.size);
  copyIn(view, data, 0);
  return { data, shape: view.shape };
}
