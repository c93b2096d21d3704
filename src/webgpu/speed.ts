/** How fast the GPU is, measured once when it is opened: what the choice between it and wasm rests on. */
import type { ConvProblem } from "../problem/problem.ts";
import { multiplyAdds } from "../problem/problem.ts";
import { convolveOnGpu } from "./convolve.ts";
import type { Gpu } from "./gpu.ts";
import { paddedWork } from "./shader.ts";

export interface Speed {
  /** Multiply-adds of the kernel, bytes up and down, in a millisecond; and what the smallest call takes. */
  readonly multiplyAddsPerMs: number;
  readonly bytesPerMs: number;
  readonly overheadMs: number;
}

/** A convolution of one tap: side² pixels, so many channels and filters. */
function probe(side: number, channels: number, filters: number): ConvProblem {
  const pixels = side * side;
  const view = (planes: number) => ({
    offset: 0,
    size: planes * pixels,
    batch: planes * pixels,
    group: 0,
    channel: pixels,
    space: [pixels, side, 1] as const,
  });
  return {
    dtype: "float32",
    batch: 1,
    groups: 1,
    filters,
    channels,
    input: [1, side, side],
    taps: [1, 1, 1],
    output: [1, side, side],
    stride: [1, 1, 1],
    dilation: [1, 1, 1],
    low: [0, 0, 0],
    x: view(channels),
    w: { offset: 0, size: filters * channels, group: 0, filter: channels, channel: 1, space: [1, 1, 1] },
    y: view(filters),
    bias: false,
    activation: "linear",
  };
}

/** Best of a few: the first builds the pipeline. */
async function time(gpu: Gpu, p: ConvProblem): Promise<number> {
  const operands = { x: new Float32Array(p.x.size), w: new Float32Array(p.w.size), keepsFilters: false, bias: null };
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 3; i++) {
    const start = performance.now();
    await convolveOnGpu(gpu, p, operands, {});
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

export async function measureSpeed(gpu: Gpu): Promise<Speed> {
  const overheadMs = await time(gpu, probe(8, 1, 1));
  const wide = probe(512, 4, 4);
  const bytesPerMs = (4 * (wide.x.size + wide.y.size)) / Math.max(0.1, (await time(gpu, wide)) - overheadMs);
  const deep = probe(64, 64, 64);
  let work = deep;
  let ms = await time(gpu, deep);
  if (ms < 2 * overheadMs + 2) {
    // Too little for a real one to be seen above the overhead.
    work = probe(64, 1024, 512);
    ms = await time(gpu, work);
  }
  const computing = ms - overheadMs - (4 * (work.x.size + work.y.size + work.w.size)) / bytesPerMs;
  return { multiplyAddsPerMs: multiplyAdds(work) / Math.max(0.05, computing), bytesPerMs, overheadMs };
}

export function estimateMs(p: ConvProblem, { multiplyAddsPerMs, bytesPerMs, overheadMs }: Speed): number {
  return overheadMs + paddedWork(p) / multiplyAddsPerMs + (4 * (p.x.size + p.y.size + p.w.size)) / bytesPerMs;
}
