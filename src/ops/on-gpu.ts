/** Whether a call goes to the GPU, and its way there and back. */
import type { Runtime } from "../engine/runtime.ts";
import { DeviceError } from "../errors.ts";
import type { Plan } from "../plan/plan.ts";
import type { DenseView } from "../problem/operand.ts";
import { copyIn } from "../strided.ts";
import { type Tensor, tensorOver } from "../tensor.ts";
import type { GpuOperand } from "../webgpu/gpu.ts";
import { kernels } from "../webgpu/load.ts";
import type { Call } from "./call.ts";
import { checkStillThere, type Handed, isAway, onGpuOf, putOut } from "./operands.ts";
import type { RunControls } from "./options.ts";

/** Below so much work on wasm nobody gains by asking for an adapter. */
const LEAST_MS = 20;
/** The estimates are rough: the GPU must be that much faster. */
const MARGIN = 1.5;

export type Where = "wasm" | "webgpu";

/**
 * Where a plan is computed: `asked` is what the call says, `prefers` whether the op goes to the GPU by itself; if operands are there
 * (`resident`) every op does, where it can. Throws a DeviceError where the GPU is demanded and there is none, or it cannot serve
 * the problem.
 */
export async function whereToRun(
  runtime: Runtime,
  plan: Plan,
  { prefers, resident }: { readonly prefers: boolean; readonly resident: boolean },
  { device: asked, algorithm }: Pick<RunControls, "device" | "algorithm">,
): Promise<Where> {
  const device = asked ?? runtime.device;
  const { problem } = plan;
  if (device === "webgpu") {
    await runtime.gpu.open();
    if (problem.dtype !== "float32") throw new DeviceError("device", "the GPU computes in float32 only");
    if (!(await runtime.gpu.serves(problem))) throw new DeviceError("device", NOT_SERVED);
    return "webgpu";
  }
  const open = device === "auto" && (prefers || resident) && (algorithm === undefined || algorithm === "auto");
  if (!open || runtime.reproducible || problem.dtype !== "float32") return "wasm";
  if (resident) return whereResident(runtime, problem);
  const here = runtime.milliseconds(plan.cycles);
  if (here < LEAST_MS) return "wasm";
  const there = await runtime.gpu.estimate(problem);
  if (typeof there === "string") runtime.gpu.why = there;
  else if (there * MARGIN < here) return "webgpu";
  else runtime.gpu.why = `${runtime.gpu.name}: ${there.toFixed(1)} ms estimated, ${here.toFixed(1)} on wasm`;
  return "wasm";
}

const NOT_SERVED = "the problem does not fit the GPU kernel or its buffers";

/** Not a matter of time: elements that are there are wanted there. */
async function whereResident(runtime: Runtime, problem: Plan["problem"]): Promise<Where> {
  try {
    if (await runtime.gpu.serves(problem)) return "webgpu";
    runtime.gpu.why = NOT_SERVED;
  } catch (error) {
    // No device any more: the reason is kept by the backend, and wasm computes what can still be read.
    if (!(error instanceof DeviceError)) throw error;
  }
  return "wasm";
}

/**
 * The result, computed on the GPU; elements that are there are neither uploaded nor read back. `filters` as an array are a compiled
 * op's, which the GPU keeps. Null if the device failed and the GPU was not demanded: then wasm computes it, and
 * `capabilities()` says why.
 */
export async function onGpu(
  runtime: Runtime,
  call: Call,
  filters: Handed | Float32Array,
  controls: RunControls,
): Promise<Tensor | null> {
  const { input, bias, out } = call;
  const handed = filters instanceof Float32Array ? null : filters;
  // From now on they may be disposed of.
  const releases = [input, handed, bias, out].flatMap((one) => onGpuOf(runtime, one)?.retain() ?? []);
  try {
    return await compute(runtime, call, filters, controls);
  } catch (error) {
    const demanded = (controls.device ?? runtime.device) === "webgpu";
    if (!(error instanceof DeviceError) || demanded) throw error;
    runtime.gpu.why = error.message;
    return null;
  } finally {
    for (const release of releases) release();
  }
}

async function compute(
  runtime: Runtime,
  { plan, names, outputShape, ...call }: Call,
  filters: Handed | Float32Array,
  controls: RunControls,
): Promise<Tensor> {
  const gpu = await runtime.gpu.open();
  const { bufferOn, convolveInto, convolveOnGpu } = await kernels();
  const placed = async (operand: Handed, argument: string): Promise<GpuOperand> => {
    checkStillThere(operand, argument);
    const elements = onGpuOf(runtime, operand);
    if (elements) return bufferOn(elements, gpu, argument, false);
    return isAway(operand) ? operand.remote.read(argument) : dense(operand.view);
  };
  const keepsFilters = filters instanceof Float32Array;
  const operands = {
    x: await placed(call.input, names.input),
    w: keepsFilters ? filters : await placed(filters, names.filters),
    keepsFilters,
    bias: call.bias && (await placed(call.bias, names.bias)),
  };
  const out = onGpuOf(runtime, call.out);
  if (!out) {
    const data = await convolveOnGpu(gpu, plan.problem, operands, controls);
    return call.out ? putOut(call.out, data, outputShape) : tensorOver(data, outputShape);
  }
  const y = await bufferOn(out, gpu, "out", true);
  await convolveInto(gpu, plan.problem, operands, y, controls);
  checkStillThere(call.out!, "out");
  return call.out!.source as Tensor;
}

/** In C order; the array itself where it is that already. */
export function dense(view: DenseView): Float32Array {
  if (view.dense) return view.data.subarray(view.offset, view.offset + view.size) as Float32Array;
  const data = new Float32Array(view.size);
  copyIn(view, data, 0);
  return data;
}
