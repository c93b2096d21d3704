/** One convolution on the GPU: operands up, a dispatch for each piece, the result back. */
import { DeviceError } from "../errors.ts";
import type { ConvProblem } from "../problem/problem.ts";
import { product } from "../problem/problem.ts";
import { phaseCount, phasesOf } from "../problem/transposed.ts";
import { type Gpu, MAP_READ_MODE, type Pipeline, USAGE } from "./gpu.ts";
import { type Piece, piecesOf, type Range, sizeOf } from "./pieces.ts";
import { shaderOf, termTable, tileOf } from "./shader.ts";

export interface GpuOperands {
  /** In C order, as the problem's views count. */
  readonly x: Float32Array;
  readonly w: Float32Array;
  /** Filters that stay the same from call to call stay on the GPU, for as long as this array lives. */
  readonly keepsFilters: boolean;
  readonly bias: Float32Array | null;
}

export interface GpuControls {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

const BYTES = 4;

/** Pipelines of one call: each is compiled. */
const MOST_PHASES = 64;

/** Dispatches that read one part of x and write one part of y: a piece, or all phases of a transposed problem, whose outputs interleave. */
interface Batch {
  readonly x: Range;
  readonly y: Range;
  readonly dispatches: readonly { readonly problem: ConvProblem; readonly piece: Piece }[];
}

/** Null where the buffers are too small. */
function batchesOf(p: ConvProblem, gpu: Gpu): Batch[] | null {
  const most = Math.floor(gpu.mostBytes / BYTES);
  if (!p.transposed) {
    const single = (piece: Piece) => ({ x: piece.x, y: piece.y, dispatches: [{ problem: p, piece }] });
    return piecesOf(p, most)?.map(single) ?? null;
  }
  if (phaseCount(p) > MOST_PHASES || p.x.size > most || p.y.size > most) return null;
  const [x, y] = [
    { from: 0, to: p.x.size },
    { from: 0, to: p.y.size },
  ];
  const dispatches = phasesOf(p).map((problem) => ({ problem, pieces: piecesOf(problem, most) }));
  if (dispatches.some(({ pieces }) => pieces?.length !== 1)) return null;
  return [
    { x, y, dispatches: dispatches.map(({ problem, pieces }) => ({ problem, piece: { ...pieces![0]!, x, y } })) },
  ];
}

/** Whether the device can hold the problem, and the kernel serves it. */
export function servesOnGpu(p: ConvProblem, gpu: Gpu): boolean {
  return p.dtype === "float32" && !p.w.position && batchesOf(p, gpu) !== null;
}

async function pipelineOf(p: ConvProblem, gpu: Gpu): Promise<Pipeline> {
  const code = shaderOf(p);
  return gpu.pipeline(code + JSON.stringify([p.x, p.w]), async () => {
    const { device } = gpu;
    device.pushErrorScope("validation");
    const module = device.createShaderModule({ code });
    const made = device.createComputePipelineAsync({ layout: "auto", compute: { module, entryPoint: "main" } });
    const [pipeline, error] = await Promise.all([made.catch((cause: Error) => cause), device.popErrorScope()]);
    if (pipeline instanceof Error || error) {
      const why = pipeline instanceof Error ? pipeline.message : error!.message;
      throw new DeviceError("device", `the shader was refused: ${why}`);
    }
    const table = termTable(p);
    const terms = device.createBuffer({ size: table.byteLength, usage: USAGE.STORAGE | USAGE.COPY_DST });
    device.queue.writeBuffer(terms, 0, table as Int32Array<ArrayBuffer>);
    return { pipeline, terms };
  });
}

/** The whole result, y of the problem. Throws a DeviceError if the device fails, and the signal's reason. */
export async function convolveOnGpu(
  gpu: Gpu,
  p: ConvProblem,
  operands: GpuOperands,
  { signal, onProgress }: GpuControls,
): Promise<Float32Array> {
  const y = new Float32Array(p.y.size);
  if (p.y.size === 0) return y;
  const batches = batchesOf(p, gpu);
  if (!batches) throw new DeviceError("device", `the operands do not fit into its buffers of ${gpu.mostBytes} bytes`);
  // Pieces of one problem have one pipeline.
  const problems = [...new Set(batches.flatMap(({ dispatches }) => dispatches.map(({ problem }) => problem)))];
  const pipelines = await Promise.all(problems.map((problem) => pipelineOf(problem, gpu.check())));
  const ready = new Map(problems.map((problem, i) => [problem, pipelines[i]!]));
  const { device } = gpu;
  const held: GPUBuffer[] = [];
  const take = (bytes: number, usage: GPUBufferUsageFlags) => {
    const buffer = gpu.take(bytes, usage);
    held.push(buffer);
    return buffer;
  };
  const upload = (data: Float32Array, from: number, to: number) => {
    const buffer = take(Math.max(1, to - from) * BYTES, USAGE.STORAGE | USAGE.COPY_DST);
    device.queue.writeBuffer(buffer, 0, unshared(data, from, to));
    return buffer;
  };
  device.pushErrorScope("out-of-memory");
  device.pushErrorScope("validation");
  let failure: GPUError | null = null;
  try {
    const w = operands.keepsFilters ? gpu.keep(operands.w) : upload(operands.w, 0, operands.w.length);
    // A compiled op is planned for a bias, which a run need not have.
    const b = operands.bias ?? new Float32Array(p.groups * p.filters);
    const bias = upload(b, 0, b.length);
    for (const [i, batch] of batches.entries()) {
      signal?.throwIfAborted();
      const x = upload(operands.x, batch.x.from, batch.x.to);
      const bytes = sizeOf(batch.y) * BYTES;
      const parts = take(bytes, USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST);
      const result = take(bytes, USAGE.MAP_READ | USAGE.COPY_DST);
      const encoder = device.createCommandEncoder();
      for (const { problem, piece } of batch.dispatches)
        dispatch(gpu, problem, piece, ready.get(problem)!, { x, w, y: parts, bias }, encoder, take);
      encoder.copyBufferToBuffer(parts, 0, result, 0, bytes);
      device.queue.submit([encoder.finish()]);
      await result.mapAsync(MAP_READ_MODE, 0, bytes).catch((cause: Error) => {
        throw new DeviceError("device", gpu.lost ?? `the result could not be read: ${cause.message}`, { cause });
      });
      y.set(new Float32Array(result.getMappedRange(0, bytes)), batch.y.from);
      result.unmap();
      onProgress?.(i + 1, batches.length);
    }
    signal?.throwIfAborted();
  } finally {
    const scopes = await Promise.all([device.popErrorScope(), device.popErrorScope()]).catch(() => []);
    failure = scopes.find((error) => error) ?? null;
    for (const buffer of held) gpu.giveBack(buffer);
  }
  gpu.check();
  if (failure) throw new DeviceError("device", failure.message);
  return y;
}

interface Buffers {
  readonly x: GPUBuffer;
  readonly w: GPUBuffer;
  readonly y: GPUBuffer;
  readonly bias: GPUBuffer;
}

/** Have the encoder compute one piece. */
function dispatch(
  gpu: Gpu,
  p: ConvProblem,
  piece: Piece,
  { pipeline, terms }: Pipeline,
  { x, w, y, bias }: Buffers,
  encoder: GPUCommandEncoder,
  take: (bytes: number, usage: GPUBufferUsageFlags) => GPUBuffer,
): void {
  const { device } = gpu;
  const depth = piece.depth.to - piece.depth.from;
  const pixels = (piece.images.to - piece.images.from) * depth * product(p.output.slice(1));
  const uniform = take(32, USAGE.UNIFORM | USAGE.COPY_DST);
  // The first image of the piece is image 0 of its buffers.
  const shifts = [piece.x.from - piece.images.from * p.x.batch, piece.y.from - piece.images.from * p.y.batch];
  device.queue.writeBuffer(uniform, 0, Int32Array.of(pixels, piece.depth.from, depth, ...shifts, 0, 0, 0));
  const resource = (buffer: GPUBuffer) => ({ buffer });
  const entries = [x, w, y, terms, bias, uniform].map((buffer, binding) => ({ binding, resource: resource(buffer) }));
  const group = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: p.bias ? entries : entries.filter(({ binding }) => binding !== 4),
  });
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  const tile = tileOf(p);
  pass.dispatchWorkgroups(Math.ceil(pixels / tile.pixels), Math.ceil(p.filters / tile.filters), p.groups);
  pass.end();
}

/** Shared memory cannot be handed to the GPU: it is copied once. */
function unshared(data: Float32Array, from: number, to: number): Float32Array<ArrayBuffer> {
  const part = data.subarray(from, to);
  const shared = typeof SharedArrayBuffer === "function" && part.buffer instanceof SharedArrayBuffer;
  return (shared ? part.slice() : part) as Float32Array<ArrayBuffer>;
}
