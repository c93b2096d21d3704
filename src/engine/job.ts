/** A plan with memory: argument blocks, operands and packed filters at addresses. Leases go back when it is released. */
import { OptionError } from "../errors.ts";
import type { Plan, Step } from "../plan/plan.ts";
import { elementBytes } from "../plan/registers.ts";
import type { DenseView } from "../problem/operand.ts";
import { factorsOf } from "../problem/rank-one.ts";
import { copyIn } from "../strided.ts";
import type { Lease } from "./arena.ts";
import type { PlacedStep, Portable } from "./executor.ts";
import { Work } from "./executor.ts";
import { type Bases, blockBytes, NO_BASES, placeBlock, point } from "./place.ts";
import type { Runtime } from "./runtime.ts";

/** A view, and its address if it lies densely in this engine's memory already. */
export interface Bound {
  readonly view: DenseView;
  readonly pointer: number | null;
}

/** Blocks of the steps, one after the other from `address` on. */
function placeSteps(runtime: Runtime, steps: readonly Step[], address: number): PlacedStep[] {
  const { i32 } = runtime.heap();
  let args = address;
  return steps.map((step) => {
    const { kernel: name, tiles, grain, cycles, scratchBytes } = step;
    const placed = { name, kernel: runtime.kernels.table[name]!, args, tiles, grain, cycles, scratchBytes };
    placeBlock(i32, step.block, args);
    args += blockBytes(step.block);
    return placed;
  });
}

function pointSteps(runtime: Runtime, steps: readonly Step[], placed: readonly PlacedStep[], bases: Bases): void {
  const { i32 } = runtime.heap();
  for (const [i, { args }] of placed.entries()) point(i32, steps[i]!.pointers, args, bases);
}

function blocksBytes(steps: readonly Step[]): number {
  return steps.reduce((sum, { block }) => sum + blockBytes(block), 0);
}

/** Copy a view into engine memory at `pointer`, in C order. */
function upload(runtime: Runtime, view: DenseView, pointer: number): void {
  copyIn(view, runtime.heap()[view.dtype], pointer / elementBytes(view.dtype));
}

/** Filters in the form that the plan's main steps read, shared by the jobs that use them. */
export class FilterSet {
  readonly pointer: number;
  /** Packing, until it is finished. */
  readonly work: Work;
  private readonly runtime: Runtime;
  private readonly lease: Lease;
  private source: Lease | undefined;
  private users = 1;

  /**
   * Reads the filters before it returns; packing them is left to whoever runs `work`. Those that have an address are read where they
   * are, if nothing is to be packed.
   */
  constructor(runtime: Runtime, plan: Plan, { view: filters, pointer }: Bound) {
    this.runtime = runtime;
    const { filterSteps } = plan;
    if (pointer !== null && filterSteps.length === 0 && plan.algorithm !== "separable") {
      this.lease = { pointer, bytes: 0, release: () => {} };
      this.pointer = pointer;
      this.work = new Work([]);
      return;
    }
    this.lease = runtime.arena.lease(plan.filterBytes, "filters");
    this.pointer = this.lease.pointer;
    try {
      if (plan.algorithm === "separable") {
        const factors = factorsOf(plan.problem, filters);
        if (!factors) throw new OptionError("algorithm", '"separable" wants filters of rank one');
        runtime.heap()[plan.problem.dtype].set(factors, this.pointer / elementBytes(plan.problem.dtype));
        this.work = new Work([]);
        return;
      }
      if (filterSteps.length === 0) {
        upload(runtime, filters, this.pointer);
        this.work = new Work([]);
        return;
      }
      const blocks = blocksBytes(filterSteps);
      const raw = filters.size * elementBytes(plan.problem.dtype);
      this.source = runtime.arena.lease(blocks + raw, "filters");
      const source = this.source.pointer + blocks;
      upload(runtime, filters, source);
      const steps = placeSteps(runtime, filterSteps, this.source.pointer);
      pointSteps(runtime, filterSteps, steps, { ...NO_BASES, source, filters: this.pointer });
      this.work = new Work(steps);
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
  private readonly steps: readonly PlacedStep[];
  private readonly blocks: Lease;
  private readonly between: Lease | undefined;
  private portable: Portable | undefined;
  private x: Lease | undefined;
  private y: Lease | undefined;
  private bias: Lease | undefined;

  constructor(runtime: Runtime, plan: Plan) {
    this.runtime = runtime;
    this.plan = plan;
    this.blocks = runtime.arena.lease(blocksBytes(plan.steps), "input");
    try {
      if (plan.workBytes > 0) this.between = runtime.arena.lease(plan.workBytes, "input");
      this.steps = placeSteps(runtime, plan.steps, this.blocks.pointer);
    } catch (error) {
      this.release();
      throw error;
    }
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
    let biasAt: number | null = null;
    if (bias) {
      this.bias ??= runtime.arena.lease(bias.size * size, "bias");
      biasAt = this.bias.pointer;
      upload(runtime, bias, biasAt);
    }
    const work = this.between?.pointer ?? null;
    const bases = { x: xAt, y: yAt, bias: biasAt, source: null, filters: filters.pointer, work };
    pointSteps(runtime, plan.steps, this.steps, bases);
    this.portable = { plan, input: xAt, filters: filters.pointer, bias: biasAt, output: yAt, work };
    return yAt;
  }

  /** The steps of one run, after those that prepare its filters. */
  work(before: readonly PlacedStep[] = []): Work {
    return new Work([...before, ...this.steps], this.portable);
  }

  release(): void {
    this.blocks.release();
    this.between?.release();
    this.x?.release();
    this.y?.release();
    this.bias?.release();
  }
}
