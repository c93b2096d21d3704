/**
 * The executor with workers where memory cannot be shared. The job is planned once; each worker gets its share of the tiles of every
 * step that writes y (or partial sums, which the caller then adds up), with the plan's own argument blocks and copies of the images it needs, and sends the runs of y back that it
 * computed. Steps that prepare something for others are done by each worker, for it has no other way to what they leave. Bytes are
 * transferred, never cloned. A share whose worker is lost goes to another, or to the caller.
 */
import { transfer } from "comlink";
import type { OwnJob } from "../../workers/protocol.ts";
import type { Step } from "../plan/plan.ts";
import { elementBytes } from "../plan/registers.ts";
import { elementsOf, isDivided, segmentsOf, writesOutput } from "../plan/segments.ts";
import type { Arena } from "./arena.ts";
import type { Clock } from "./clock.ts";
import type { Pool } from "./dispatch.ts";
import { type Controls, type Portable, Work } from "./executor.ts";
import { type Hand, Hands } from "./hands.ts";
import type { InlineExecutor } from "./inline.ts";
import { orAborted } from "./wait.ts";
import { type WorkerSource, within } from "./worker-handle.ts";

/** A range: what an abort has to wait for in a worker, and what a message has to be small against. */
const RANGE_MS = 16;
/** Beyond this and twenty times the estimate a worker that gives no answer counts as lost. */
const PATIENCE_MS = 2000;
/** Messages to a worker and back, before the bytes. */
const MESSAGE_MS = 0.3;
/** Copying in, over and out again. */
const BYTES_PER_MS = 1e6;

/** A share that fails so often fails for a reason of its own, which the caller will meet as an error. */
const MOST_TRIES = 3;

/** Tiles first … last − 1 of a step of the plan. */
interface Span {
  readonly index: number;
  readonly step: Step;
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

  add(module: WebAssembly.Module): void {
    this.hands.modules.push(module);
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
    const { portable } = work;
    void this.hands.start(); // whoever is there computes
    const sent = portable ? stepsToSend(portable.plan.steps) : [];
    const shares = portable && this.hands.idle.length > 0 ? sharesOf(sent, this.size) : null;
    if (!portable || !shares) return this.inline.run(work, controls);
    // Packing the filters is small and needed by all; what follows the steps that are sent is the caller's.
    const packing = work.steps.length - portable.plan.steps.length;
    const before = work.steps.slice(0, packing);
    const after = work.steps.slice(packing + sent.length);
    await this.inline.run(new Work(before), { signal: controls.signal });
    const state: Progress = { ended: false, done: (tiles) => report(work, tiles, controls) };
    const tilesOf = (steps: readonly { readonly tiles: number }[]) => steps.reduce((sum, { tiles }) => sum + tiles, 0);
    work.done = work.total - tilesOf(sent.filter(isDivided)) - tilesOf(after);
    const all = Promise.all(shares.map((share) => this.runShare(share, portable, state)));
    try {
      const complete = await orAborted(all, controls.signal);
      if (complete.every(Boolean)) {
        await this.inline.run(new Work(after), { signal: controls.signal });
        work.done = work.total;
      } else {
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

  /** Have a share computed, by another worker if the first is lost. False if there is no worker to be had. */
  private async runShare(share: readonly Span[], portable: Portable, state: Progress): Promise<boolean> {
    for (let tries = 0; tries < MOST_TRIES && !state.ended; tries++) {
      const hand = await this.hands.take();
      if (!hand) return false;
      try {
        await this.runOn(hand, share, portable, state);
        this.hands.giveBack(hand);
        return true;
      } catch (error) {
        this.hands.lose(hand, (error as Error).message);
      }
    }
    return state.ended;
  }

  private async runOn(hand: Hand, share: readonly Span[], portable: Portable, state: Progress) {
    const { handle } = hand;
    const id = ++this.jobs;
    const parts = partsOf(portable, share);
    const job = this.jobFor(id, portable, parts);
    const lost = handle.lost.then(({ reason }): never => {
      throw new Error(reason);
    });
    // The timer of `within` also keeps the program alive until the worker answers.
    const answer = <T>(promise: Promise<T>, cycles = 0) =>
      within(Promise.race([promise, lost]), PATIENCE_MS + 20 * this.clock.milliseconds(cycles), "it did not answer");
    const blocks = job.steps.map(({ block }) => block.words.buffer as ArrayBuffer);
    const buffers = [job.input, job.filters, ...(job.bias ? [job.bias] : []), ...blocks];
    const { modules } = this.hands;
    for (; hand.modules < modules.length; hand.modules++) await answer(handle.remote.load(modules[hand.modules]!));
    await answer(handle.remote.open(transfer(job, buffers)));
    for (const { index, step, first, last } of share) {
      const { grain } = step;
      const cycles = step.cycles / step.tiles;
      const prepares = !isDivided(step);
      const ofWork = !writesOutput(step);
      const target = ofWork ? portable.work! : portable.output;
      const moved = ofWork ? 0 : parts.outputFrom;
      const tiles = Math.max(grain, Math.floor(RANGE_MS / this.clock.milliseconds(cycles)) || 1);
      for (let from = first; from < last && !state.ended; from += tiles) {
        const to = Math.min(last, from + tiles);
        const segments = prepares ? new Int32Array(0) : segmentsOf(step, from, to)!;
        const sent = segments.map((value, i) => (i % 2 === 0 ? value - moved : value));
        const range = { id, step: index, first: from, last: to, grain, segments: sent, ofWork };
        const result = await answer(handle.remote.compute(transfer(range, [sent.buffer])), cycles * (to - from));
        if (state.ended) break;
        this.scatter(new Uint8Array(result), segments, target, elementsOf(step));
        if (!prepares) state.done(to - from);
      }
    }
    await answer(handle.remote.close(id));
  }

  private jobFor(id: number, portable: Portable, parts: Parts): OwnJob {
    const { plan } = portable;
    const { problem, steps } = plan;
    const biasBytes = problem.groups * problem.filters * elementBytes(problem.dtype);
    const copy = (pointer: number, bytes: number) =>
      new Uint8Array(this.arena.memory.buffer).slice(pointer, pointer + bytes).buffer;
    return {
      id,
      steps: steps.map(({ kernel, block, pointers }) => ({
        kernel,
        block: { words: block.words.slice(), relative: block.relative },
        pointers,
      })),
      scratchBytes: steps.reduce((most, { scratchBytes }) => Math.max(most, scratchBytes), 0),
      workBytes: plan.workBytes,
      input: copy(portable.input + parts.inputFrom, parts.inputBytes),
      filters: copy(portable.filters, plan.filterBytes),
      bias: portable.bias === null ? null : copy(portable.bias, biasBytes),
      ...parts,
    };
  }

  /** What stands between the elements of a run belongs to others. */
  private scatter(result: Uint8Array, segments: Int32Array, output: number, { size, apart }: Elements): void {
    const heap = new Uint8Array(this.arena.memory.buffer);
    for (let i = 0, at = 0; i < segments.length; at += segments[i + 1]!, i += 2) {
      const [start, length] = [output + segments[i]!, segments[i + 1]!];
      if (apart === size) heap.set(result.subarray(at, at + length), start);
      else for (let e = 0; e < length; e += apart) for (let b = e; b < e + size; b++) heap[start + b] = result[at + b]!;
    }
  }
}

type Elements = ReturnType<typeof elementsOf>;

interface Progress {
  ended: boolean;
  readonly done: (tiles: number) => void;
}

function report(work: Work, tiles: number, { onProgress }: Controls): void {
  work.done += tiles;
  onProgress?.(work.done, work.total);
}

/** All up to the first whose results are partial sums: what follows needs all of them. */
function stepsToSend(steps: readonly Step[]): readonly Step[] {
  const own = steps.findIndex((step) => isDivided(step) && !writesOutput(step));
  return own < 0 ? steps : steps.slice(0, own + 1);
}

/** The tiles of each worker; null where some step's results cannot be sent back. */
function sharesOf(steps: readonly Step[], workers: number): Span[][] | null {
  const output = steps.filter(isDivided);
  if (!output.every((step) => step.tiles === 0 || segmentsOf(step, 0, 1))) return null;
  const count = Math.min(workers, Math.max(...output.map(({ tiles }) => tiles)));
  if (count === 0) return null;
  return Array.from({ length: count }, (_, i) =>
    steps.map((step, index) => {
      const part = (n: number) => Math.floor((n * step.tiles) / count);
      const [first, last] = isDivided(step) ? [part(i), part(i + 1)] : [0, step.tiles];
      return { index, step, first, last };
    }),
  );
}

/** The bytes of x and y that a share touches: whole images of x, and y from its first output to its last. */
type Parts = Pick<OwnJob, "inputFrom" | "outputFrom" | "outputBytes"> & { readonly inputBytes: number };

function partsOf({ plan }: Portable, share: readonly Span[]): Parts {
  const { x, y, dtype, batch } = plan.problem;
  const size = elementBytes(dtype);
  let [from, to] = [Number.POSITIVE_INFINITY, 0];
  for (const { step, first, last } of share) {
    const segments = writesOutput(step) ? segmentsOf(step, first, last)! : [];
    for (let i = 0; i < segments.length; i += 2) {
      from = Math.min(from, segments[i]!);
      to = Math.max(to, segments[i]! + segments[i + 1]!);
    }
  }
  // The images that hold the outputs between the first and the last; with batch innermost that is all of them, and a step that
  // prepares something for others needs all it can prepare.
  const prepared = share.some(({ step }) => !writesOutput(step));
  if (to === 0) from = 0;
  const whole = prepared || x.batch <= 0 || x.batch * batch !== x.size || y.batch * batch !== y.size;
  const [n0, n1] = whole ? [0, batch] : [Math.floor(from / (y.batch * size)), Math.ceil(to / (y.batch * size))];
  return {
    inputFrom: whole ? 0 : n0 * x.batch * size,
    inputBytes: whole ? x.size * size : (n1 - n0) * x.batch * size,
    outputFrom: from,
    outputBytes: to - from,
  };
}
