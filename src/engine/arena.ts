/**
 * The host's memory manager over a WebAssembly.Memory: leases of 64-byte lines from a list of free spans, first fit, merged
 * when they come back. Kernels may read (never write) up to `SLACK` bytes past an operand, so the end of memory is kept free.
 */
import { OutOfMemoryError } from "../errors.ts";

const LINE = 64;
const SLACK = 1024;
const PAGE = 65536;

export interface Lease {
  readonly pointer: number;
  readonly bytes: number;
  release(): void;
}

interface Span {
  start: number;
  end: number;
}

export class Arena {
  readonly memory: WebAssembly.Memory;
  /** Bytes that the memory may grow to. */
  readonly limit: number;
  /** Bytes leased at present. */
  live = 0;
  /** Called when memory runs out: whoever keeps leases for reuse lets go of those that are idle. */
  readonly reclaimers: Set<() => void> = new Set<() => void>();
  /** In ascending order, never touching each other. */
  private readonly free: Span[];

  constructor(memory: WebAssembly.Memory, limit: number) {
    this.memory = memory;
    this.limit = limit;
    // Address 0 means "none" in argument blocks, so the first line is never leased.
    this.free = [{ start: LINE, end: memory.buffer.byteLength - SLACK }];
  }

  /** Lease `bytes` bytes, aligned to 64; their contents are arbitrary. `argument` is named if memory runs out. */
  lease(bytes: number, argument: string): Lease {
    const size = Math.max(LINE, Math.ceil(bytes / LINE) * LINE);
    const index = this.find(size) ?? this.grow(size) ?? this.reclaim(size, argument);
    const span = this.free[index]!;
    const pointer = span.start;
    span.start += size;
    if (span.start === span.end) this.free.splice(index, 1);
    this.live += size;
    let held = true;
    return {
      pointer,
      bytes: size,
      release: () => {
        if (!held) return;
        held = false;
        this.live -= size;
        this.giveBack(pointer, pointer + size);
      },
    };
  }

  private giveBack(start: number, end: number): void {
    let low = 0;
    let high = this.free.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.free[middle]!.start < start) low = middle + 1;
      else high = middle;
    }
    const before = this.free[low - 1];
    const after = this.free[low];
    const joinsBefore = before !== undefined && before.end === start;
    const joinsAfter = after !== undefined && after.start === end;
    if (joinsBefore && joinsAfter) {
      before.end = after.end;
      this.free.splice(low, 1);
    } else if (joinsBefore) before.end = end;
    else if (joinsAfter) after.start = start;
    else this.free.splice(low, 0, { start, end });
  }

  /** The index of the first span that holds `size` bytes. */
  private find(size: number): number | undefined {
    const index = this.free.findIndex((span) => span.end - span.start >= size);
    return index < 0 ? undefined : index;
  }

  /** Grow so that the last span holds `size` bytes, and return its index; undefined if that is not possible. */
  private grow(size: number): number | undefined {
    const end = this.memory.buffer.byteLength - SLACK;
    const last = this.free[this.free.length - 1];
    const missing = size - (last !== undefined && last.end === end ? last.end - last.start : 0);
    const pages = Math.ceil(missing / PAGE);
    if (this.memory.buffer.byteLength + pages * PAGE > this.limit) return undefined;
    try {
      this.memory.grow(pages);
    } catch {
      // The runtime refuses; what is left is to reclaim.
      return undefined;
    }
    this.giveBack(end, this.memory.buffer.byteLength - SLACK);
    return this.free.length - 1;
  }

  private reclaim(size: number, argument: string): number {
    for (const letGo of this.reclaimers) letGo();
    const index = this.find(size) ?? this.grow(size);
    if (index !== undefined) return index;
    throw new OutOfMemoryError(
      argument,
      `${size} bytes of engine memory are needed in one piece, ${this.live} of at most ${this.limit} are in use`,
    );
  }
}
