/** Whether a call goes to the GPU, and its way there and back. */
import type { Runtime } from "../engine/runtime.ts";
import { DeviceError } from "../errors.ts";
import type { Plan } from "../plan/plan.ts";
import { copyIn, copyOut, type DenseView } from "../problem/operand.ts";
import { Tensor, tensorOver } from "../tensor.ts";
import type { Call } from "./call.ts";
import type { RunControls } from "./options.ts";

/** Below so much work on wasm nobody gains by asking for an adapter. */
const LEAST_MS = 20;
/** The estimates are rough: the GPU must be that much faster. */
const MARGIN = 1.5;

export type Where = "wasm" | "webgpu";

/**
 * Where a plan is computed: `asked` is what the call says, `prefers` whether the op goes to the GPU by itself. Throws a DeviceError
 * where the GPU is demanded and there is none, or it cannot serve the problem.
 */
export async function whereToRun(
  runtime: Runtime,
  plan: Plan,
  prefers: boolean,
  { device: asked, algorithm }: Pick<RunControls, "device" | "algorithm">,
): Promise<Where> {
  const device = asked ?? runtime.device;
  const { problem } = plan;
  if (device === "webgpu") {
    await runtime.gpu.open();
    if (problem.dtype !== "float32") throw new DeviceError("device", "the GPU computes in float32 only");
    if (!(await runtime.gpu.serves(problem)))
      throw new DeviceError("device", "the problem does not fit the GPU kernel or its buffers");
    return "webgpu";
  }
  const open = device === "auto" && prefers && (algorithm === undefined || algorithm === "auto");
  if (!open || runtime.reproducible || problem.dtype !== "float32") return "wasm";
  const here = runtime.milliseconds(plan.cycles);
  if (here < LEAST_MS) return "wasm";
  const there = await runtime.gpu.estimate(problem);
  if (typeof there === "string") runtime.gpu.why = there;
  else if (there * MARGIN < here) return "webgpu";
  else runtime.gpu.why = `${runtime.gpu.name}: ${there.toFixed(1)} ms estimated, ${here.toFixed(1)} on wasm`;
  return "wasm";
}

/**
 * The result, computed on the GPU. Null if the device failed and the GPU was not demanded: then wasm computes it, and
 * `capabilities()` says why.
 */
export async function onGpu(
  runtime: Runtime,
  call: Call,
  filters: { readonly data: Float32Array; readonly keep: boolean },
  controls: RunControls,
): Promise<Tensor | null> {
  try {
    const operands = {
      x: dense(call.input.view),
      w: filters.data,
      keepsFilters: filters.keep,
      bias: call.bias && dense(call.bias.view),
    };
    return deliver(await runtime.gpu.convolve(call.plan.problem, operands, controls), call);
  } catch (error) {
    const demanded = (controls.device ?? runtime.device) === "webgpu";
    if (!(error instanceof DeviceError) || demanded) throw error;
    runtime.gpu.why = error.message;
    return null;
  }
}

/** In C order; the array itself where it is that already. */
export function dense(view: DenseView): Float32Array {
  if (view.dense) return view.data.subarray(view.offset, view.offset + view.size) as Float32Array;
  const data = new Float32Array(view.size);
  copyIn(view, data, 0);
  return data;
}

function deliver(data: Float32Array, call: Call): Tensor {
  if (!call.out) return tensorOver(data, call.outputShape);
  const { source, view } = call.out;
  copyOut(data, 0, view);
  return source instanceof Tensor
    ? source
    : tensorOver(view.data, call.outputShape, undefined, view.stride, view.offset);
}
