/** `nnet.conv2d` (semantics §3): check, lower, run; and the same planned once for a shape. */

import { config } from "../config.ts";
import type { Runtime } from "../engine/runtime.ts";
import { DisposedError, OptionError, ShapeError } from "../errors.ts";
import { choosePlan } from "../plan/choose.ts";
import { type Plan, type PlanView, viewOf } from "../plan/plan.ts";
import { tuningOf } from "../plan/tuning.ts";
import { copyIn } from "../problem/operand.ts";
import { type DType, isDisposed, type Operand, type Tensor } from "../tensor.ts";
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
import { type LoweredConv2d, lowerConv2d } from "./conv2d-lower.ts";
import { CONV2D_OPTIONS, type Conv2dOptions, type Conv2dSettings, readConv2dOptions } from "./conv2d-options.ts";
import { OptionReader, RUN_OPTIONS, type RunControls, type RunOptions, readControls } from "./options.ts";

/** The options of the op, and the shapes of its operands. */
export interface Conv2dSpec extends Conv2dOptions {
  imageShape: readonly number[];
  filterShape: readonly number[];
  /** Default: `config.floatX`. */
  dtype?: DType;
}

/** An op planned for one shape. Its runs may overlap; each keeps the filters that were set when it began. */
export interface CompiledOp extends Disposable {
  readonly plan: PlanView;
  /** The filters are read before this returns, and packed once. */
  setFilters(filters: Operand): Promise<void>;
  /** [O], or null for none. Read before this returns. */
  setBias(bias: Operand | null): void;
  run(input: Operand, options?: RunOptions): Promise<Tensor>;
  /** Never leaves the calling thread, nor gives way to the event loop; the signal is looked at once. */
  runSync(input: Operand, options?: RunOptions): Tensor;
  dispose(): void;
}

export interface Conv2d {
  /**
   * Convolve images [N, C, H, W] with filters [O, C / numGroups, h, w], summing over channels: [N, O, R, S] with
   * R = ⌊(H + padding − ((h − 1)·dilation + 1)) / subsample⌋ + 1, likewise S. The result has the dtype of the operands.
   *
   * Rejects with a ShapeError, DTypeError or OptionError that names the argument, before any memory is touched.
   *
   * @example const maps = await nnet.conv2d(images, filters, { borderMode: "half" });
   */
  (input: Operand, filters: Operand, options?: Conv2dOptions): Promise<Tensor>;
  /** Plan once for a shape, run many times. */
  compile(spec: Conv2dSpec): Promise<CompiledOp>;
}

export type RuntimeSource = () => Promise<Runtime>;

/** Dtype, settings and lowering of a call, before it is known where it runs. */
interface Checked extends LoweredConv2d {
  readonly settings: Conv2dSettings;
}

function planOf(runtime: Runtime, { problem, settings }: Checked): Plan {
  const { algorithm, lanes, unroll } = settings;
  const tuning = tuningOf(unroll, problem.batch, problem.filters * problem.groups);
  const key = JSON.stringify([problem, algorithm, lanes, tuning.key]);
  return runtime.plans.get(key, () => choosePlan(problem, runtime.binary, { algorithm, lanes, tuning }));
}

function checkBias(bias: Given | null, { problem }: LoweredConv2d): void {
  checkSameDtype(problem.dtype, bias, "bias");
  checkShapeIs([problem.filters * problem.groups], bias, "bias");
}

async function conv2d(source: RuntimeSource, input: unknown, filters: unknown, options: unknown): Promise<Tensor> {
  const settings = readConv2dOptions(new OptionReader(options, CONV2D_OPTIONS));
  const x = given(input, "input");
  const w = given(filters, "filters");
  checkSameDtype(x.view.dtype, w, "filters");
  const bias = givenIfAny(settings.bias, "bias");
  const checked = { ...lowerConv2d(x.view.shape, w.view.shape, x.view.dtype, settings, bias !== null), settings };
  checkBias(bias, checked);
  const { controls } = settings;
  const out = givenIfAny(controls.out, "out");
  checkOut(out, checked.outputShape, x.view.dtype, [x, w, bias]);
  controls.signal?.throwIfAborted();

  const runtime = (await source()).check();
  // While the engine started, the event loop ran: the arrays may not be what they were.
  for (const [operand, name] of [
    [x, "input"],
    [w, "filters"],
    [bias, "bias"],
    [out, "out"],
  ] as const) {
    if (!operand) continue;
    if (isDisposed(operand.source)) throw new DisposedError(name);
    checkStillThere(operand, name);
  }
  const call: Call = { plan: planOf(runtime, checked), outputShape: checked.outputShape, input: x, bias, out };
  return runOnce(runtime, call, w, controls);
}

const SPEC_OPTIONS = [
  ...CONV2D_OPTIONS.filter((name) => name !== "out" && name !== "signal" && name !== "onProgress"),
  "dtype",
];

async function compileConv2d(source: RuntimeSource, spec: unknown): Promise<CompiledOp> {
  const reader = new OptionReader(spec, SPEC_OPTIONS, "spec");
  const dtype = reader.oneOf("dtype", ["float32", "float64"]) ?? config.floatX;
  const settings = readConv2dOptions(reader);
  const imageShape = wholeShape(settings.imageShape, "imageShape");
  const filterShape = wholeShape(settings.filterShape, "filterShape");
  const bias = givenIfAny(settings.bias, "bias");
  const checked = { ...lowerConv2d(imageShape, filterShape, dtype, settings, true), settings };
  checkBias(bias, checked);
  const runtime = (await source()).check();
  const compiled = new CompiledConv2d(runtime, checked, imageShape, filterShape, planOf(runtime, checked));
  compiled.setBias(bias && (bias.source as Operand));
  return compiled;
}

function wholeShape(hint: readonly (number | null)[] | undefined, argument: string): readonly number[] {
  if (!hint || hint.includes(null)) throw new ShapeError(argument, "compile needs every entry");
  return hint as readonly number[];
}

class CompiledConv2d implements CompiledOp {
  readonly plan: PlanView;
  private readonly runtime: Runtime;
  private readonly checked: Checked;
  private readonly imageShape: readonly number[];
  private readonly filterShape: readonly number[];
  private readonly chosen: Plan;
  private readonly repeated: Repeated;
  private bias: Given | null = null;
  private disposed = false;

  constructor(
    runtime: Runtime,
    checked: Checked,
    imageShape: readonly number[],
    filterShape: readonly number[],
    plan: Plan,
  ) {
    this.runtime = runtime;
    this.checked = checked;
    this.imageShape = imageShape;
    this.filterShape = filterShape;
    this.chosen = plan;
    this.plan = viewOf(plan, checked.outputShape, runtime.workers);
    this.repeated = new Repeated(runtime);
  }

  async setFilters(filters: Operand): Promise<void> {
    this.checkAlive();
    const w = given(filters, "filters");
    checkSameDtype(this.checked.problem.dtype, w, "filters");
    checkShapeIs(this.filterShape, w, "filters");
    return this.repeated.setFilters(this.chosen, w);
  }

  setBias(bias: Operand | null): void {
    this.checkAlive();
    const b = givenIfAny(bias, "bias");
    checkBias(b, this.checked);
    // A copy of its own: the caller may change the array between two runs.
    this.bias = b && given(denseCopy(b), "bias");
  }

  async run(input: Operand, options?: RunOptions): Promise<Tensor> {
    const { call, controls } = this.callOf(input, options);
    return this.repeated.run(call, controls);
  }

  runSync(input: Operand, options?: RunOptions): Tensor {
    const { call, controls } = this.callOf(input, options);
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
    return this.repeated.place(this.callOf(input, { out }).call);
  }

  private callOf(input: unknown, options: unknown): { call: Call; controls: RunControls } {
    this.checkAlive();
    const { openmp } = this.checked.settings.controls;
    const asked = options === undefined ? NO_CONTROLS : readControls(new OptionReader(options, RUN_OPTIONS));
    if (asked.algorithm !== undefined) throw new OptionError("algorithm", "it was decided by compile");
    // What compile was told holds where a run says nothing.
    const controls = asked.openmp === undefined && openmp !== undefined ? { ...asked, openmp } : asked;
    const { problem, outputShape } = this.checked;
    const x = given(input, "input");
    checkSameDtype(problem.dtype, x, "input");
    checkShapeIs(this.imageShape, x, "input");
    const out = givenIfAny(controls.out, "out");
    checkOut(out, outputShape, problem.dtype, [x]);
    return { call: { plan: this.chosen, outputShape, input: x, bias: this.bias, out }, controls };
  }

  private checkAlive(): void {
    if (this.disposed) throw new DisposedError("compiled op");
    this.runtime.check();
  }
}

const NO_CONTROLS = readControls(new OptionReader(undefined, RUN_OPTIONS));

function denseCopy({ view }: Given): Operand {
  const data = view.dtype === "float32" ? new Float32Array(view.size) : new Float64Array(view.size);
  copyIn(view, data, 0);
  return { data, shape: view.shape };
}

export function makeConv2d(source: RuntimeSource): Conv2d {
  const op = (input: Operand, filters: Operand, options?: Conv2dOptions) => conv2d(source, input, filters, options);
  return Object.assign(op, { compile: (spec: Conv2dSpec) => compileConv2d(source, spec) });
}
