/** One convolution on the GPU: operands up that are not there, a dispatch for each piece, the result back if it is wanted here. */
import type { ConvProblem } from "../problem/problem.ts";
import { checked } from "./checked.ts";
import { type Gpu, type GpuOperand, USAGE } from "./gpu.ts";
import { adding } from "./parts.ts";
import { type Piece, type Range, sizeOf } from "./pieces.ts";
import { encode } from "./pipeline.ts";
import { dispatchOf, planOnGpu } from "./plan.ts";
import { type Prepared, packed, prepare, type Scratch } from "./prepare.ts";
import { type Mapping, startMapping, takeMapped, write } from "./resident.ts";

export interface GpuOperands {
  readonly x: GpuOperand;
  readonly w: GpuOperand;
  /** Filters that stay the same from call to call stay on the GPU, for as long as this array lives. */
  readonly keepsFilters: boolean;
  readonly bias: GpuOperand | null;
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
  controls: GpuControls,
): Promise<Float32Array> {
  const y = new Float32Array(p.y.size);
  await convolve(gpu, p, operands, y, controls);
  return y;
}

/**
 * The same into a buffer that is none of the operands. Resolves when the device has accepted all of it: what is submitted
 * afterwards finds the result there.
 */
export async function convolveInto(
  gpu: Gpu,
  p: ConvProblem,
  operands: GpuOperands,
  out: GPUBuffer,
  controls: GpuControls,
): Promise<void> {
  await convolve(gpu, p, operands, out, controls);
}

async function convolve(
  gpu: Gpu,
  p: ConvProblem,
  operands: GpuOperands,
  y: GpuOperand,
  { signal, onProgress }: GpuControls,
): Promise<void> {
  if (p.y.size === 0) return;
  const ready = await prepare(gpu.check(), p);
  const { pieces } = ready.plan;
  const borrowed = new Borrowed(gpu);
  let finished = false;
  try {
    let filters: Filters | undefined;
    for (const [i, piece] of pieces.entries()) {
      signal?.throwIfAborted();
      const back = await checked(gpu, () => {
        filters ??= filtersAndBias(gpu, ready, operands, borrowed);
        return submit(gpu, ready, piece, { x: operands.x, ...filters, y }, borrowed);
      });
      if (y instanceof Float32Array) {
        await takeMapped(gpu, back!.buffer, back!.mapping, y.subarray(piece.y.from, piece.y.to));
      } else if (i + 1 < pieces.length) await gpu.device.queue.onSubmittedWorkDone();
      onProgress?.(i + 1, pieces.length);
    }
    signal?.throwIfAborted();
    finished = true;
  } finally {
    if (!finished && operands.w instanceof Float32Array) ready.kept.delete(operands.w);
    borrowed.end(finished);
  }
}

/** Buffers for the length of a call. What is queued before they go back is done before anything that takes them again. */
class Borrowed implements Scratch {
  private readonly gpu: Gpu;
  private readonly buffers: GPUBuffer[] = [];

  constructor(gpu: Gpu) {
    this.gpu = gpu;
  }

  take(bytes: number, usage: number): GPUBuffer {
    const buffer = this.gpu.take(bytes, usage);
    this.buffers.push(buffer);
    return buffer;
  }

  upload(data: Float32Array, from = 0, to = data.length): GPUBuffer {
    const buffer = this.take(Math.max(1, to - from) * BYTES, USAGE.STORAGE | USAGE.COPY_DST);
    write(this.gpu, buffer, data.subarray(from, to));
    return buffer;
  }

  /** After a failure they are not used again: one may be what failed, or still be about to be mapped. */
  end(good: boolean): void {
    for (const buffer of this.buffers) {
      if (good) this.gpu.giveBack(buffer);
      else buffer.destroy();
    }
  }
}

interface Filters {
  /** Packed. */
  readonly w: GPUBuffer;
  readonly bias: GPUBuffer;
}

function filtersAndBias(
  gpu: Gpu,
  ready: Prepared,
  { w, keepsFilters, bias }: GpuOperands,
  borrowed: Borrowed,
): Filters {
  return {
    w: packed(gpu, ready, w, keepsFilters, borrowed),
    bias: bias instanceof Float32Array ? borrowed.upload(bias) : (bias ?? ready.noBias),
  };
}

/** A buffer with a range of an operand, whose element `from` is the first in it. */
interface Part {
  readonly buffer: GPUBuffer;
  readonly from: number;
}

/** Of a buffer that the kernel can be given whole, the whole; otherwise the range by itself, with the elements if `filled`. */
function partOf(
  gpu: Gpu,
  operand: GpuOperand,
  { from, to }: Range,
  filled: boolean,
  encoder: GPUCommandEncoder,
  borrowed: Borrowed,
): Part {
  if (operand instanceof Float32Array && filled) return { buffer: borrowed.upload(operand, from, to), from };
  if (!(operand instanceof Float32Array) && operand.size <= gpu.mostBytes) return { buffer: operand, from: 0 };
  const bytes = (to - from) * BYTES;
  const buffer = borrowed.take(bytes, USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST);
  if (filled) encoder.copyBufferToBuffer(operand as GPUBuffer, from * BYTES, buffer, 0, bytes);
  return { buffer, from };
}

/** Submit one piece. If its result is wanted here, the buffer that it will be mapped in. */
function submit(
  gpu: Gpu,
  ready: Prepared,
  piece: Piece,
  { x, w, bias, y }: Filters & { readonly x: GpuOperand; readonly y: GpuOperand },
  borrowed: Borrowed,
): { readonly buffer: GPUBuffer; readonly mapping: Mapping } | null {
  const { device } = gpu;
  const encoder = device.createCommandEncoder();
  const from = partOf(gpu, x, piece.x, true, encoder, borrowed);
  const to = partOf(gpu, y, piece.y, false, encoder, borrowed);
  compute(gpu, ready, piece, { x: from, w, bias, y: to }, encoder, borrowed);
  const bytes = sizeOf(piece.y) * BYTES;
  const here = y instanceof Float32Array;
  const back = here ? borrowed.take(bytes, USAGE.MAP_READ | USAGE.COPY_DST) : y;
  if (here) encoder.copyBufferToBuffer(to.buffer, 0, back, 0, bytes);
  else if (to.buffer !== y) encoder.copyBufferToBuffer(to.buffer, 0, y, to.from * BYTES, bytes);
  device.queue.submit([encoder.finish()]);
  return here ? { buffer: back, mapping: startMapping(back, bytes) } : null;
}

interface Parts extends Filters {
  readonly x: Part;
  readonly y: Part;
}

/** Encode the kernel for one piece. */
function compute(
  gpu: Gpu,
  { plan, pipeline, adds, terms }: Prepared,
  piece: Piece,
  { x, w, bias, y }: Parts,
  encoder: GPUCommandEncoder,
  borrowed: Borrowed,
): void {
  const elements = sizeOf(piece.y);
  const uniform = ({ words }: { words: Int32Array }) => borrowed.take(words.byteLength, USAGE.UNIFORM | USAGE.COPY_DST);
  const pass = encoder.beginComputePass();
  // Sums in parts are those of a whole problem: their y begins where the buffer does.
  const sums = adds ? borrowed.take(elements * BYTES * plan.parts, USAGE.STORAGE) : y.buffer;
  const first = { x: x.from, y: y.from };
  const main = { pipeline, buffers: [x.buffer, w, sums, terms, bias], ...dispatchOf(plan, piece, first) };
  encode(gpu, pass, main, uniform(main));
  if (adds) {
    const last = { pipeline: adds, buffers: [sums, y.buffer], ...adding(elements, plan.parts) };
    encode(gpu, pass, last, uniform(last));
  }
  pass.end();
}
