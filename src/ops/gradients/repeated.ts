/** Runs of a compiled op that bring filters of their own: packing them, if it is needed, is a part of the run. */
import type { Work } from "../../engine/executor.ts";
import { FilterSet, type Job } from "../../engine/job.ts";
import type { Tensor } from "../../tensor.ts";
import { type Binding, bindCall, deliver, type LocalCall, placeOf, Repeated, whenIdle } from "../call.ts";
import type { Given } from "../operands.ts";
import type { RunControls } from "../options.ts";

export class RepeatedWithFilters extends Repeated {
  async runWith(call: LocalCall, filters: Given, controls: RunControls): Promise<Tensor> {
    controls.signal?.throwIfAborted();
    const { job, set, binding, release } = this.bindWith(call, filters);
    let work: Work | undefined;
    try {
      work = job.work(set.work.steps);
      await this.runtime.executor.run(work, controls);
      return deliver(this.runtime, binding, call);
    } finally {
      whenIdle(work, release);
    }
  }

  runSyncWith(call: LocalCall, filters: Given, controls: RunControls): Tensor {
    controls.signal?.throwIfAborted();
    const { job, set, binding, release } = this.bindWith(call, filters);
    try {
      const work = job.work(set.work.steps);
      this.runtime.executor.runSync(work);
      controls.onProgress?.(work.done, work.total);
      return deliver(this.runtime, binding, call);
    } finally {
      release();
    }
  }

  /** Everything of the caller's is read here. */
  private bindWith(call: LocalCall, filters: Given) {
    const place = placeOf(this.runtime, filters, this.filtersName);
    let set: FilterSet | undefined;
    let job: Job | undefined;
    let binding: Binding | undefined;
    const release = () => {
      binding?.release();
      set?.release();
      place.release();
      if (job) this.giveBackJob(job);
    };
    try {
      set = new FilterSet(this.runtime, call.plan, place);
      job = this.takeJob(call.plan);
      binding = bindCall(this.runtime, job, set, call);
      return { job, set, binding, release };
    } catch (error) {
      release();
      throw error;
    }
  }
}
