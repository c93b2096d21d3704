/**
 * The executor with workers where memory cannot be shared. The step is planned once; each worker gets one span of its tiles, with
 * the plan's own argument block and copies of the images it needs, and sends the runs of y back that it computed. All of them are
 * transferred, never cloned. A span whose worker is lost goes to another, or to the caller.
 */
import { transfer } from "comlink";
import type { OwnJob } from "../../workers/protocol.ts";
import { elementBytes } from "../plan/registers.ts";
import { type Segments, segmentsOf } from "../plan/segments.ts";
import type { Arena } from "./arena.ts";
import type { Clock } from "./clock.ts";
import type { Pool } from "./dispatch.ts";
import { type Controls, type Portable, Work } from "./executor.ts";
import { type Hand, Hands } from "./hands.ts";
import type { InlineExecutor } from "./inline.ts";
import { type WorkerSource, within } from "./worker-handle.ts";

/** A range: what an abort has to wait for in a worker, and what a message has to be small against. */
const RANGE_MS = 16;
/** Beyond this and twenty times the estimate a worker that gives no answer counts as lost. */
const PATIENCE_MS = 2000;
/** Messages to a worker and back, before the bytes. */
const MESSAGE_MS = 0.3;
/** Copying in, over and out again. */
const BYTES_PER_MS = 1e6;

/** A span that fails so often fails for a reason of its own, which the caller will meet as an error. */
const MOST_TRIES = 3;

interface Span {
  readonly first: number;
  readonly last: number;
}

export class TransferExecutor implements Pool {
  private readonly arena: Arena;
  private readonly inline: InlineExecutor;
  private readonly clock: Clock;
  private readonly hands: Hands;
  private jobs = 0;

  constructor(
    arena: Arena,
    inline: InlineExecutor,
    clock: Clock,
    options: { workers: number; module: WebAssembly.Module; worker: WorkerSource | undefined },
  ) {
    this.arena = arena;
    this.inline = inline;
    this.clock = clock;
    this.hands = new Hands(options);
  }

  get size(): number {
    return this.hands.size;
  }

  get serving(): number {
    return this.hands.idle.length + this.hands.working;
  }

  get threads(): number {
    return this.size;
  }

  get why(): string | undefined {
    return this.hands.why;
  }

  start(): Promise<void> {
    return this.hands.start();
  }

  /** What it costs to have a job computed elsewhere. */
  overheadMs({ portable }: Work): number {
    if (!portable) return Number.POSITIVE_INFINITY;
    const { problem } = portable.plan;
    const bytes =
      (problem.x.size + problem.y.size) * elementBytes(problem.dtype) + this.size * portable.plan.filterBytes;
    return MESSAGE_MS + bytes / BYTES_PER_MS;
  }

  async run(work: Work, controls: Controls): Promise<void> {
    const step = work.steps.at(-1);
    const { portable } = work;
    void this.hands.start(); // whoever is there computes
    const spans = step && portable && this.hands.idle.length > 0 ? spansOf(step.tiles, this.size) : [];
    if (!portable || !step || spans.length === 0 || !segmentsOf(portable.plan, 0, 1))
      return this.inline.run(work, controls);
    // Packing the filters is small and needed by all.
    await this.inline.run(new Work(work.steps.slice(0, -1)), { signal: controls.signal });
    const state: Progress = { ended: false, done: (tiles) => report(work, tiles, controls) };
    work.done = work.total - step.tiles;
    const all = Promise.all(
      spans.map((span) => this.runSpan(span, portable, step.cycles / step.tiles, step.grain, state)),
    );
    try {
      const complete = await orAborted(all, controls.signal);
      if (complete.every(Boolean)) work.done = work.total;
      else {
        // Nobody is left to compute elsewhere: the caller does all of it again, to the same bits.
        work.done = 0;
        await this.inline.run(work, controls);
      }
    } finally {
      state.ended = true;
    }
  }

  runSync(work: Work): void {
    this.inline.runSync(work);
  }

  dispose(): void {
    this.hands.end();
    this.inline.dispose();
  }

  /** Have a span computed, by another worker if the first is lost. False if there is no worker to be had. */
  private async runSpan(
    span: Span,
    portable: Portable,
    cycles: number,
    grain: number,
    state: Progress,
  ): Promise<boolean> {
    for (let tries = 0; tries < MOST_TRIES && !state.ended; tries++) {
      const hand = await this.hands.take();
      if (!hand) return false;
      try {
        await this.runOn(hand, span, portable, cycles, grain, state);
        this.hands.giveBack(hand);
        return true;
      } catch (error) {
        this.hands.lose(hand, (error as Error).message);
      }
    }
    return state.ended;
  }

  private async runOn(
    { handle }: Hand,
    span: Span,
    portable: Portable,
    cycles: number,
    grain: number,
    state: Progress,
  ) {
    const id = ++this.jobs;
    const share = shareOf(portable, span);
    const job = this.jobFor(id, portable, share);
    const lost = handle.lost.then(({ reason }): never => {
      throw new Error(reason);
    });
    // The timer of `within` also keeps the program alive until the worker answers.
    const answer = <T>(promise: Promise<T>, tiles = 0) =>
      within(
        Promise.race([promise, lost]),
        PATIENCE_MS + 20 * this.clock.milliseconds(cycles * tiles),
        "it did not answer",
      );
    const buffers = [job.input, job.filters, ...(job.bias ? [job.bias] : []), job.block.buffer as ArrayBuffer];
    await answer(handle.remote.open(transfer(job, buffers)));
    const tiles = Math.max(grain, Math.floor(RANGE_MS / this.clock.milliseconds(cycles)) || 1);
    for (let first = span.first; first < span.last && !state.ended; first += tiles) {
      const last = Math.min(span.last, first + tiles);
      const segments = inBytes(segmentsOf(portable.plan, first, last)!, share.size);
      const sent = segments.map((value, i) => (i % 2 === 0 ? value - share.outputFrom : value));
      const range = { id, first, last, grain, segments: sent };
      const result = await answer(handle.remote.compute(transfer(range, [sent.buffer])), last - first);
      if (state.ended) break;
      this.scatter(new Uint8Array(result), segments, portable.output);
      state.done(last - first);
    }
    await answer(handle.remote.close(id));
  }

  private jobFor(id: number, portable: Portable, share: Share): OwnJob {
    const { plan } = portable;
    const size = share.size;
    const copy = (pointer: number, bytes: number) =>
      new Uint8Array(this.arena.memory.buffer).slice(pointer, pointer + bytes).buffer;
    return {
      id,
      kernel: plan.step.kernel,
      block: plan.step.block.words.slice(),
      relative: plan.step.block.relative,
      scratchBytes: plan.step.scratchBytes,
      input: copy(portable.input + share.inputFrom, share.inputBytes),
      filters: copy(portable.filters, plan.filterBytes),
      bias: portable.bias === 0 ? null : copy(portable.bias, plan.problem.groups * plan.problem.filters * size),
      outputBytes: share.outputBytes,
      inputOrigin: plan.problem.x.offset * size - share.inputFrom,
      outputOrigin: plan.problem.y.offset * size - share.outputFrom,
    };
  }

  private scatter(result: Uint8Array, segments: Int32Array, output: number): void {
    const heap = new Uint8Array(this.arena.memory.buffer);
    for (let i = 0, at = 0; i < segments.length; at += segments[i + 1]!, i += 2) {
      heap.set(result.subarray(at, at + segments[i + 1]!), output + segments[i]!);
    }
  }
}

interface Progress {
  ended: boolean;
  readonly done: (tiles: number) => void;
}

function report(work: Work, tiles: number, { onProgress }: Controls): void {
  work.done += tiles;
  onProgress?.(work.done, work.total);
}

function spansOf(tiles: number, workers: number): Span[] {
  const count = Math.min(tiles, workers);
  return Array.from({ length: count }, (_, i) => ({
    first: Math.floor((i * tiles) / count),
    last: Math.floor(((i + 1) * tiles) / count),
  }));
}

/** The bytes of x and y that a span touches: whole images of x, and y from its first output to its last. */
interface Share {
  readonly size: number;
  readonly inputFrom: number;
  readonly inputBytes: number;
  readonly outputFrom: number;
  readonly outputBytes: number;
}

function shareOf({ plan }: Portable, { first, last }: Span): Share {
  const { x, y, dtype, batch } = plan.problem;
  const size = elementBytes(dtype);
  const segments = segmentsOf(plan, first, last)!;
  let [from, to] = [Number.POSITIVE_INFINITY, 0];
  for (let i = 0; i < segments.length; i += 2) {
    from = Math.min(from, segments[i]!);
    to = Math.max(to, segments[i]! + segments[i + 1]!);
  }
  // The images that hold the outputs between the first and the last; with batch innermost that is all of them.
  const image = y.batch > 0 && x.batch > 0 ? [Math.floor(from / y.batch), Math.ceil(to / y.batch)] : [0, batch];
  const whole = x.batch * batch !== x.size || y.batch * batch !== y.size;
  const [n0, n1] = whole ? [0, batch] : [image[0]!, image[1]!];
  return {
    size,
    inputFrom: whole ? 0 : n0 * x.batch * size,
    inputBytes: whole ? x.size * size : (n1 - n0) * x.batch * size,
    outputFrom: from * size,
    outputBytes: (to - from) * size,
  };
}

function inBytes(segments: Segments, size: number): Int32Array<ArrayBuffer> {
  return Int32Array.from(segments, (value) => value * size);
}

function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
    if (signal.aborted) abort();
  });
}
