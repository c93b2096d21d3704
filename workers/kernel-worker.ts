/** The entry point inside a worker, of a browser, Deno, Bun or Node. */
import { expose, transfer } from "comlink";
import nodeEndpoint, { type NodeEndpoint } from "comlink/dist/esm/node-adapter.mjs";
import { nodeModule } from "../src/engine/files.ts";
import { Kernels } from "../src/engine/kernels.ts";
import { KERNEL_NAMES } from "../src/plan/plan.ts";
import { OwnMemory } from "./own-memory.ts";
import type { KernelWorker, WorkerStart } from "./protocol.ts";
import { Ring, SLOTS } from "./ring.ts";

/** Looking again costs less than a sleep and a wake-up for about this long; on a busy machine longer spins cost everyone. */
const SPIN_MS = 0.03;
const MOST_SPIN_MS = 1;
/**
 * Who was woken up too late to find anything waits less: it may have been woken on the caller's core, and be in its way. If it went back to
 * sleep at once it would be too late for each of a row of short jobs, and every caller would pay for calling it.
 */
const LATE_SPIN_MS = 0.2;

let kernels: Kernels | undefined;
let ring: Ring | undefined;
let thread = 0;
let own: OwnMemory | undefined;

const worker: KernelWorker = {
  start(options: WorkerStart) {
    kernels = new Kernels(options.modules, options.memory);
    ring = Ring.over(options.memory, options.ring, options.threads);
    thread = options.thread;
    return kernels.binary;
  },
  startOwn(modules) {
    own = new OwnMemory(modules);
    kernels = own.kernels;
    return kernels.binary;
  },
  load(module) {
    if (!kernels) throw new Error("start or startOwn comes first");
    kernels.add(module);
  },
  open: (job) => ownMemory().open(job),
  compute(range) {
    const result = ownMemory().compute(range);
    return transfer(result, [result]);
  },
  close: (id) => ownMemory().close(id),
  serve() {
    if (!kernels || !ring) throw new Error("start comes first");
    let worked = false;
    for (let next = 0; !ring.stopped && ring.modules === kernels.modules; ) {
      const seen = ring.epoch;
      ring.pulse(thread);
      // Begin behind the slot that was served last, so that a small job is not stuck behind a large one.
      const served = serveOne(kernels, ring, next);
      if (served >= 0) {
        next = (served + 1) % SLOTS;
        worked = true;
      } else if (!changes(ring, seen, worked ? MOST_SPIN_MS : LATE_SPIN_MS)) {
        worked = false;
        ring.sleep(seen);
      }
    }
    // It woke up, if only to leave.
    ring.pulse(thread);
    return kernels.modules;
  },
};

function ownMemory(): OwnMemory {
  if (!own) throw new Error("startOwn comes first");
  return own;
}

/** Compute one chunk of the first slot from `from` on that has any; returns the slot, or −1. */
function serveOne({ table }: Kernels, ring: Ring, from: number): number {
  const knows = (kernel: number) => KERNEL_NAMES[kernel]! in table;
  for (let i = 0; i < SLOTS; i++) {
    const slot = (from + i) % SLOTS;
    const chunk = ring.take(slot, thread, knows);
    if (!chunk) continue;
    const { kernel, args, scratch, first, last } = ring.describe(chunk, thread);
    table[KERNEL_NAMES[kernel]!]!(args, scratch, first, last);
    ring.finish(chunk, thread);
    return slot;
  }
  return -1;
}

/** Whether there is something to do soon. While others still compute, the end of their job, and the next one, are near. */
function changes(ring: Ring, seen: number, mostMs: number): boolean {
  const start = performance.now();
  for (let end = start + SPIN_MS; ; ) {
    if (ring.epoch !== seen) return true;
    const now = performance.now();
    if (now < end) continue;
    if (now > start + mostMs || !ring.busy) return false;
    end = now + SPIN_MS;
  }
}

/** Comlink serves property paths: an object without a prototype, frozen, offers these calls and nothing else. */
const api = Object.freeze(Object.assign(Object.create(null) as object, worker));

if (typeof globalThis.postMessage === "function") {
  expose(api);
} else {
  // Node's worker threads have a port of their own.
  expose(api, nodeEndpoint(nodeModule<{ parentPort: NodeEndpoint }>("worker_threads")!.parentPort));
}
