/** What a device has of a problem from its first call on: pipelines and tables; and packed filters that stay. */
import { DeviceError } from "../errors.ts";
import type { ConvProblem } from "../problem/problem.ts";
import { checked } from "./checked.ts";
import { termTable, weightTable } from "./form.ts";
import { type Gpu, type GpuOperand, USAGE } from "./gpu.ts";
import { packing, packShader } from "./pack.ts";
import { partsShader } from "./parts.ts";
import { encode, pipelineOf, tableOn } from "./pipeline.ts";
import { type GpuPlan, kernelOf, planOnGpu } from "./plan.ts";
import { shaderOf } from "./shader.ts";
import { packedSize, paddedTerms } from "./tile.ts";

export interface Prepared {
  readonly plan: GpuPlan;
  readonly pipeline: GPUComputePipeline;
  /** Of the packing of its filters, and of the sum of parts, if there are any. */
  readonly packs: GPUComputePipeline;
  readonly adds: GPUComputePipeline | null;
  readonly terms: GPUBuffer;
  readonly weights: GPUBuffer;
  /** Zeros, for a call without a bias. */
  readonly noBias: GPUBuffer;
  /** Packed filters by the array that they came from; they go when it goes. */
  readonly kept: WeakMap<Float32Array, GPUBuffer>;
}

const known = new WeakMap<Gpu, WeakMap<ConvProblem, Promise<Prepared>>>();

/** Throws a DeviceError where the problem does not fit. */
export function prepare(gpu: Gpu, p: ConvProblem): Promise<Prepared> {
  const problems = known.get(gpu) ?? new WeakMap<ConvProblem, Promise<Prepared>>();
  known.set(gpu, problems);
  let found = problems.get(p);
  if (!found) {
    found = build(gpu, p);
    problems.set(p, found);
    found.catch(() => problems.delete(p));
  }
  return found;
}

async function build(gpu: Gpu, p: ConvProblem): Promise<Prepared> {
  const plan = planOnGpu(p, gpu);
  if (!plan) throw new DeviceError("device", `the operands do not fit into its buffers of ${gpu.mostBytes} bytes`);
  const { form, parts, tile } = plan;
  const [pipeline, packs, adds] = await Promise.all([
    pipelineOf(gpu, shaderOf(kernelOf(plan))),
    pipelineOf(gpu, packShader),
    parts > 1 ? pipelineOf(gpu, partsShader(p.activation)) : null,
  ]);
  const tables = await checked(gpu, () => ({
    terms: tableOn(gpu, termTable(form, paddedTerms(form.problem, tile))),
    weights: tableOn(gpu, weightTable(form)),
    // Buffers are made of zeros.
    noBias: gpu.device.createBuffer({ size: FLOAT * Math.max(1, p.groups * p.filters), usage: USAGE.STORAGE }),
  }));
  return { plan, pipeline, packs, adds, ...tables, kept: new WeakMap() };
}

/** Buffers that last for a call. */
export interface Scratch {
  take(bytes: number, usage: number): GPUBuffer;
  upload(data: Float32Array, from: number, to: number): GPUBuffer;
}

const FLOAT = 4;

/** The filters as the kernel reads them; `keep` for as long as the array lives. */
export function packed(gpu: Gpu, ready: Prepared, w: GpuOperand, keeps: boolean, scratch: Scratch): GPUBuffer {
  const keep = keeps && w instanceof Float32Array;
  const there = keep && ready.kept.get(w);
  if (there) return there;
  const { form, tile } = ready.plan;
  const bytes = Math.max(16, FLOAT * packedSize(form.problem, tile));
  const usage = USAGE.STORAGE;
  const to = keep ? gpu.device.createBuffer({ size: Math.ceil(bytes / 16) * 16, usage }) : scratch.take(bytes, usage);
  const buffers = [w instanceof Float32Array ? scratch.upload(w, 0, w.length) : w, ready.weights, to];
  const dispatch = { pipeline: ready.packs, buffers, ...packing(form.problem, tile) };
  const encoder = gpu.device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  encode(gpu, pass, dispatch, scratch.take(dispatch.words.byteLength, USAGE.UNIFORM | USAGE.COPY_DST));
  pass.end();
  gpu.device.queue.submit([encoder.finish()]);
  if (keep) ready.kept.set(w, to);
  return to;
}
