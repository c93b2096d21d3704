/** What the gradients with respect to filters have in common: the forward op's lowering, backwards, and two operands for every run. */
import { config } from "../../config.ts";
import { nameDisposal } from "../../disposal.ts";
import type { Runtime } from "../../engine/runtime.ts";
import { DeviceError, DisposedError, OptionError, ShapeError } from "../../errors.ts";
import { planFilterGradient } from "../../plan/correlate.ts";
import type { Plan, PlanView } from "../../plan/plan.ts";
import { viewOf } from "../../plan/plan.ts";
import { filterGradientOf } from "../../problem/filter-gradient.ts";
import type { DType, Operand, Tensor } from "../../tensor.ts";
import type { Names } from "../axes.ts";
import { type Call, computeHere, mustBeLocal } from "../call.ts";
import {
  type Checked,
  callForward,
  type ForwardOp,
  type ForwardSettings,
  type Lowered,
  planOf,
  type RuntimeSource,
} from "../forward.ts";
import {
  checkOut,
  checkSameDtype,
  checkShapeIs,
  given,
  givenIfAny,
  type Handed,
  here,
  mustBeHere,
} from "../operands.ts";
import { OptionReader, RUN_OPTIONS, type RunControls, type RunOptions, readControls } from "../options.ts";
import { RepeatedWithFilters } from "./repeated.ts";
import { checkGradient, type Declared, wholeShape } from "./shapes.ts";

/** A gradient planned for one shape. Its runs may overlap. */
export interface CompiledFilterGradient extends Disposable {
  /** What a run does. */
  readonly plan: PlanView;
  /** Computed on the plan's device, wherever the operands are. */
  run(input: Operand, outputGrad: Operand, options?: RunOptions): Promise<Tensor>;
  /** Never leaves the calling thread, nor gives way to the event loop; the signal is looked at once. */
  runSync(input: Operand, outputGrad: Operand, options?: RunOptions): Tensor;
  /** Give its memory back. Runs in flight finish; later ones throw a DisposedError. */
  dispose(): void;
}

export interface FilterGradientSettings extends ForwardSettings {
  /** The shape of the filters, and of the result, as it is declared; `argument` is what errors call it. */
  readonly result: Declared | undefined;
}

export interface FilterGradientOp<S extends FilterGradientSettings> {
  /** What errors call the operands, and the shape of the result. */
  readonly names: { readonly input: string; readonly outputGrad: string; readonly result: string };
  /** What a spec of `compile` calls the shapes of the input and of the filters. */
  readonly shapes: Names;
  readonly options: readonly string[];
  /** Of a spec, where it has others. */
  readonly forSpec?: readonly string[];
  read(options: OptionReader): S;
  /** What the operands tell of the shape of the filters; null where they do not. Their ranks are not checked yet. */
  known(input: readonly number[], outputGrad: readonly number[], settings: S): Declared;
  /** The forward op's. */
  lower(input: readonly number[], filters: readonly number[], dtype: DType, settings: S, names: Names): Lowered;
  /** What else the shape of the outputs has to agree with. */
  check?(outputs: readonly number[], settings: S): void;
}

function lowered<S extends FilterGradientSettings>(
  op: FilterGradientOp<S>,
  input: readonly number[],
  filters: readonly number[],
  dtype: DType,
  settings: S,
  names: Names,
): Lowered & { readonly outputs: readonly number[] } {
  const { problem, outputShape } = op.lower(input, filters, dtype, settings, names);
  op.check?.(outputShape, settings);
  return { problem: filterGradientOf(problem), outputShape: filters, outputs: outputShape };
}

/** The gradient as an op whose filters are the gradient of the outputs. */
function asForward<S extends FilterGradientSettings>(op: FilterGradientOp<S>): ForwardOp<S> {
  const { input, outputGrad, result } = op.names;
  return {
    names: { input, filters: outputGrad, bias: "bias" },
    shapes: op.shapes,
    options: op.options,
    read: op.read,
    plan: planFilterGradient,
    lower: (image, gradient, dtype, settings) => {
      const filters = wholeShape(settings.result, op.known(image, gradient, settings), result);
      const { outputs, ...rest } = lowered(op, image, filters, dtype, settings, { input, filters: result });
      checkGradient(gradient, outputs, outputGrad);
      return rest;
    },
  };
}

/** These gradients have no kernel for the GPU: who demands it must not be given something else. */
function withoutGpu(source: RuntimeSource, { device }: RunControls): RuntimeSource {
  return async () => checkDevice(await source(), device);
}

function checkDevice(runtime: Runtime, device: RunControls["device"]): Runtime {
  if ((device ?? runtime.device) === "webgpu") {
    throw new DeviceError("device", "gradients with respect to filters are not offered on webgpu");
  }
  return runtime;
}

export function callFilterGradient<S extends FilterGradientSettings>(
  source: RuntimeSource,
  op: FilterGradientOp<S>,
  operands: { readonly input: unknown; readonly outputGrad: unknown },
  settings: S,
): Promise<Tensor> {
  const { input, outputGrad: filters } = operands;
  return callForward(withoutGpu(source, settings.controls), asForward(op), { input, filters }, settings);
}

const NOT_IN_SPECS: readonly string[] = ["out", "signal", "onProgress"];

export async function compileFilterGradient<S extends FilterGradientSettings>(
  source: RuntimeSource,
  op: FilterGradientOp<S>,
  spec: unknown,
): Promise<CompiledFilterGradient> {
  const { shapes } = op;
  const options = [...op.options, ...(op.forSpec ?? [])].filter((name) => !NOT_IN_SPECS.includes(name));
  const reader = new OptionReader(spec, [...new Set([...options, shapes.input, shapes.filters, "dtype"])], "spec");
  const dtype = reader.oneOf("dtype", ["float32", "float64"]) ?? config.floatX;
  const settings = op.read(reader);
  const [input, filters] = [everyEntry(reader, shapes.input), everyEntry(reader, shapes.filters)];
  const { outputs, ...problem } = lowered(op, input, filters, dtype, settings, shapes);
  const runtime = (await withoutGpu(source, settings.controls)()).check();
  const checked = { ...problem, settings };
  await runtime.provide(dtype);
  return new Compiled(runtime, op.names, checked, input, outputs, planOf(runtime, asForward(op), checked, null));
}

function everyEntry(reader: OptionReader, argument: string): readonly number[] {
  const shape = reader.extents(argument);
  if (!shape || shape.includes(null)) throw new ShapeError(argument, "compile needs every entry");
  return shape as readonly number[];
}

class Compiled implements CompiledFilterGradient {
  readonly plan: PlanView;
  private readonly runtime: Runtime;
  private readonly names: { readonly input: string; readonly outputGrad: string };
  private readonly checked: Checked<ForwardSettings>;
  private readonly input: readonly number[];
  private readonly outputs: readonly number[];
  private readonly chosen: Plan;
  private readonly repeated: RepeatedWithFilters;
  private disposed = false;

  constructor(
    runtime: Runtime,
    names: { readonly input: string; readonly outputGrad: string },
    checked: Checked<ForwardSettings>,
    input: readonly number[],
    outputs: readonly number[],
    plan: Plan,
  ) {
    this.runtime = runtime;
    this.names = names;
    this.checked = checked;
    this.input = input;
    this.outputs = outputs;
    this.chosen = plan;
    this.plan = viewOf(plan, checked.outputShape, runtime.workers);
    this.repeated = new RepeatedWithFilters(runtime, names.outputGrad);
  }

  async run(input: Operand, outputGrad: Operand, options?: RunOptions): Promise<Tensor> {
    const { call, gradient, controls } = this.callOf(input, outputGrad, options);
    const local = await here(gradient, this.names.outputGrad);
    return computeHere(call, (one) => this.repeated.runWith(one, local, controls));
  }

  runSync(input: Operand, outputGrad: Operand, options?: RunOptions): Tensor {
    const { call, gradient, controls } = this.callOf(input, outputGrad, options);
    return this.repeated.runSyncWith(mustBeLocal(call), mustBeHere(gradient, this.names.outputGrad), controls);
  }

  dispose(): void {
    this.disposed = true;
    this.repeated.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  private callOf(input: unknown, outputGrad: unknown, options: unknown) {
    if (this.disposed) throw new DisposedError("compiled op");
    this.runtime.check();
    const { controls: told } = this.checked.settings;
    const asked = readControls(new OptionReader(options, RUN_OPTIONS));
    if (asked.algorithm !== undefined) throw new OptionError("algorithm", "it was decided by compile");
    checkDevice(this.runtime, asked.device ?? told.device);
    const controls = { ...asked, openmp: asked.openmp ?? told.openmp };
    const { problem, outputShape } = this.checked;
    const operand = (value: unknown, shape: readonly number[], name: string): Handed => {
      const found = given(value, name);
      checkSameDtype(problem.dtype, found, name);
      checkShapeIs(shape, found, name);
      return found;
    };
    const x = operand(input, this.input, this.names.input);
    const gradient = operand(outputGrad, this.outputs, this.names.outputGrad);
    const out = givenIfAny(controls.out, "out");
    checkOut(out, outputShape, problem.dtype, [x, gradient]);
    const names = { input: this.names.input, filters: this.names.outputGrad, bias: "bias" };
    const call: Call = { plan: this.chosen, outputShape, names, input: x, bias: null, out };
    return { call, gradient, controls };
  }
}
nameDisposal(Compiled, "dispose");
