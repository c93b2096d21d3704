/** The entry point inside a worker, of a browser, Deno, Bun or Node. */
import { expose } from "comlink";
import { type Kernels, loadKernels } from "../src/engine/kernels.ts";
import type { KernelWorker } from "./protocol.ts";

let kernels: Kernels | undefined;

const worker: KernelWorker = {
  start(module, memory) {
    kernels = loadKernels(module, memory);
    return kernels.binary;
  },
  compute({ kernel, args, scratch, first, last }) {
    if (!kernels || !Object.hasOwn(kernels.table, kernel)) throw new Error(`no kernel ${kernel}`);
    kernels.table[kernel](args, scratch, first, last);
  },
  stop() {
    kernels = undefined;
  },
};

/** Comlink serves property paths: an object without a prototype, frozen, offers these three calls and nothing else. */
const api = Object.freeze(Object.assign(Object.create(null) as object, worker));

if (typeof globalThis.postMessage === "function") {
  expose(api);
} else {
  // Node's worker threads have a port of their own. The specifiers are no literals, so that bundlers for pages pass over them.
  const [threads, adapter] = ["node:worker_threads", "comlink/dist/esm/node-adapter.mjs"];
  const { parentPort } = (await import(/* @vite-ignore */ /* webpackIgnore: true */ threads)) as {
    parentPort: unknown;
  };
  const { default: nodeEndpoint } = (await import(/* @vite-ignore */ /* webpackIgnore: true */ adapter)) as {
    default: (port: unknown) => Parameters<typeof expose>[1];
  };
  expose(api, nodeEndpoint(parentPort));
}
