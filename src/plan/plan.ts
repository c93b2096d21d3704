import type { ConvProblem } from "../problem/problem.ts";
import { multiplyAdds } from "../problem/problem.ts";
import type { BinaryName } from "./registers.ts";

/** Every kernel: steps name them, worker threads number them. */
export const KERNEL_NAMES = [
  "direct_pixels_f32",
  "direct_pixels_f64",
  "direct_filters_f32",
  "direct_filters_f64",
  "depthwise_f32",
  "depthwise_f64",
  "unshared_f32",
  "unshared_f64",
  "pack_filters_f32",
  "pack_filters_f64",
  "separable_f32",
  "separable_f64",
  "fft_f32",
  "fft_f64",
  "fft_filters_f32",
  "fft_filters_f64",
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

/** One kernel over tiles 0 … tiles − 1; `grain` tiles make a call of some 20 µs or more. */
export interface Step {
  readonly kernel: KernelName;
  readonly tiles: number;
  readonly grain: number;
  /** All tiles on one thread, as the cost model sees it. */
  readonly cycles: number;
  readonly scratchBytes: number;
  readonly block: BlockImage;
}

export type Algorithm = "direct" | "depthwise" | "unshared" | "separable" | "fft";
export type Lanes = "pixels" | "filters";

/**
 * Everything that can be decided before the operands are known. Immutable, and free of addresses: jobs share it.
 * `filterStep` turns the filters into `filterBytes` of panels or spectra; without it the main step reads them as they are, or, for
 * `separable`, their factors.
 */
export interface Plan {
  readonly problem: ConvProblem;
  readonly algorithm: Algorithm;
  readonly lanes: Lanes;
  readonly binary: BinaryName;
  readonly filterStep: Step | null;
  readonly filterBytes: number;
  readonly step: Step;
  /** What a job leases: operands in engine memory, argument blocks, packed filters; and the scratch of one executor. */
  readonly workspaceBytes: number;
  /** How the tile was chosen, one line each. */
  readonly notes: readonly string[];
}

/** The plan as users see it. */
export interface PlanView {
  readonly algorithm: string;
  readonly device: "wasm" | "webgpu";
  readonly binary: string;
  readonly workers: number;
  readonly multiplyAdds: number;
  /** The shape of the result, and of an `out`. */
  readonly outputShape: readonly number[];
  readonly workspaceBytes: number;
  readonly steps: readonly { readonly kernel: string; readonly tiles: number }[];
  describe(): string;
}

export function planSteps(plan: Plan): Step[] {
  return plan.filterStep ? [plan.filterStep, plan.step] : [plan.step];
}

export function viewOf(
  plan: Plan,
  outputShape: readonly number[],
  workers: number,
  device: PlanView["device"] = "wasm",
): PlanView {
  const steps = planSteps(plan).map(({ kernel, tiles }) => Object.freeze({ kernel, tiles }));
  const sum = multiplyAdds(plan.problem);
  const head = plan.algorithm === "direct" ? `direct, lanes over ${plan.lanes}` : plan.algorithm;
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
