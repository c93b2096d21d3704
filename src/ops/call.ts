/** The way of a checked and lowered call through the runtime, the same for every op that has one result. */

import type { PlacedStep, Work } from "../engine/executor.ts";
import { type Bound, FilterSet, Job } from "../engine/job.ts";
import type { Runtime } from "../engine/runtime.ts";
import { OptionError } from "../errors.ts";
import type { Plan } from "../plan/plan.ts";
import { copyOut } from "../strided.ts";
import { elementCount, storageOf, type Tensor, tensorOver } from "../tensor.ts";
import { checkStillThere, type Given, type Handed, here, isAway, mustBeHere, outOf, putOut } from "./operands.ts";
import type { RunControls } from "./options.ts";

/** Where an operand is for the length of a call: in engine memory that the call retains, or (pointer null) at the caller's. */
export interface Place extends Bound {
  release(): void;
}

export function placeOf(runtime: Runtime, operand: Given, argument: string): Place {
  checkStillThere(operand, argument);
  const { view } = operand;
  const resident = view.dense ? storageOf(operand.source)?.resident : undefined;
  if (resident?.owner !== runtime) return { view, pointer: null, release: () => {} };
  return { view, pointer: resident.pointer + view.offset * view.data.BYTES_PER_ELEMENT, release: resident.retain() };
}

/** Bring the result to where the caller wants it, who may have lost interest in `out` meanwhile. */
export function deliver(runtime: Runtime, { y, out }: Binding, call: LocalCall): Tensor {
  const { dtype } = call.plan.problem;
  const heap = runtime.heap()[dtype];
  const at = y / heap.BYTES_PER_ELEMENT;
  if (!call.out || !out) {
    const data = runtime.results.copyOf(dtype, heap, at, at + elementCount(call.outputShape));
    return tensorOver(data, call.outputShape, () => runtime.results.giveBack(dtype, data));
  }
  checkStillThere(call.out, "out");
  if (out.pointer === null) copyOut(heap, at, call.out.view);
  return outOf(call.out, call.outputShape);
}

export interface Call<Operand extends Handed = Handed> {
  readonly plan: Plan;
  readonly outputShape: readonly number[];
  /** What errors call the operands. */
  readonly names: { readonly input: string; readonly filters: string; readonly bias: string };
  readonly input: Operand;
  readonly bias: Operand | null;
  readonly out: Operand | null;
}

/** A call with every operand here. */
export type LocalCall = Call<Given>;

export function mustBeLocal({ input, bias, out, ...call }: Call): LocalCall {
  return {
    ...call,
    input: mustBeHere(input, call.names.input),
    bias: bias && mustBeHere(bias, call.names.bias),
    out: out && mustBeHere(out, "out"),
  };
}

/** Compute on this side: operands on a GPU are read back before, and a result that is wanted there is written after. */
export async function computeHere(call: Call, run: (call: LocalCall) => Promise<Tensor>): Promise<Tensor> {
  const { input, bias, out, names, outputShape } = call;
  if (![input, bias, out].some((operand) => operand && isAway(operand))) return run(call as LocalCall);
  const local = {
    ...call,
    input: await here(input, names.input),
    bias: bias && (await here(bias, names.bias)),
    out: out && isAway(out) ? null : out,
  };
  const result = await run(local);
  if (!out || !isAway(out)) return result;
  await putOut(out, result.data, outputShape);
  result.dispose();
  return out.source;
}

/** A call at addresses. `release` gives back what it retains of resident tensors. */
export interface Binding {
  readonly y: number;
  readonly out: Place | null;
  release(): void;
}

/** Bind the operands of a call to a job. Everything of the caller's is read here, before anything is awaited. */
export function bindCall(runtime: Runtime, job: Job, filters: FilterSet, call: LocalCall): Binding {
  const input = placeOf(runtime, call.input, call.names.input);
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
export async function runOnce(
  runtime: Runtime,
  call: LocalCall,
  filters: Given,
  controls: RunControls,
): Promise<Tensor> {
  controls.signal?.throwIfAborted();
  checkStillThere(filters, call.names.filters);
  if (call.bias) checkStillThere(call.bias, call.names.bias);
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

/** Filters that a run began with, and when they are packed. */
interface Held {
  readonly set: FilterSet;
  readonly ready: Promise<void>;
  release(): void;
}

/** The jobs and filters of a compiled op. Jobs that are not running wait with their memory, so running again allocates nothing. */
export class Repeated {
  protected readonly runtime: Runtime;
  private readonly idle: Job[] = [];
  private filters: Pick<Held, "set" | "ready"> | undefined;
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

  /** The filters of now, for a run whose operands are still to come. */
  hold(): Held {
    const { set, ready } = this.currentFilters();
    set.retain();
    return { set, ready, release: () => set.release() };
  }

  async run(call: LocalCall, controls: RunControls, held: Held): Promise<Tensor> {
    controls.signal?.throwIfAborted();
    const job = this.takeJob(call.plan);
    const set = held.set.retain();
    let work: Work | undefined;
    let binding: Binding | undefined;
    try {
      binding = bindCall(this.runtime, job, set, call);
      work = job.work();
      if (!set.work.finished) await held.ready;
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

  runSync(call: LocalCall, controls: RunControls): Tensor {
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

  private currentFilters(): Pick<Held, "set" | "ready"> {
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
  place(call: LocalCall): { step: PlacedStep; scratch: number } {
    const { set } = this.currentFilters();
    set.finishSync();
    const job = new Job(this.runtime, call.plan);
    bindCall(this.runtime, job, set, call);
    const step = job.work().steps[0]!;
    return { step, scratch: this.runtime.arena.lease(step.scratchBytes, "input").pointer };
  }
}
