/**
 * The executor with workers over shared memory. The caller posts a job into the ring, takes part where it may block, and sees
 * to it that the job ends: chunks of workers that were lost are computed here, and so is everything if nobody is left.
 */
import { type Chunk, FINISHED, MOST_STEPS, OPEN } from "../../workers/ring.ts";
import { OutOfMemoryError, WorkerError } from "../errors.ts";
import { KERNEL_NAMES } from "../plan/plan.ts";
import type { Arena } from "./arena.ts";
import type { Clock } from "./clock.ts";
import { Crew } from "./crew.ts";
import type { Pool } from "./dispatch.ts";
import { type Controls, Work } from "./executor.ts";
import type { InlineExecutor } from "./inline.ts";
import type { Kernels } from "./kernels.ts";
import { inChunks, Slots } from "./slots.ts";
import { until } from "./wait.ts";
import type { Loss, WorkerSource } from "./worker-handle.ts";

/** How often the caller looks at signal and progress while others compute. */
const LOOK_MS = 16;
/** A chunk held for so long belongs to a worker that is gone or starved; the caller computes it too. */
const OVERDUE_MS = 500;
/** After so long without progress the caller takes chunks even where it should not block. */
const STALL_MS = 50;
/**
 * A caller that has nothing left to do looks again for so long before it waits, or for as long as its last chunk took: others then end
 * theirs, and to be woken up costs more than most chunks.
 */
const SPIN_MS = 0.03;
const MOST_SPIN_MS = 1;

/** A caller that computes does not wait for sleeping workers: that costs it what calling them takes, and in a row of calls they are awake. */
const POST_MS = 0.02;
/** What it takes a caller that may not block to be told by the event loop that its job is finished. */
const NOTICE_MS = 0.1;

/** Until it was measured. */
const TYPICAL_WAKE_MS = 0.05;

export interface PoolOptions {
  readonly workers: number;
  readonly module: WebAssembly.Module;
  readonly worker: WorkerSource | undefined;
  /** Whether the caller may block, and so may compute for as long as a chunk takes. */
  readonly callerComputes: boolean;
  readonly clock: Clock;
}

export class PoolExecutor implements Pool {
  /** Milliseconds until a sleeping worker is at work. */
  wakeMs: number = TYPICAL_WAKE_MS;
  private started: Promise<void> | undefined;
  readonly crew: Crew;
  private readonly kernels: Kernels;
  private readonly options: PoolOptions;
  private readonly inline: InlineExecutor;
  private readonly slots: Slots;
  /** Since when a thread has held which chunk, for telling the overdue. */
  private readonly held = new Map<number, { key: string; since: number }>();

  constructor(arena: Arena, kernels: Kernels, inline: InlineExecutor, options: PoolOptions) {
    this.kernels = kernels;
    this.inline = inline;
    this.options = options;
    const { workers: size, module, worker } = options;
    this.crew = new Crew(arena, { size, module, worker, onLost: (thread, loss) => this.adopt(thread, loss) });
    this.slots = new Slots(arena);
  }

  /** Since when all workers were asked for a sign of life, and what they had given before; shared by all jobs. */
  private asked: { since: number; beats: ReadonlyMap<number, number> } | undefined;

  get serving(): number {
    return this.crew.serving;
  }

  get why(): string | undefined {
    return this.crew.why;
  }

  start(): Promise<void> {
    this.started ??= this.crew.start().then(async () => {
      this.wakeMs = (await this.crew.measureWake()) ?? this.wakeMs;
    });
    return this.started;
  }

  add(module: WebAssembly.Module): void {
    this.crew.add(module);
  }

  overheadMs(): number {
    return this.callerComputes ? Math.min(this.wakeMs, POST_MS) : this.wakeMs + NOTICE_MS;
  }

  /** Workers wanted. */
  get size(): number {
    return this.options.workers;
  }

  /** Threads that will take part. */
  get threads(): number {
    return this.crew.serving + (this.callerComputes ? 1 : 0);
  }

  private get callerComputes(): boolean {
    return this.options.callerComputes || this.crew.serving === 0;
  }

  async run(work: Work, controls: Controls): Promise<void> {
    if (work.steps.length <= MOST_STEPS) return this.runBatch(work, controls);
    for (let first = 0; first < work.steps.length; first += MOST_STEPS) {
      const batch = new Work(work.steps.slice(first, first + MOST_STEPS));
      const before = work.done;
      const onProgress = controls.onProgress && ((done: number) => controls.onProgress!(before + done, work.total));
      try {
        await this.runBatch(batch, { ...controls, onProgress });
      } finally {
        if (batch.busy) work.busy = Promise.all([work.busy, batch.busy]).then(() => {});
      }
      work.done = before + batch.total;
    }
  }

  /** No more steps than a slot holds. */
  private async runBatch(work: Work, controls: Controls): Promise<void> {
    controls.signal?.throwIfAborted();
    const slot = work.total < 2 ? undefined : this.post(work);
    if (slot === undefined) return this.inline.run(work, controls);
    try {
      await this.see(slot, work, controls);
      work.done = work.total;
      controls.onProgress?.(work.total, work.total);
    } finally {
      this.leave(slot, work);
    }
  }

  runSync(work: Work): void {
    this.inline.runSync(work);
  }

  dispose(): void {
    this.crew.end();
    this.inline.dispose();
  }

  /** Put a job into a slot; undefined if all are taken, or memory is too short for the scratch of several threads. */
  private post(work: Work): number | undefined {
    const steps = inChunks(work, Math.max(2, this.threads), this.options.clock);
    if (!steps) return undefined;
    try {
      const slot = this.slots.take(work.scratchBytes, this.crew.threadsToServe);
      if (!slot) return undefined;
      this.crew.ring.post(slot.index, steps, slot.scratch);
      return slot.index;
    } catch (error) {
      if (error instanceof OutOfMemoryError) return undefined;
      throw error;
    }
  }

  /** Accompany a job to its end. */
  private async see(slot: number, work: Work, controls: Controls): Promise<void> {
    const { ring } = this.crew;
    const report = reporter(work, controls);
    const { turn } = this.inline;
    let moved = performance.now();
    let before = -1;
    let tail = 0; // what others may yet need for chunks like those computed here
    turn.begin();
    while (ring.state(slot) === OPEN) {
      controls.signal?.throwIfAborted();
      const own = this.slots.at(slot);
      if (own.error) throw own.error;
      const now = performance.now();
      ring.advance(slot);
      work.done = ring.tilesDone(slot);
      report();
      if (work.done !== before) {
        before = work.done;
        moved = now;
      }
      if (now - moved > STALL_MS) this.askForLife(now);
      if (this.asked && now - this.asked.since > OVERDUE_MS) {
        const { beats } = this.asked;
        this.asked = undefined;
        this.crew.loseSilent(beats);
      }
      const alone = !this.crew.servesWithin(own.scratch?.threads ?? 0);
      const helps = this.callerComputes || alone || now - moved > STALL_MS;
      if (helps) tail = this.computeUntil(slot, turn.end) ?? tail;
      if (turn.over) await turn.next();
      else if (!this.spin(slot, helps, tail)) {
        const open = ring.stateValue(slot);
        if (ring.state(slot) === OPEN) await until(ring.words, ring.stateWord(slot), open, LOOK_MS, controls.signal);
        turn.begin();
        this.adoptOverdue(slot);
      }
    }
    const { error } = this.slots.at(slot);
    if (error) throw error;
  }

  /**
   * Compute chunks of the slot here, until there is none to take or it is so late: one at least, if there is one. Returns the milliseconds
   * of the last.
   */
  private computeUntil(slot: number, end: number): number | undefined {
    const { ring, caller } = this.crew;
    let last: number | undefined;
    for (let start = performance.now(); ; ) {
      const chunk = ring.take(slot, caller);
      if (!chunk) return last;
      this.compute(chunk);
      const now = performance.now();
      last = now - start;
      if (now >= end) return last;
      start = now;
    }
  }

  private compute(chunk: Chunk): void {
    const { ring, caller } = this.crew;
    const { kernel, args, scratch, first, last } = ring.describe(chunk, caller);
    try {
      this.kernels.table[KERNEL_NAMES[kernel]!]!(args, scratch, first, last);
      ring.finish(chunk, caller);
    } catch (cause) {
      ring.forgetHeld(caller);
      ring.close(chunk.slot);
      this.slots.at(chunk.slot).error = new WorkerError("workers", `a kernel failed: ${(cause as Error).message}`, {
        cause,
      });
    }
  }

  /** Whether there is something to do soon: the job is finished or, for a caller that helps, its next step has chunks. */
  private spin(slot: number, helps: boolean, tail: number): boolean {
    const { ring } = this.crew;
    const end = performance.now() + Math.max(SPIN_MS, Math.min(tail, MOST_SPIN_MS));
    do if (ring.state(slot) === FINISHED || (helps && ring.offers(slot))) return true;
    while (performance.now() < end);
    return false;
  }

  /** A thread is lost: what it held is computed here. Tiles may be computed twice; the bits are the same. */
  private adopt(thread: number, { reason }: Loss): void {
    const chunk = this.crew.ring.heldBy(thread);
    if (!chunk || !this.slots.at(chunk.slot).busy) return;
    this.crew.why = `a worker was lost: ${reason}`;
    if (!this.crew.ring.isDone(chunk)) this.compute(chunk);
  }

  /** Nothing moves. A page is not told of a worker that was terminated or crashed: only its silence shows it. */
  private askForLife(now: number): void {
    if (this.asked || this.crew.serving === 0) return;
    this.asked = { since: now, beats: this.crew.beats() };
    this.crew.ring.wakeAll();
  }

  private adoptOverdue(slot: number): void {
    const { ring, threads, caller } = this.crew;
    const now = performance.now();
    for (let thread = 0; thread < threads; thread++) {
      const chunk = thread === caller ? null : ring.heldBy(thread);
      if (chunk?.slot !== slot) continue;
      const key = `${chunk.slot},${chunk.step},${chunk.chunk},${ring.beat(thread)}`;
      const known = this.held.get(thread);
      if (known?.key !== key) this.held.set(thread, { key, since: now });
      else if (now - known.since > OVERDUE_MS && !ring.isDone(chunk)) this.compute(chunk);
    }
  }

  /**
   * The job is over for its caller. If a thread still holds a chunk of it, memory and slot stay with the job until that thread
   * lets go; a worker that never does keeps them until the engine is disposed of.
   */
  private leave(slot: number, work: Work): void {
    const { ring } = this.crew;
    ring.close(slot);
    const free = () => {
      ring.free(slot);
      this.slots.at(slot).busy = false;
    };
    if (!this.isHeld(slot)) free();
    else work.busy = this.released(slot).then(free);
  }

  private isHeld(slot: number): boolean {
    const { ring, threads } = this.crew;
    for (let thread = 0; thread < threads; thread++) if (ring.heldBy(thread)?.slot === slot) return true;
    return false;
  }

  private async released(slot: number): Promise<void> {
    for (let ms = 1; this.isHeld(slot); ms = Math.min(1000, ms * 2)) {
      // Nobody needs the memory of a disposed engine, and it goes as a whole when nothing refers to it.
      if (this.crew.ended) return new Promise(() => {});
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms) as { unref?: () => void };
        // Long waits are for threads that may never let go: a program need not stay for them.
        if (ms >= 1000) timer.unref?.();
      });
    }
  }
}

function reporter(work: Work, { onProgress }: Controls): () => void {
  let reported = -1;
  return () => {
    if (!onProgress || work.done === reported || work.done === work.total) return;
    reported = work.done;
    onProgress(work.done, work.total);
  };
}
