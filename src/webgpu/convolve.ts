/** One convolution on the GPU: operands up, a dispatch for each piece, the result back. */
import { DeviceError } from "../errors.ts";
import type { ConvProblem } from "../problem/problem.ts";
import { type Gpu, MAP_READ_MODE, USAGE } from "./gpu.ts";
import { adding } from "./parts.ts";
import { type Piece, sizeOf } from "./pieces.ts";
import { encode } from "./pipeline.ts";
import { dispatchOf, planOnGpu } from "./plan.ts";
import { type Prepared, packed, prepare, type Scratch } from "./prepare.ts";

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
  return planOnGpu(p, gpu) !== null;
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
  const ready = await prepare(gpu.check(), p);
  const { pieces } = ready.plan;
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
    const w = packed(gpu, ready, operands.w, operands.keepsFilters, { take, upload });
    // A compiled op is planned for a bias, which a run need not have.
    const b = operands.bias ?? new Float32Array(p.groups * p.filters);
    const bias = upload(b, 0, b.length);
    for (const [i, piece] of pieces.entries()) {
      signal?.throwIfAborted();
      const x = upload(operands.x, piece.x.from, piece.x.to);
      const result = dispatch(gpu, ready, piece, { x, w, bias }, take);
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
  if (failure) {
    ready.kept.delete(operands.w);
    throw new DeviceError("device", failure.message);
  }
  return y;
}

interface Buffers {
  readonly x: GPUBuffer;
  /** Packed. */
  readonly w: GPUBuffer;
  readonly bias: GPUBuffer;
}

/** Submit one piece; returns the buffer that its result will be in, for reading. */
function dispatch(
  gpu: Gpu,
  { plan, pipeline, adds, terms }: Prepared,
  piece: Piece,
  { x, w, bias }: Buffers,
  take: Scratch["take"],
): GPUBuffer {
  const elements = sizeOf(piece.y);
  const bytes = elements * BYTES;
  const y = take(bytes, USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST);
  const back = take(bytes, USAGE.MAP_READ | USAGE.COPY_DST);
  const uniform = ({ words }: { words: Int32Array }) => take(words.byteLength, USAGE.UNIFORM | USAGE.COPY_DST);
  const encoder = gpu.device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  const sums = adds ? take(bytes * plan.parts, USAGE.STORAGE) : y;
  const main = { pipeline, buffers: [x, w, sums, terms, bias], ...dispatchOf(plan, piece) };
  encode(gpu, pass, main, uniform(main));
  if (adds) {
    const last = { pipeline: adds, buffers: [sums, y], ...adding(elements, plan.parts) };
    encode(gpu, pass, last, uniform(last));
  }
  pass.end();
  encoder.copyBufferToBuffer(y, 0, back, 0, bytes);
  gpu.device.queue.submit([encoder.finish()]);
  return back;
}

/** Shared memory cannot be handed to the GPU: it is copied once. */
function unshared(data: Float32Array, from: number, to: number): Float32Array<ArrayBuffer> {
  const part = data.subarray(from, to);
  const shared = typeof SharedArrayBuffer === "function" && part.buffer instanceof SharedArrayBuffer;
  return (shared ? part.slice() : part) as Float32Array<ArrayBuffer>;
}
