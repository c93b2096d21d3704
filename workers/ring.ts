/**
 * The ring of job slots in shared memory, through which threads hand out the tiles of a job. One definition, used by the
 * thread that posts jobs and by those that help.
 *
 * A slot holds one job: up to 64 steps, each cut into chunks of tiles. Its *ticket* is one word: the slot's generation (18 bits)
 * above the next chunk (14 bits). The generation counts steps, so it tells which step the chunk belongs to. Taking a chunk is a
 * compare-exchange of the ticket, and a thread that was late takes nothing of a job that has replaced the one it saw. Opening
 * the next step is a compare-exchange too, tried by everyone who sees that all chunks have their bit, so it happens once and does not
 * depend on any one thread. A chunk that was computed twice, because its first owner was given up, counts once.
 */

/** One step, as a thread needs it. `kernel` is an index into the list of kernels. */
export interface RingStep {
  readonly kernel: number;
  readonly args: number;
  readonly tiles: number;
  /** Tiles of one chunk. */
  readonly chunkTiles: number;
}

/** Scratch of a slot: a region for each of the first `threads` threads, `pitch` bytes apart. Others cannot help. */
export interface RingScratch {
  readonly pointer: number;
  readonly pitch: number;
  readonly threads: number;
}

export interface Chunk {
  readonly slot: number;
  readonly step: number;
  readonly chunk: number;
}

/** Tiles first … last − 1 of a step, and the scratch of the thread that took them. */
export interface Taken {
  readonly kernel: number;
  readonly args: number;
  readonly first: number;
  readonly last: number;
  readonly scratch: number;
}

export const SLOTS = 16;
export const MOST_STEPS = 64;
/** Of all steps of a job together, each counted up to a multiple of 32. */
export const MOST_CHUNKS = 8192;

const CHUNK_BITS = 14;
const CHUNK_MASK = 2 ** CHUNK_BITS - 1;
const GENERATION_MASK = 2 ** (32 - CHUNK_BITS) - 1;

// Words of the header. The epoch changes whenever there may be something to do.
const EPOCH = 0;
const STOP = 1;
const MODULES = 2;
const HEADER = 16;

// Words of a thread: the ticket that it holds or is about to take, and the slot (from 1; 0 for none).
const HELD_TICKET = 0;
const HELD_SLOT = 1;
const HELD_STEP = 2;
const BEAT = 3;
const THREAD = 16;

// Words of a slot. `BASE` is the generation of its job's first step.
const TICKET = 0;
const BASE = 1;
const STEPS = 2;
const STATE = 3;
const SCRATCH = 4;
const SCRATCH_PITCH = 5;
const SCRATCH_THREADS = 6;
const TABLE = 8;
const STEP_WORDS = 8; // kernel, args, tiles, tiles of a chunk, chunks, the word of its first bits
const BITS = TABLE + MOST_STEPS * STEP_WORDS;
const SLOT = Math.ceil((BITS + MOST_CHUNKS / 32) / 16) * 16;

export const OPEN = 1;
export const FINISHED = 2;
export const FREE = 0;
/** The state stands below the generation of its job's first step: a thread that was late must not end a job it does not know. */
const STATE_BITS = 2;
const STATE_MASK = 2 ** STATE_BITS - 1;

export function ringBytes(threads: number): number {
  return 4 * (HEADER + threads * THREAD + SLOTS * SLOT);
}

export class Ring {
  readonly words: Int32Array;
  private readonly threads: number;

  /** `words` views the ring's region of the shared memory, zeroed before the first thread starts. */
  constructor(words: Int32Array, threads: number) {
    this.words = words;
    this.threads = threads;
  }

  static over(memory: WebAssembly.Memory, pointer: number, threads: number): Ring {
    return new Ring(new Int32Array(memory.buffer, pointer, ringBytes(threads) >> 2), threads);
  }

  private slotAt(slot: number): number {
    return HEADER + this.threads * THREAD + slot * SLOT;
  }

  // --- for the thread that posts ---------------------------------------------------------------------------------------

  /** Open a slot that is free, and wake everyone. */
  post(slot: number, steps: readonly RingStep[], scratch: RingScratch): void {
    const at = this.slotAt(slot);
    const { words } = this;
    words.fill(0, at + BITS, at + SLOT);
    words[at + STEPS] = steps.length;
    words[at + SCRATCH] = scratch.pointer;
    words[at + SCRATCH_PITCH] = scratch.pitch;
    words[at + SCRATCH_THREADS] = scratch.threads;
    let bits = 0;
    for (const [i, step] of steps.entries()) {
      const chunks = Math.ceil(step.tiles / step.chunkTiles);
      words.set([step.kernel, step.args, step.tiles, step.chunkTiles, chunks, bits], at + TABLE + i * STEP_WORDS);
      bits += Math.ceil(chunks / 32);
    }
    const generation = generationOf(Atomics.load(words, at + TICKET)) + 1;
    Atomics.store(words, at + BASE, generation & GENERATION_MASK);
    Atomics.store(words, at + STATE, ((generation & GENERATION_MASK) << STATE_BITS) | OPEN);
    Atomics.store(words, at + TICKET, generation << CHUNK_BITS);
    this.wakeAll();
  }

  /** Let nobody take another chunk of the slot. */
  close(slot: number): void {
    const at = this.slotAt(slot);
    Atomics.or(this.words, at + TICKET, CHUNK_MASK);
    Atomics.notify(this.words, at + STATE); // nobody waits for its end any more
  }

  free(slot: number): void {
    Atomics.store(this.words, this.slotAt(slot) + STATE, FREE);
  }

  state(slot: number): number {
    return this.stateValue(slot) & STATE_MASK;
  }

  /** What stands in that word while the state is what it is. */
  stateValue(slot: number): number {
    return Atomics.load(this.words, this.stateWord(slot));
  }

  /** The word that changes when the slot's job is finished; its waiters are notified of that, and of every next step. */
  stateWord(slot: number): number {
    return this.slotAt(slot) + STATE;
  }

  /** Tiles finished, in whole chunks. */
  tilesDone(slot: number): number {
    const at = this.slotAt(slot);
    let tiles = 0;
    for (let step = 0; step < this.words[at + STEPS]!; step++) {
      const entry = at + TABLE + step * STEP_WORDS;
      let chunks = 0;
      this.eachBitWord(slot, step, (bits) => {
        chunks += bitCount(bits);
        return true;
      });
      tiles += Math.min(this.words[entry + 2]!, chunks * this.words[entry + 3]!);
    }
    return tiles;
  }

  stopAll(): void {
    Atomics.store(this.words, STOP, 1);
    this.wakeAll();
  }

  /** There are so many modules of kernels now: threads that have fewer come for them. */
  announce(modules: number): void {
    Atomics.store(this.words, MODULES, modules);
    this.wakeAll();
  }

  wakeAll(): void {
    Atomics.add(this.words, EPOCH, 1);
    Atomics.notify(this.words, EPOCH);
  }

  /** What a thread holds, as far as can be told from outside: it may not have got it. */
  heldBy(thread: number): Chunk | null {
    const at = HEADER + thread * THREAD;
    const slot = Atomics.load(this.words, at + HELD_SLOT) - 1;
    if (slot < 0) return null;
    const ticket = Atomics.load(this.words, at + HELD_TICKET);
    const step = Atomics.load(this.words, at + HELD_STEP);
    // A ticket of a job that the slot no longer has was never got.
    if (this.stepOf(this.slotAt(slot), ticket) !== step) return null;
    return { slot, step, chunk: ticket & CHUNK_MASK };
  }

  /** Counts the times that the thread woke up. */
  beat(thread: number): number {
    return Atomics.load(this.words, HEADER + thread * THREAD + BEAT);
  }

  forgetHeld(thread: number): void {
    Atomics.store(this.words, HEADER + thread * THREAD + HELD_SLOT, 0);
  }

  isDone({ slot, step, chunk }: Chunk): boolean {
    return ((Atomics.load(this.words, this.bitWord(slot, step, chunk)) >>> (chunk & 31)) & 1) === 1;
  }

  // --- for every thread ------------------------------------------------------------------------------------------------

  get stopped(): boolean {
    return Atomics.load(this.words, STOP) === 1;
  }

  get modules(): number {
    return Atomics.load(this.words, MODULES);
  }

  get epoch(): number {
    return Atomics.load(this.words, EPOCH);
  }

  /** Whether some job is not finished. */
  get busy(): boolean {
    for (let slot = 0; slot < SLOTS; slot++) if (this.state(slot) === OPEN) return true;
    return false;
  }

  /** A sign of life. */
  pulse(thread: number): void {
    Atomics.add(this.words, HEADER + thread * THREAD + BEAT, 1);
  }

  /** Sleep until the epoch is no longer `seen`. Only where a thread may block. */
  sleep(seen: number): void {
    Atomics.wait(this.words, EPOCH, seen);
  }

  /**
   * Take a chunk of the slot, or null if there is none to take now, or its kernel is not one that the thread `knows`. The thread holds it
   * until `finish`.
   */
  take(slot: number, thread: number, knows?: (kernel: number) => boolean): Chunk | null {
    const at = this.slotAt(slot);
    const held = HEADER + thread * THREAD;
    const { words } = this;
    for (;;) {
      const ticket = Atomics.load(words, at + TICKET);
      const chunk = ticket & CHUNK_MASK;
      if (thread >= Atomics.load(words, at + SCRATCH_THREADS)) return null;
      if (chunk === CHUNK_MASK || (Atomics.load(words, at + STATE) & STATE_MASK) !== OPEN) return null;
      const step = this.stepOf(at, ticket);
      const entry = at + TABLE + step * STEP_WORDS;
      if (step >= MOST_STEPS || chunk >= Atomics.load(words, entry + 4)) return null;
      if (knows && !knows(Atomics.load(words, entry))) return null;
      // Say what is about to be taken first: if this thread dies, whoever looks may compute it once too often, never not at all.
      Atomics.store(words, held + HELD_TICKET, ticket);
      Atomics.store(words, held + HELD_STEP, step);
      Atomics.store(words, held + HELD_SLOT, slot + 1);
      if (Atomics.compareExchange(words, at + TICKET, ticket, ticket + 1) === ticket) return { slot, step, chunk };
      Atomics.store(words, held + HELD_SLOT, 0);
    }
  }

  /** Whether there is a chunk of the slot to be taken now. */
  offers(slot: number): boolean {
    const at = this.slotAt(slot);
    const ticket = Atomics.load(this.words, at + TICKET);
    const [step, chunk] = [this.stepOf(at, ticket), ticket & CHUNK_MASK];
    return step < MOST_STEPS && chunk < Atomics.load(this.words, at + TABLE + step * STEP_WORDS + 4);
  }

  /** The step, tiles and scratch of a chunk that this thread holds. */
  describe({ slot, step, chunk }: Chunk, thread: number): Taken {
    const at = this.slotAt(slot);
    const entry = at + TABLE + step * STEP_WORDS;
    const { words } = this;
    const first = chunk * words[entry + 3]!;
    return {
      kernel: words[entry]!,
      args: words[entry + 1]!,
      first,
      last: Math.min(words[entry + 2]!, first + words[entry + 3]!),
      scratch: words[at + SCRATCH]! + thread * words[at + SCRATCH_PITCH]!,
    };
  }

  /** Mark a chunk as computed and let go of it. */
  finish({ slot, step, chunk }: Chunk, thread: number): void {
    Atomics.or(this.words, this.bitWord(slot, step, chunk), 1 << (chunk & 31));
    this.forgetHeld(thread);
    this.advance(slot);
  }

  /** If the slot's present step is complete, open the next one or end the job. Anyone may ask, at any time. */
  advance(slot: number): void {
    const at = this.slotAt(slot);
    const { words } = this;
    const state = Atomics.load(words, at + STATE);
    const ticket = Atomics.load(words, at + TICKET);
    const step = this.stepOf(at, ticket);
    if ((ticket & CHUNK_MASK) === CHUNK_MASK || step >= MOST_STEPS || !this.isComplete(slot, step)) return;
    if (step + 1 < Atomics.load(words, at + STEPS)) {
      const next = (generationOf(ticket) + 1) << CHUNK_BITS;
      if (Atomics.compareExchange(words, at + TICKET, ticket, next) === ticket) {
        this.wakeAll();
        Atomics.notify(words, at + STATE);
      }
    } else if ((state & STATE_MASK) === OPEN && Atomics.load(words, at + TICKET) === ticket) {
      // The state was read before the ticket: if the slot has another job by now, it is not what it was.
      const finished = state - OPEN + FINISHED;
      if (Atomics.compareExchange(words, at + STATE, state, finished) === state) Atomics.notify(words, at + STATE);
    }
  }

  private isComplete(slot: number, step: number): boolean {
    const entry = this.slotAt(slot) + TABLE + step * STEP_WORDS;
    let left = this.words[entry + 4]!;
    return this.eachBitWord(slot, step, (bits) => {
      const all = left >= 32 ? -1 : ~(-1 << left);
      left -= 32;
      return bits === all;
    });
  }

  /** Every word of a step's bits, until `f` says no. */
  private eachBitWord(slot: number, step: number, f: (bits: number) => boolean): boolean {
    const chunks = this.words[this.slotAt(slot) + TABLE + step * STEP_WORDS + 4]!;
    for (let chunk = 0; chunk < chunks; chunk += 32) {
      if (!f(Atomics.load(this.words, this.bitWord(slot, step, chunk)))) return false;
    }
    return true;
  }

  private stepOf(at: number, ticket: number): number {
    return (generationOf(ticket) - Atomics.load(this.words, at + BASE)) & GENERATION_MASK;
  }

  private bitWord(slot: number, step: number, chunk: number): number {
    const at = this.slotAt(slot);
    return at + BITS + this.words[at + TABLE + step * STEP_WORDS + 5]! + (chunk >> 5);
  }
}

function generationOf(ticket: number): number {
  return ticket >>> CHUNK_BITS;
}

function bitCount(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}
