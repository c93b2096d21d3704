/** Who computes the tiles: the caller, here; a pool of workers behind the same interface. */
import type { KernelName, Plan } from "../plan/plan.ts";
import type { Kernel } from "./kernels.ts";

/** A step placed in memory: its kernel, the address of its argument block, its tiles. */
export interface PlacedStep {
  readonly name: KernelName;
  readonly kernel: Kernel;
  readonly args: number;
  readonly tiles: number;
  readonly grain: number;
  readonly cycles: number;
  readonly scratchBytes: number;
}

/** The operands of the plan's main steps, the last ones of the work, in the caller's memory, for workers that cannot see it. Addresses are those of whole arrays. */
export interface Portable {
  readonly plan: Plan;
  readonly input: number;
  readonly filters: number;
  /** null for none. */
  readonly bias: number | null;
  readonly output: number;
  /** What steps leave for later ones; null for nothing. */
  readonly work: number | null;
}

export interface Controls {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** true: with workers; false: here; undefined: as the estimate says. */
  readonly openmp?: boolean | undefined;
}

/**
 * Steps under way. Tiles of a step may run in any order and be run again; steps run one after the other. The cursor is
 * here and not in the executor, so that a waiting job can be finished at once by whoever needs it (`runSync`).
 */
export class Work {
  readonly steps: readonly PlacedStep[];
  readonly total: number;
  readonly portable: Portable | undefined;
  done = 0;
  /** Until this settles, a thread that was given up may still be writing: the job's memory must not be used again. */
  busy: Promise<void> | undefined;
  private step = 0;
  private tile = 0;

  constructor(steps: readonly PlacedStep[], portable?: Portable) {
    this.steps = steps;
    this.portable = portable;
    this.total = steps.reduce((sum, step) => sum + step.tiles, 0);
  }

  get finished(): boolean {
    return this.done === this.total;
  }

  get cycles(): number {
    return this.steps.reduce((sum, step) => sum + step.cycles, 0);
  }

  get scratchBytes(): number {
    return this.steps.reduce((most, step) => Math.max(most, step.scratchBytes), 0);
  }

  /** Run the next call's worth of tiles. */
  advance(scratch: number): void {
    while (this.step < this.steps.length && this.tile === this.steps[this.step]!.tiles) {
      this.step++;
      this.tile = 0;
    }
    const step = this.steps[this.step];
    if (!step) return;
    const last = Math.min(step.tiles, this.tile + step.grain);
    step.kernel(step.args, scratch, this.tile, last);
    this.done += last - this.tile;
    this.tile = last;
  }
}

export interface Executor {
  /** Settles when the work is finished, or rejects with the signal's reason once its tiles have stopped. */
  run(work: Work, controls: Controls): Promise<void>;
  /** Finish the work in the calling thread. */
  runSync(work: Work): void;
  dispose(): void;
}
