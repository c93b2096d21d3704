/** A plan with memory: argument blocks, operands and packed filters at addresses. Leases go back when it is released. */
import { CONV_BIAS, CONV_W, CONV_X, CONV_Y, PACK_SOURCE, PACK_TARGET } from "../../assembly/args.ts";
import { OptionError } from "../errors.ts";
import type { BlockImage, Plan, Step } from "../plan/plan.ts";
import { elementBytes } from "../plan/registers.ts";
import type { DenseView } from "../problem/operand.ts";
import { factorsOf } from "../problem/rank-one.ts";
import { copyIn } from "../strided.ts";
import type { Lease } from "./arena.ts";
import type { PlacedStep, Portable } from "./executor.ts";
import { Work } from "./executor.ts";
import type { Runtime } from "./runtime.ts";

/** A view, and its address if it lies densely in this engine's memory already. */
export interface Bound {
  readonly view: DenseView;
  readonly pointer: number | null;
}

function placeBlock(runtime: Runtime, block: BlockImage, pointer: number): void {
  const { i32 } = runtime.heap();
  i32.set(block.words, pointer >>> 2);
  for (const offset of block.relative) i32[(pointer + offset) >>> 2]! += pointer;
}

function placeStep(runtime: Runtime, step: Step, args: number): PlacedStep {
  const { kernel: name, tiles, grain, cycles, scratchBytes } = step;
  return { name, kernel: runtime.kernels[name], args, tiles, grain, cycles, scratchBytes };
}

/** Copy a view into engine memory at `pointer`, in C order. */
function upload(runtime: Runtime, view: DenseView, pointer: number): void {
  copyIn(view, runtime.heap()[view.dtype], pointer / elementBytes(view.dtype));
}

/** Filters in the form that the plan's main step reads, shared by the jobs that use them. */
export class FilterSet {
  readonly pointer: number;
  /** Packing, until it is finished. */
  readonly work: Work;
  private readonly runtime: Runtime;
  private readonly lease: Lease;
  private source: Lease | undefined;
  private users = 1;

  /** Reads the filters before it returns; packing them is left to whoever runs `work`. */
  constructor(runtime: Runtime, plan: Plan, filters: DenseView) {
    this.runtime = runtime;
    const { filterStep } = plan;
    this.lease = runtime.arena.lease(plan.filterBytes, "filters");
    this.pointer = this.lease.pointer;
    const base = plan.problem.w.offset * elementBytes(plan.problem.dtype);
    try {
      if (plan.algorithm === "separable") {
        const factors = factorsOf(plan.problem, filters);
        if (!factors) throw new OptionError("algorithm", '"separable" wants filters of rank one');
        runtime.heap()[plan.problem.dtype].set(factors, this.pointer / elementBytes(plan.problem.dtype));
        this.work = new Work([]);
        return;
      }
      if (!filterStep) {
        upload(runtime, filters, this.pointer);
        this.pointer += base;
        this.work = new Work([]);
        return;
      }
      const blockBytes = filterStep.block.words.byteLength;
      const aligned = Math.ceil(blockBytes / 64) * 64;
      const raw = filters.size * elementBytes(plan.problem.dtype);
      this.source = runtime.arena.lease(aligned + raw, "filters");
      const args = this.source.pointer;
      upload(runtime, filters, args + aligned);
      placeBlock(runtime, filterStep.block, args);
      const { i32 } = runtime.heap();
      i32[(args + PACK_SOURCE) >>> 2] = args + aligned + base;
      i32[(args + PACK_TARGET) >>> 2] = this.pointer;
      this.work = new Work([placeStep(runtime, filterStep, args)]);
    } catch (error) {
      this.source?.release();
      this.lease.release();
      throw error;
    }
  }

  /** Pack now what is not packed yet. */
  finishSync(): void {
    if (!this.work.finished) this.runtime.executor.runSync(this.work);
  }

  /** The originals are no longer needed. */
  packed(): void {
    this.source?.release();
    this.source = undefined;
  }

  retain(): this {
    this.users++;
    return this;
  }

  release(): void {
    if (--this.users > 0) return;
    this.source?.release();
    this.lease.release();
  }
}

export class Job {
  readonly plan: Plan;
  private readonly runtime: Runtime;
  private readonly step: PlacedStep;
  private readonly block: Lease;
  private portable: Portable | undefined;
  private x: Lease | undefined;
  private y: Lease | undefined;
  private bias: Lease | undefined;

  constructor(runtime: Runtime, plan: Plan) {
    this.runtime = runtime;
    this.plan = plan;
    this.block = runtime.arena.lease(plan.step.block.words.byteLength, "input");
    try {
      placeBlock(runtime, plan.step.block, this.block.pointer);
    } catch (error) {
      this.block.release();
      throw error;
    }
    this.step = placeStep(runtime, plan.step, this.block.pointer);
  }

  /** Place the operands; afterwards nothing of the caller's is read any more. Returns the address of the result. */
  bind(x: Bound, filters: FilterSet, bias: DenseView | null, out: number | null): number {
    const { runtime, plan } = this;
    const p = plan.problem;
    const size = elementBytes(p.dtype);
    let xAt = x.pointer;
    if (xAt === null) {
      this.x ??= runtime.arena.lease(p.x.size * size, "input");
      xAt = this.x.pointer;
      upload(runtime, x.view, xAt);
    }
    let yAt = out;
    if (yAt === null) {
      this.y ??= runtime.arena.lease(p.y.size * size, "out");
      yAt = this.y.pointer;
    }
    let biasAt = 0;
    if (bias) {
      this.bias ??= runtime.arena.lease(bias.size * size, "bias");
      biasAt = this.bias.pointer;
      upload(runtime, bias, biasAt);
    }
    const { i32 } = runtime.heap();
    const args = this.block.pointer;
    i32[(args + CONV_X) >>> 2] = xAt + p.x.offset * size;
    i32[(args + CONV_W) >>> 2] = filters.pointer;
    i32[(args + CONV_Y) >>> 2] = yAt + p.y.offset * size;
    i32[(args + CONV_BIAS) >>> 2] = biasAt;
    this.portable = { plan, input: xAt, filters: filters.pointer, bias: biasAt, output: yAt };
    return yAt;
  }

  /** The steps of one run, after those that prepare its filters. */
  work(before: readonly PlacedStep[] = []): Work {
    return new Work([...before, this.step], this.portable);
  }

  release(): void {
    this.block.release();
    this.x?.release();
    this.y?.release();
    this.bias?.release();
  }
}
