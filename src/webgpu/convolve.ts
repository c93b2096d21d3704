/** One convolution on the GPU: operands up that are not there, a dispatch for each piece, the result back if it is wanted here. */
import { DeviceError } from "../errors.ts";
import type { ConvProblem } from "../problem/problem.ts";
import { product } from "../problem/problem.ts";
import { checked } from "./checked.ts";
import { type Gpu, type Pipeline, USAGE } from "./gpu.ts";
import { type Piece, piecesOf, type Range, sizeOf } from "./pieces.ts";
import { type Mapping, startMapping, takeMapped, unshared } from "./resident.ts";
import { shaderOf, termTable, tileOf } from "./shader.ts";

/** In C order, as the problem's views count: an array, or a buffer of the device that has it from its start on. */
export type GpuOperand = Float32Array | GPUBuffer;

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
  return p.dtype === "float32" && !p.w.position && piecesOf(p, Math.floor(gpu.mostBytes / BYTES)) !== null;
}

async function pipelineOf(p: ConvProblem, gpu: Gpu): Promise<Pipeline> {
  const code = shaderOf(p);
  return gpu.pipeline(code + JSON.stringify([p.x, p.w]), async () => {
    const { device } = gpu;
    const refused = (cause: Error) => {
      throw new DeviceError("device", `the shader was refused: ${cause.message}`, { cause });
    };
    const { made } = await checked(gpu, () => {
      const module = device.createShaderModule({ code });
      const made = device.createComputePipelineAsync({ layout: "auto", compute: { module, entryPoint: "main" } });
      made.catch(() => {}); // awaited below, if nothing else was wrong
      return { made };
    }).catch(refused);
    const pipeline = await made.catch(refused);
    const table = termTable(p);
    const terms = await checked(gpu, () => {
      const terms = device.createBuffer({ size: table.byteLength, usage: USAGE.STORAGE | USAGE.COPY_DST });
      device.queue.writeBuffer(terms, 0, table as Int32Array<ArrayBuffer>);
      return terms;
    });
    return { pipeline, terms };
  });
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
  const pieces = piecesOf(p, Math.floor(gpu.mostBytes / BYTES));
  if (!pieces) throw new DeviceError("device", `the operands do not fit into its buffers of ${gpu.mostBytes} bytes`);
  const ready = await pipelineOf(p, gpu.check());
  const borrowed = new Borrowed(gpu);
  let finished = false;
  try {
    let filters: Filters | undefined;
    for (const [i, piece] of pieces.entries()) {
      signal?.throwIfAborted();
      const back = await checked(gpu, () => {
        filters ??= filtersAndBias(gpu, p, operands, borrowed);
        return submit(gpu, p, piece, ready, { x: operands.x, ...filters, y }, borrowed);
      });
      if (y instanceof Float32Array) {
        await takeMapped(gpu, back!.buffer, back!.mapping, y.subarray(piece.y.from, piece.y.to));
      } else if (i + 1 < pieces.length) await gpu.device.queue.onSubmittedWorkDone();
      onProgress?.(i + 1, pieces.length);
    }
    signal?.throwIfAborted();
    finished = true;
  } finally {
    if (!finished && operands.w instanceof Float32Array) gpu.forget(operands.w);
    borrowed.end(finished);
  }
}

/** Buffers for the length of a call. What is queued before they go back is done before anything that takes them again. */
class Borrowed {
  private readonly gpu: Gpu;
  private readonly buffers: GPUBuffer[] = [];

  constructor(gpu: Gpu) {
    this.gpu = gpu;
  }

  take(bytes: number, usage: GPUBufferUsageFlags): GPUBuffer {
    const buffer = this.gpu.take(bytes, usage);
    this.buffers.push(buffer);
    return buffer;
  }

  upload(data: Float32Array): GPUBuffer {
    const buffer = this.take(Math.max(1, data.length) * BYTES, USAGE.STORAGE | USAGE.COPY_DST);
    this.gpu.device.queue.writeBuffer(buffer, 0, unshared(data));
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
  readonly w: GPUBuffer;
  readonly bias: GPUBuffer | null;
}

function filtersAndBias(gpu: Gpu, p: ConvProblem, { w, keepsFilters, bias }: GpuOperands, borrowed: Borrowed): Filters {
  const up = (operand: GpuOperand) => (operand instanceof Float32Array ? borrowed.upload(operand) : operand);
  return {
    w: keepsFilters && w instanceof Float32Array ? gpu.keep(w) : up(w),
    // A compiled op is planned for a bias, which a run need not have.
    bias: p.bias ? up(bias ?? new Float32Array(p.groups * p.filters)) : null,
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
  if (operand instanceof Float32Array && filled) return { buffer: borrowed.upload(operand.subarray(from, to)), from };
  if (!(operand instanceof Float32Array) && operand.size <= gpu.mostBytes) return { buffer: operand, from: 0 };
  const bytes = (to - from) * BYTES;
  const buffer = borrowed.take(bytes, USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST);
  if (filled) encoder.copyBufferToBuffer(operand as GPUBuffer, from * BYTES, buffer, 0, bytes);
  return { buffer, from };
}

/** Submit one piece. If its result is wanted here, the buffer that it will be mapped in. */
function submit(
  gpu: Gpu,
  p: ConvProblem,
  piece: Piece,
  ready: Pipeline,
  { x, w, bias, y }: Filters & { readonly x: GpuOperand; readonly y: GpuOperand },
  borrowed: Borrowed,
): { readonly buffer: GPUBuffer; readonly mapping: Mapping } | null {
  const { device } = gpu;
  const encoder = device.createCommandEncoder();
  const from = partOf(gpu, x, piece.x, true, encoder, borrowed);
  const to = partOf(gpu, y, piece.y, false, encoder, borrowed);
  dispatch(gpu, p, piece, ready, { x: from, w, bias, y: to }, encoder, borrowed);
  const bytes = sizeOf(piece.y) * BYTES;
  const here = y instanceof Float32Array;
  const back = here ? borrowed.take(bytes, USAGE.MAP_READ | USAGE.COPY_DST) : y;
  if (here) encoder.copyBufferToBuffer(to.buffer, 0, back, 0, bytes);
  else if (to.buffer !== y) encoder.copyBufferToBuffer(to.buffer, 0, y, to.from * BYTES, bytes);
  device.queue.submit([encoder.finish()]);
  return here ? { buffer: back, mapping: startMapping(back, bytes) } : null;
}

interface Bound {
  readonly x: Part;
  readonly w: GPUBuffer;
  readonly bias: GPUBuffer | null;
  readonly y: Part;
}

/** Encode the kernel for one piece. */
function dispatch(
  gpu: Gpu,
  p: ConvProblem,
  piece: Piece,
  { pipeline, terms }: Pipeline,
  { x, w, bias, y }: Bound,
  encoder: GPUCommandEncoder,
  borrowed: Borrowed,
): void {
  const { device } = gpu;
  const depth = piece.depth.to - piece.depth.from;
  const pixels = (piece.images.to - piece.images.from) * depth * product(p.output.slice(1));
  const uniform = borrowed.take(32, USAGE.UNIFORM | USAGE.COPY_DST);
  // The first image of the piece is image 0 to the kernel.
  const shifts = [x.from - piece.images.from * p.x.batch, y.from - piece.images.from * p.y.batch];
  device.queue.writeBuffer(uniform, 0, Int32Array.of(pixels, piece.depth.from, depth, ...shifts, 0, 0, 0));
  const buffers = [x.buffer, w, y.buffer, terms, bias, uniform];
  const entries = buffers.flatMap((buffer, binding) => (buffer ? [{ binding, resource: { buffer } }] : []));
  const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  const tile = tileOf(p);
  pass.dispatchWorkgroups(Math.ceil(pixels / tile.pixels), Math.ceil(p.filters / tile.filters), p.groups);
  pass.end();
}
