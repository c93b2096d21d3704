/** The caller's side of the ring's slots: which are taken, their scratch, and how a job is cut into chunks. */
import { MOST_CHUNKS, MOST_STEPS, type RingScratch, type RingStep, SLOTS } from "../../workers/ring.ts";
import { KERNEL_NAMES } from "../plan/plan.ts";
import type { Arena, Lease } from "./arena.ts";
import type { Clock } from "./clock.ts";
import type { Work } from "./executor.ts";

/** A chunk: long enough that taking it costs nothing, short enough that the last ones end together. */
const LEAST_CHUNK_MS = 0.02;
const MOST_CHUNK_MS = 1;
const CHUNKS_PER_THREAD = 12;

export interface Slot {
  readonly index: number;
  busy: boolean;
  error: Error | undefined;
  scratch: (RingScratch & { readonly lease: Lease }) | undefined;
}

export class Slots {
  private readonly arena: Arena;
  private readonly slots: readonly Slot[];

  constructor(arena: Arena) {
    this.arena = arena;
    this.slots = Array.from({ length: SLOTS }, (_, index) => ({
      index,
      busy: false,
      error: undefined,
      scratch: undefined,
    }));
    arena.reclaimers.add(() => {
      for (const slot of this.slots) if (!slot.busy) letGoOfScratch(slot);
    });
  }

  at(index: number): Slot {
    return this.slots[index]!;
  }

  /** A free slot with scratch of `bytes` for each of `threads` threads, or undefined if all are taken. */
  take(bytes: number, threads: number): (Slot & { scratch: RingScratch }) | undefined {
    const slot = this.slots.find(({ busy }) => !busy);
    if (!slot) return undefined;
    const pitch = Math.max(64, Math.ceil(bytes / 64) * 64);
    if (!slot.scratch || slot.scratch.pitch < pitch || slot.scratch.threads < threads) {
      letGoOfScratch(slot);
      const lease = this.arena.lease(pitch * threads, "input");
      slot.scratch = { pointer: lease.pointer, pitch, threads, lease };
    }
    slot.busy = true;
    slot.error = undefined;
    return slot as Slot & { scratch: RingScratch };
  }
}

function letGoOfScratch(slot: Slot): void {
  slot.scratch?.lease.release();
  slot.scratch = undefined;
}

/** The steps of a job in chunks for so many threads; null if they are too many for a slot. Steps without tiles have nothing to be finished, and are left out. */
export function inChunks(work: Work, threads: number, clock: Clock): RingStep[] | null {
  const steps = work.steps.filter(({ tiles }) => tiles > 0);
  if (steps.length > MOST_STEPS) return null;
  const most = 32 * Math.floor(MOST_CHUNKS / 32 / Math.max(1, steps.length));
  return steps.map(({ name, args, tiles, cycles }) => {
    const whole = clock.milliseconds(cycles);
    const chunkMs = Math.min(MOST_CHUNK_MS, Math.max(LEAST_CHUNK_MS, whole / (threads * CHUNKS_PER_THREAD)));
    const chunkTiles = Math.max(1, Math.floor((tiles * chunkMs) / whole) || 1, Math.ceil(tiles / most));
    return { kernel: KERNEL_NAMES.indexOf(name), args, tiles, chunkTiles };
  });
}
