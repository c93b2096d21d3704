/** How fast the GPU is, measured once when it is opened: what the choice between it and wasm rests on. */
import type { ConvProblem } from "../problem/problem.ts";
import { convolveOnGpu } from "./convolve.ts";
import type { Gpu } from "./gpu.ts";
import { planOnGpu } from "./plan.ts";
import { costOf } from "./tile.ts";

export interface Speed {
  /** Multiply-adds of the kernel's best tile, bytes up and down, in a millisecond; and what the smallest call takes. */
  readonly costPerMs: number;
  readonly bytesPerMs: number;
  readonly overheadMs: number;
}

/** Windows of `window` by `window` on one image of side², padded so that the result is as large; so many channels and filters. */
function probe(side: number, channels: number, filters: number, window = 1): ConvProblem {
  const pixels = side * side;
  const taps = window * window;
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
    taps: [1, window, window],
    output: [1, side, side],
    stride: [1, 1, 1],
    dilation: [1, 1, 1],
    low: [0, window >> 1, window >> 1],
    x: view(channels),
    w: {
      offset: 0,
      size: filters * channels * taps,
      group: 0,
      filter: channels * taps,
      channel: taps,
      space: [taps, window, 1],
    },
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

const bytesOf = ({ x, y, w }: ConvProblem) => 4 * (x.size + y.size + w.size);

/** What it costs the kernel, in multiply-adds of its best tile. */
function costOn(gpu: Gpu, p: ConvProblem): number {
  const plan = planOnGpu(p, gpu);
  return plan ? costOf(plan.form.problem, plan.tile) : Number.POSITIVE_INFINITY;
}

export async function measureSpeed(gpu: Gpu): Promise<Speed> {
  const overheadMs = await time(gpu, probe(8, 1, 1));
  const wide = probe(512, 4, 4);
  const bytesPerMs = bytesOf(wide) / Math.max(0.1, (await time(gpu, wide)) - overheadMs);
  let work = probe(32, 16, 64, 3);
  let ms = await time(gpu, work);
  if (ms < 2 * overheadMs + 2) {
    // Too little for a real one to be seen above the overhead.
    work = probe(64, 256, 256, 3);
    ms = await time(gpu, work);
  }
  const computing = ms - overheadMs - bytesOf(work) / bytesPerMs;
  return { costPerMs: costOn(gpu, work) / Math.max(0.05, computing), bytesPerMs, overheadMs };
}

export function estimateMs(gpu: Gpu, p: ConvProblem, { costPerMs, bytesPerMs, overheadMs }: Speed): number {
  return overheadMs + costOn(gpu, p) / costPerMs + bytesOf(p) / bytesPerMs;
}
