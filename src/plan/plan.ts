import type { ConvProblem } from "../problem/problem.ts";
import { multiplyAdds } from "../problem/problem.ts";
import { type BinaryName, elementBytes } from "./registers.ts";

/** Every kernel: steps name them, worker threads number them. */
export const KERNEL_NAMES = [
  "direct_pixels_f32",
  "direct_pixels_f64",
  "direct_filters_f32",
  "direct_filters_f64",
  "depthwise_f32",
  "depthwise_f64",
  "depthwise_planes_f32",
  "unshared_f32",
  "unshared_f64",
  "unshared_inputs_f32",
  "unshared_inputs_f64",
  "pack_filters_f32",
  "pack_filters_f64",
  "gather_f32",
  "separable_f32",
  "separable_f64",
  "fft_f32",
  "fft_f64",
  "fft_filters_f32",
  "fft_filters_f64",
  "winograd_f32",
  "winograd_input_f32",
  "winograd_multiply_f32",
  "winograd_filters_f32",
  "strassen_f32",
  "strassen_filters_f32",
  "winograd_gradient_f32",
  "correlate_filters_f32",
  "correlate_filters_f64",
  "correlate_dots_f32",
  "correlate_dots_f64",
  "sum_blocks_f32",
  "sum_blocks_f64",
  "unshared_filters_f32",
  "unshared_filters_f64",
] as const;
export type KernelName = (typeof KERNEL_NAMES)[number];

/**
 * An argument block as the kernel will find it, tables appended, before anyone knows its address: `relative` lists the
 * words that count from the block's own start, and are moved when it is placed. Pointers to operands are 0 until then.
 */
export interface BlockImage {
  readonly words: Int32Array;
  readonly relative: readonly number[];
}

/**
 * What the pointers of a block point into: the operands of the call as whole arrays, the filters as they were given (`source`)
 * and as the main steps read them, and what one step leaves for the next (`work`).
 */
export type Region = "x" | "y" | "bias" | "source" | "filters" | "work";

/** A word of a block that will hold the address of a region, `offset` bytes into it; 0 where there is no such region (a bias). */
export interface Pointer {
  readonly word: number;
  readonly region: Region;
  readonly offset: number;
}

/** One kernel over tiles 0 … tiles − 1; `grain` tiles make a call of some 20 µs or more. */
export interface Step {
  readonly kernel: KernelName;
  readonly tiles: number;
  readonly grain: number;
  /** All tiles on one thread, as the cost model sees it. */
  readonly cycles: number;
  readonly scratchBytes: number;
  readonly block: BlockImage;
  readonly pointers: readonly Pointer[];
  /**
   * The runs of bytes that tiles first … last − 1 write, start, length, start, length, …, where segments.ts cannot tell: of y, or of `work`
   * if that is what the step points to. Then the steps that follow are for whoever has all of it.
   */
  readonly segments?: (first: number, last: number) => Int32Array;
}

export type Algorithm = "direct" | "depthwise" | "unshared" | "separable" | "fft" | "winograd" | "correlate";
export type Lanes = "pixels" | "filters";
/** Of an option: `planes` are groups, of depthwise sums; `gathered` are pixels, their terms gathered first. */
export type AnyLanes = Lanes | "planes" | "gathered";

/** What an algorithm's planner says of a plan. */
export interface Layout {
  readonly problem: ConvProblem;
  readonly algorithm: Algorithm;
  readonly lanes: Lanes | "planes";
  readonly binary: BinaryName;
  /** They turn the filters into `filterBytes` of panels or spectra; without any the main steps read them as they are, or their factors. */
  readonly filterSteps: readonly Step[];
  readonly filterBytes: number;
  /** They run one after the other. What a step writes no other step of the job overwrites, so that late threads do no harm. */
  readonly steps: readonly Step[];
  /** What steps leave for later ones. */
  readonly workBytes: number;
  /** How the tile was chosen, one line each. */
  readonly notes: readonly string[];
}

/** Everything that can be decided before the operands are known. Immutable, and free of addresses: jobs share it. */
export interface Plan extends Layout {
  /** Of the main steps, all tiles on one thread. */
  readonly cycles: number;
  /** What a job leases: operands in engine memory, argument blocks, packed filters; and the scratch of one executor. */
  readonly workspaceBytes: number;
}

export function planFrom(layout: Layout): Plan {
  const { problem, steps, filterBytes, workBytes } = layout;
  const operands = (problem.x.size + problem.y.size) * elementBytes(problem.dtype);
  const blocks = steps.reduce((sum, { block }) => sum + block.words.byteLength, 0);
  const scratch = steps.reduce((most, { scratchBytes }) => Math.max(most, scratchBytes), 0);
  return {
    ...layout,
    cycles: steps.reduce((sum, { cycles }) => sum + cycles, 0),
    workspaceBytes: operands + filterBytes + workBytes + blocks + scratch,
  };
}

/** The plan as users see it. */
export interface PlanView {
  readonly algorithm: string;
  readonly device: "wasm" | "webgpu";
  readonly binary: string;
  readonly workers: number;
  /** Of the sums as they are defined; transforms take fewer. */
  readonly multiplyAdds: number;
  /** The shape of the result, and of an `out`. */
  readonly outputShape: readonly number[];
  /** Of engine memory: operands, packed filters, argument blocks, scratch. */
  readonly workspaceBytes: number;
  readonly steps: readonly { readonly kernel: string; readonly tiles: number }[];
  /** All of it in words, a line for each step. */
  describe(): string;
}

export function planSteps(plan: Plan): Step[] {
  return [...plan.filterSteps, ...plan.steps];
}

export function viewOf(
  plan: Plan,
  outputShape: readonly number[],
  workers: number,
  device: PlanView["device"] = "wasm",
): PlanView {
  const steps = planSteps(plan).map(({ kernel, tiles }) => Object.freeze({ kernel, tiles }));
  const sum = multiplyAdds(plan.problem);
  const { algorithm, lanes } = plan;
  const head = algorithm === "direct" || algorithm === "depthwise" ? `${algorithm}, lanes over ${lanes}` : algorithm;
  const text = [
    ...(device === "webgpu" ? ["an implicit matrix product on webgpu; otherwise:"] : []),
    `${head}; ${plan.binary} on wasm, ${workers === 0 ? "in the caller" : `in the caller, or with ${workers} ${workers === 1 ? "worker" : "workers"}`}`,
    `${sum.toLocaleString("en")} multiply-adds, ${plan.workspaceBytes.toLocaleString("en")} bytes of engine memory`,
    ...plan.notes,
    ...steps.map((step) => `step ${step.kernel}: ${step.tiles} tiles`),
  ].join("\n");
  return Object.freeze({
    algorithm: plan.algorithm,
    device,
    binary: plan.binary,
    workers,
    multiplyAdds: sum,
    outputShape: Object.freeze([...outputShape]),
    workspaceBytes: plan.workspaceBytes,
    steps: Object.freeze(steps),
    describe: () => text,
  });
}
