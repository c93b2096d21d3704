/** One convolution on the GPU: operands up, a dispatch for each piece, the result back. */
import { DeviceError } from "../errors.ts";
import type { ConvProblem } from "../problem/problem.ts";
import { product } from "../problem/problem.ts";
import { type Gpu, MAP_READ_MODE, type Pipeline, USAGE } from "./gpu.ts";
import { type Piece, piecesOf, sizeOf } from "./pieces.ts";
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

/** Whether the device can hold the problem, and the kernel serves it. */
export function servesOnGpu(p: ConvProblem, gpu: Gpu): boolean {
  return (
    p.dtype === "float32" && !p.w.position && !p.transposed && piecesOf(p, Math.floor(gpu.mostBytes / BYTES)) !== null
  );
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
  const pieces = piecesOf(p, Math.floor(gpu.mostBytes / BYTES));
  if (!pieces) throw new DeviceError("device", `the operands do not fit into its buffers of ${gpu.mostBytes} bytes`);
  const ready = await pipelineOf(p, gpu.check());
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
    for (const [i, piece] of pieces.entries()) {
      signal?.throwIfAborted();
      const x = upload(operands.x, piece.x.from, piece.x.to);
      const result = dispatch(gpu, p, piece, ready, { x, w, bias }, take);
      await result.mapAsync(MAP_READ_MODE, 0, sizeOf(piece.y) * BYTES).catch((cause: Error) => {
        throw new DeviceError("device", gpu.lost ?? `the result could not be read: ${cause.message}`, { cause });
      });
      y.set(new Float32Array(result.getMappedRange(0, sizeOf(piece.y) * BYTES)), piece.y.from);
      result.unmap();
      onProgress?.(i + 1, pieces.length);
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
  readonly bias: GPUBuffer;
}

/** Submit one piece; returns the buffer that its result will be in, for reading. */
function dispatch(
  gpu: Gpu,
  p: ConvProblem,
  piece: Piece,
  { pipeline, terms }: Pipeline,
  { x, w, bias }: Buffers,
  take: (bytes: number, usage: GPUBufferUsageFlags) => GPUBuffer,
): GPUBuffer {
  const { device } = gpu;
  const depth = piece.depth.to - piece.depth.from;
  const pixels = (piece.images.to - piece.images.from) * depth * product(p.output.slice(1));
  const bytes = sizeOf(piece.y) * BYTES;
  const y = take(bytes, USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST);
  const back = take(bytes, USAGE.MAP_READ | USAGE.COPY_DST);
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
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  const tile = tileOf(p);
  pass.dispatchWorkgroups(Math.ceil(pixels / tile.pixels), Math.ceil(p.filters / tile.filters), p.groups);
  pass.end();
  encoder.copyBufferToBuffer(y, 0, back, 0, bytes);
  device.queue.submit([encoder.finish()]);
  return back;
}

/** Shared memory cannot be handed to the GPU: it is copied once. */
function unshared(data: Float32Array, from: number, to: number): Float32Array<ArrayBuffer> {
  const part = data.subarray(from, to);
  const shared = typeof SharedArrayBuffer === "function" && part.buffer instanceof SharedArrayBuffer;
  return (shared ? part.slice() : part) as Float32Array<ArrayBuffer>;
}
