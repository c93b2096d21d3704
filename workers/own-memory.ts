/** The worker's side where memory cannot be shared: jobs whose operands were sent over, and ranges of their tiles. */
import { Arena, type Lease } from "../src/engine/arena.ts";
import { Kernels } from "../src/engine/kernels.ts";
import { createMemory } from "../src/engine/memory.ts";
import { blockBytes, placeBlock, point } from "../src/engine/place.ts";
import type { OwnJob, OwnRange } from "./protocol.ts";

interface Opened {
  readonly job: OwnJob;
  readonly leases: readonly Lease[];
  /** Of each step's block. */
  readonly args: readonly number[];
  readonly output: number;
  readonly scratch: number;
  readonly work: number;
}

export class OwnMemory {
  private readonly arena: Arena;
  readonly kernels: Kernels;
  private readonly jobs = new Map<number, Opened>();

  constructor(modules: readonly WebAssembly.Module[]) {
    const { memory, limit } = createMemory(undefined);
    this.arena = new Arena(memory, limit);
    this.kernels = new Kernels(modules, memory);
  }

  open(job: OwnJob): void {
    const leases: Lease[] = [];
    const take = (bytes: number) => {
      const lease = this.arena.lease(bytes, "input");
      leases.push(lease);
      return lease.pointer;
    };
    try {
      const [input, filters, bias] = [job.input, job.filters, job.bias].map((data) => this.place(data, take));
      const output = take(job.outputBytes);
      const args = job.steps.map(({ block }) => take(blockBytes(block)));
      const [scratch, work] = [take(job.scratchBytes), take(job.workBytes)];
      const i32 = new Int32Array(this.arena.memory.buffer);
      const bases = {
        x: input! - job.inputFrom,
        y: output - job.outputFrom,
        bias: bias ?? null,
        source: null,
        filters: filters!,
        work,
      };
      for (const [i, { block, pointers }] of job.steps.entries()) {
        placeBlock(i32, block, args[i]!);
        point(i32, pointers, args[i]!, bases);
      }
      this.jobs.set(job.id, { job, leases, args, output, scratch, work: work! });
    } catch (error) {
      for (const lease of leases) lease.release();
      throw error;
    }
  }

  private place(data: ArrayBuffer | null, take: (bytes: number) => number): number | null {
    if (!data) return null;
    const pointer = take(data.byteLength);
    new Uint8Array(this.arena.memory.buffer, pointer).set(new Uint8Array(data));
    return pointer;
  }

  compute({ id, step, first, last, grain, segments, ofWork }: OwnRange): ArrayBuffer {
    const { job, args, output, scratch, work } = this.jobs.get(id)!;
    const kernel = this.kernels.table[job.steps[step]!.kernel]!;
    for (let tile = first; tile < last; tile += grain) kernel(args[step]!, scratch, tile, Math.min(last, tile + grain));
    return gather(new Uint8Array(this.arena.memory.buffer, ofWork ? work : output), segments);
  }

  close(id: number): void {
    for (const lease of this.jobs.get(id)?.leases ?? []) lease.release();
    this.jobs.delete(id);
  }
}

function gather(output: Uint8Array, segments: Int32Array): ArrayBuffer {
  let bytes = 0;
  for (let i = 1; i < segments.length; i += 2) bytes += segments[i]!;
  const result = new Uint8Array(bytes);
  for (let i = 0, at = 0; i < segments.length; at += segments[i + 1]!, i += 2) {
    result.set(output.subarray(segments[i]!, segments[i]! + segments[i + 1]!), at);
  }
  return result.buffer;
}
