/** Transposed problems on the GPU: their phases one after the other, into one buffer, for their outputs interleave. */
import type { ConvProblem } from "../problem/problem.ts";
import { phaseCount, phasesOf } from "../problem/transposed.ts";
import type { GpuControls, GpuOperands } from "./convolve.ts";
import * as plain from "./convolve.ts";
import type { Gpu } from "./gpu.ts";
import { planOnGpu } from "./plan.ts";
import { allocate, download, upload } from "./resident.ts";

export type { GpuControls, GpuOperands };

/** Each is prepared by itself. */
const MOST_PHASES = 64;
const BYTES = 4;

/** Of a problem that is computed again: what is prepared for a phase is found by the phase itself. */
const known = new WeakMap<ConvProblem, readonly ConvProblem[]>();

function phasesFor(p: ConvProblem): readonly ConvProblem[] {
  const phases = known.get(p) ?? phasesOf(p);
  known.set(p, phases);
  return phases;
}

/** Whether the device can hold the problem, and the kernel serves it; a transposed one is not cut. */
export function servesOnGpu(p: ConvProblem, gpu: Gpu): boolean {
  if (!p.transposed) return plain.servesOnGpu(p, gpu);
  const fits = Math.max(p.x.size, p.y.size) * BYTES <= gpu.mostBytes;
  const single = (phase: ConvProblem) => planOnGpu(phase, gpu)?.pieces.length === 1;
  return fits && !p.w.position && phaseCount(p) <= MOST_PHASES && phasesFor(p).every(single);
}

/** As those of convolve.ts. */
export async function convolveOnGpu(
  gpu: Gpu,
  p: ConvProblem,
  operands: GpuOperands,
  controls: GpuControls,
): Promise<Float32Array> {
  if (!p.transposed || p.y.size === 0) return plain.convolveOnGpu(gpu, p, operands, controls);
  const y = await allocate(gpu.check(), p.y.size, "device");
  try {
    await convolvePhases(gpu, p, operands, y, controls);
    return await download(gpu, y, p.y.size, "device");
  } finally {
    gpu.giveBack(y);
  }
}

export async function convolveInto(
  gpu: Gpu,
  p: ConvProblem,
  operands: GpuOperands,
  out: GPUBuffer,
  controls: GpuControls,
): Promise<void> {
  if (!p.transposed || p.y.size === 0) await plain.convolveInto(gpu, p, operands, out, controls);
  else await convolvePhases(gpu, p, operands, out, controls);
}

async function convolvePhases(
  gpu: Gpu,
  p: ConvProblem,
  operands: GpuOperands,
  y: GPUBuffer,
  { signal, onProgress }: GpuControls,
): Promise<void> {
  const phases = phasesFor(p);
  const own = operands.x instanceof Float32Array ? await allocate(gpu, operands.x.length, "device") : undefined;
  try {
    if (own) await upload(gpu, own, operands.x as Float32Array, "device");
    for (const [i, phase] of phases.entries()) {
      await plain.convolveInto(gpu, phase, { ...operands, x: own ?? operands.x }, y, { signal });
      onProgress?.(i + 1, phases.length);
    }
  } finally {
    if (own) gpu.giveBack(own);
  }
}
