/** The way of a checked and lowered call through the runtime, the same for every op that has one result. */

import type { PlacedStep, Work } from "../engine/executor.ts";
import { type Bound, FilterSet, Job } from "../engine/job.ts";
import type { Runtime } from "../engine/runtime.ts";
import { DisposedError, DTypeError, OptionError, ShapeError } from "../errors.ts";
import type { Plan } from "../plan/plan.ts";
import { copyOut, type DenseView, overlaps, readOperand, repeatsElements } from "../problem/operand.ts";
import { type DType, elementCount, isDisposed, storageOf, Tensor, tensorOver } from "../tensor.ts";
import type { RunControls } from "./options.ts";

/** An operand as the call found it, and the object it came from, which may be a tensor of the engine. */
export interface Given {
  readonly source: unknown;
  readonly view: DenseView;
}

export function given(source: unknown, argument: string): Given {
  return { source, view: readOperand(source, argument) };
}

/** `null` or undefined is an operand that was not given. */
export function givenIfAny(source: unknown, argument: string): Given | null {
  return source === undefined || source === null ? null : given(source, argument);
}

export function checkSameDtype(dtype: DType, operand: Given | null, argument: string): void {
  if (operand && operand.view.dtype !== dtype) {
    throw new DTypeError(argument, `all arrays of a call have one dtype: expected ${dtype}, got ${operand.view.dtype}`);
  }
}

export function checkShapeIs(shape: readonly number[], operand: Given | null, argument: string): void {
  if (!operand) return;
  const found = operand.view.shape;
  if (found.length !== shape.length || !found.every((extent, axis) => extent === shape[axis])) {
    throw new ShapeError(argument, `expected the shape [${shape}], got [${found}]`);
  }
}

/** `out` must have the result's shape and dtype, no element twice, and nothing in common with an input. */
export function checkOut(
  out: Given | null,
  shape: readonly number[],
  dtype: DType,
  inputs: readonly (Given | null)[],
): void {
  if (!out) return;
  checkSameDtype(dtype, out, "out");
  checkShapeIs(shape, out, "out");
  if (repeatsElements(out.view)) throw new OptionError("out", "several of its indices are the same element");
  if (inputs.some((input) => input && overlaps(out.view, input.view)))
    throw new OptionError("out", "it overlaps an input");
}

/** Where an operand is for the length of a call: in engine memory that the call retains, or (pointer null) at the caller's. */
export interface Place extends Bound {
  release(): void;
}

export function placeOf(runtime: Runtime, operand: Given, argument: string): Place {
  if (isDisposed(operand.source)) throw new DisposedError(argument);
  const { view } = operand;
  const resident = view.dense ? storageOf(operand.source)?.resident : undefined;
  if (resident?.owner !== runtime) return { view, pointer: null, release: () => {} };
  return { view, pointer: resident.pointer + view.offset * view.data.BYTES_PER_ELEMENT, release: resident.retain() };
}

/** Bring the result to where the caller wants it, who may have lost interest in `out` meanwhile. */
export function deliver(runtime: Runtime, { y, out }: Binding, call: Call): Tensor {
  const { dtype } = call.plan.problem;
  const heap = runtime.heap()[dtype];
  const at = y / heap.BYTES_PER_ELEMENT;
  if (!call.out || !out) {
    const data = runtime.results.copyOf(dtype, heap, at, at + elementCount(call.outputShape));
    return tensorOver(data, call.outputShape, () => runtime.results.giveBack(dtype, data));
  }
  const { source, view } = call.out;
  if (isDisposed(source)) throw new DisposedError("out");
  if (out.pointer === null) {
    checkStillThere(call.out, "out");
    copyOut(heap, at, view);
  }
  return source instanceof Tensor
    ? source
    : tensorOver(view.data, call.outputShape, undefined, view.stride, view.offset);
}

/** An array may be detached or cut short while something else is awaited. */
export function checkStillThere({ view }: Given, argument: string): void {
  if (view.size > 0 && view.high >= view.data.length) {
    throw new ShapeError(argument, "its buffer was detached or resized meanwhile");
  }
}

export interface Call {
  readonly plan: Plan;
  readonly outputShape: readonly number[];
  readonly input: Given;
  /** What errors call it. */
  readonly inputName: string;
  readonly bias: Given | null;
  readonly out: Given | null;
}

/** A call at addresses. `release` gives back what it retains of resident tensors. */
export interface Binding {
  readonly y: number;
  readonly out: Place | null;
  release(): void;
}

/** Bind the operands of a call to a job. Everything of the caller's is read here, before anything is awaited. */
export function bindCall(runtime: Runtime, job: Job, filters: FilterSet, call: Call): Binding {
  const input = placeOf(runtime, call.input, call.inputName);
  let out: Place | null = null;
  const release = () => {
    input.release();
    out?.release();
  };
  try {
    out = call.out && placeOf(runtime, call.out, "out");
    return { y: job.bind(input, filters, call.bias?.view ?? null, out ? out.pointer : null), out, release };
  } catch (error) {
    release();
    throw error;
  }
}

/** Memory goes back when nobody can be writing to it any more. */
export function whenIdle(work: Work | undefined, release: () => void): void {
  if (work?.busy) void work.busy.then(release);
  else release();
}

/** Plan known, filters not kept: pack them, compute, give every lease back. */
export async function runOnce(runtime: Runtime, call: Call, filters: Given, controls: RunControls): Promise<Tensor> {
  controls.signal?.throwIfAborted();
  const set = new FilterSet(runtime, call.plan, { view: filters.view, pointer: null });
  let job: Job | undefined;
  let binding: Binding | undefined;
  let work: Work | undefined;
  try {
    job = new Job(runtime, call.plan);
    binding = bindCall(runtime, job, set, call);
    work = job.work(set.work.steps);
    await runtime.executor.run(work, controls);
    return deliver(runtime, binding, call);
  } finally {
    whenIdle(work, () => {
      binding?.release();
      job?.release();
      set.release();
    });
  }
}

/** The jobs and filters of a compiled op. Jobs that are not running wait with their memory, so running again allocates nothing. */
export class Repeated {
  protected readonly runtime: Runtime;
  private readonly idle: Job[] = [];
  private filters: { set: FilterSet; ready: Promise<void> } | undefined;
  protected readonly filtersName: string;
  private disposed = false;

  /** `filtersName` is what errors call the filters. */
  constructor(runtime: Runtime, filtersName: string) {
    this.runtime = runtime;
    this.filtersName = filtersName;
    runtime.arena.reclaimers.add(this.letGo);
  }

  /** Jobs that are not running need not keep their memory. */
  private readonly letGo = () => {
    for (const job of this.idle.splice(0)) job.release();
  };

  /** Settles when the filters are packed; runs started meanwhile wait for it by themselves. */
  setFilters(plan: Plan, filters: Given): Promise<void> {
    const set = new FilterSet(this.runtime, plan, { view: filters.view, pointer: null });
    this.filters?.set.release();
    const ready = this.pack(set.retain());
    this.filters = { set, ready };
    return ready;
  }

  private async pack(set: FilterSet): Promise<void> {
    try {
      await this.runtime.executor.run(set.work, { openmp: false });
    } finally {
      set.packed();
      set.release();
    }
  }

  async run(call: Call, controls: RunControls): Promise<Tensor> {
    controls.signal?.throwIfAborted();
    const filters = this.currentFilters();
    const job = this.takeJob(call.plan);
    const set = filters.set.retain();
    let work: Work | undefined;
    let binding: Binding | undefined;
    try {
      binding = bindCall(this.runtime, job, set, call);
      work = job.work();
      if (!set.work.finished) await filters.ready;
      await this.runtime.executor.run(work, controls);
      return deliver(this.runtime, binding, call);
    } finally {
      whenIdle(work, () => {
        binding?.release();
        set.release();
        this.giveBackJob(job);
      });
    }
  }

  runSync(call: Call, controls: RunControls): Tensor {
    controls.signal?.throwIfAborted();
    const { set } = this.currentFilters();
    if (!set.work.finished) set.finishSync();
    const job = this.takeJob(call.plan);
    let binding: Binding | undefined;
    try {
      binding = bindCall(this.runtime, job, set, call);
      const work = job.work();
      this.runtime.executor.runSync(work);
      controls.onProgress?.(work.done, work.total);
      return deliver(this.runtime, binding, call);
    } finally {
      binding?.release();
      this.giveBackJob(job);
    }
  }

  /** Runs in flight finish; their memory goes back when they do. */
  dispose(): void {
    this.disposed = true;
    this.filters?.set.release();
    this.filters = undefined;
    this.letGo();
    this.runtime.arena.reclaimers.delete(this.letGo);
  }

  private currentFilters(): { set: FilterSet; ready: Promise<void> } {
    if (!this.filters) throw new OptionError(this.filtersName, "setFilters must be called before the first run");
    return this.filters;
  }

  /** Filters of rank one have another plan than others: jobs of a plan that is no longer used are let go. */
  protected takeJob(plan: Plan): Job {
    for (let job = this.idle.pop(); job; job = this.idle.pop()) {
      if (job.plan === plan) return job;
      job.release();
    }
    return new Job(this.runtime, plan);
  }

  protected giveBackJob(job: Job): void {
    if (this.disposed || this.runtime.disposed) job.release();
    else this.idle.push(job);
  }

  /** For benches: the main step of a call, placed, and scratch for it. They are never given back. */
  place(call: Call): { step: PlacedStep; scratch: number } {
    const { set } = this.currentFilters();
    set.finishSync();
    const job = new Job(this.runtime, call.plan);
    bindCall(this.runtime, job, set, call);
    const step = job.work().steps[0]!;
    return { step, scratch: this.runtime.arena.lease(step.scratchBytes, "input").pointer };
  }
}
