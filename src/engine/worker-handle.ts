/** Starting and losing one worker, in whatever runtime this is. */
import { type Remote, releaseProxy, wrap } from "comlink";
import nodeEndpoint, { type NodeEndpoint } from "comlink/dist/esm/node-adapter.mjs";
import type { KernelWorker } from "../../workers/protocol.ts";
import { WorkerError } from "../errors.ts";
import { ownThread, ownWorker } from "./beside.ts";
import { nodeModule } from "./files.ts";

export type WorkerSource = URL | string | (() => Worker);

/** What becomes of a worker: `exited` if it is known to run no more, so that nothing of it can still write. */
export interface Loss {
  readonly reason: string;
  readonly exited: boolean;
}

export interface WorkerHandle {
  readonly remote: Remote<KernelWorker>;
  /** Settles when the worker is lost; never, as long as it is well. */
  readonly lost: Promise<Loss>;
  terminate(): void;
}

interface WorkerThreads {
  readonly Worker: new (url: URL | string, options: { execArgv: string[] }) => NodeWorker;
}

interface NodeWorker extends NodeEndpoint {
  on(type: string, listener: (...args: never[]) => void): void;
  unref(): void;
  terminate(): Promise<number>;
}

export async function startWorker(source: WorkerSource | undefined): Promise<WorkerHandle> {
  if (typeof source === "function") {
    const worker: unknown = source();
    if (!isWebWorker(worker)) throw new TypeError("the function given as worker returned no Worker");
    return overWebWorker(worker);
  }
  const threads = keepsProgramAlive() ? nodeModule<WorkerThreads>("worker_threads") : undefined;
  // None of the program's own flags: `--input-type` of an evaluated program would refuse the script.
  if (threads) return overNodeWorker(new threads.Worker(source ?? ownThread(), { execArgv: [] }));
  if (typeof Worker !== "function") throw new Error("this runtime has no Worker");
  return overWebWorker(source ? new Worker(source, { type: "module" }) : ownWorker());
}

function isWebWorker(worker: unknown): worker is Worker {
  const methods = ["addEventListener", "postMessage", "terminate"] as const;
  return methods.every((name) => typeof (worker as Worker | undefined)?.[name] === "function");
}

/** Node has no global Worker. Deno's has no `unref`, so that an idle pool would never let the program end; its `node:worker_threads` has. */
function keepsProgramAlive(): boolean {
  return typeof Worker !== "function" || !("document" in globalThis || "unref" in Worker.prototype);
}

function overNodeWorker(worker: NodeWorker): WorkerHandle {
  let reason = "";
  const lost = new Promise<Loss>((resolve) => {
    worker.on("error", (error: Error) => {
      reason = error.message;
    });
    // Deno says so when it asks the thread to end, which may be in a kernel and write for a while yet.
    const exited = !("Deno" in globalThis);
    worker.on("exit", (code: number) => resolve({ reason: reason || `it exited with code ${code}`, exited }));
  });
  const remote = wrap<KernelWorker>(nodeEndpoint(worker));
  // An idle pool must not keep a program alive; a job in flight has a timer that does. Listening, as wrap does, would undo it.
  worker.unref();
  return { remote, lost, terminate: ending(remote, worker) };
}

function overWebWorker(worker: Worker): WorkerHandle {
  const lost = new Promise<Loss>((resolve) => {
    worker.addEventListener("error", (event) => {
      event.preventDefault?.();
      resolve({ reason: event.message || "its script could not be loaded", exited: false });
    });
    worker.addEventListener("messageerror", () => resolve({ reason: "a message could not be read", exited: false }));
  });
  const remote = wrap<KernelWorker>(worker);
  // Bun's workers can be told so; a page ends when it ends.
  (worker as { unref?: () => void }).unref?.();
  return { remote, lost, terminate: ending(remote, worker) };
}

/** Comlink remembers endpoints until their proxies are collected, and those hang on the endpoint's listeners: it has to be told. */
function ending(remote: Remote<KernelWorker>, worker: { terminate(): unknown }): () => void {
  let ended = false;
  return () => {
    if (!ended) remote[releaseProxy]();
    ended = true;
    worker.terminate();
  };
}

/** The promise, or a WorkerError after `ms`. */
export function within<T>(promise: Promise<T>, ms: number, what: string, keepsAlive = true): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new WorkerError("workers", `${what} within ${ms} ms`)), ms);
    if (!keepsAlive) (timer as { unref?: () => void }).unref?.();
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
