/** What this machine offers, what an engine uses of it, and the reason for each "no". */
import { supports } from "./engine/binary.ts";
import type { Runtime } from "./engine/runtime.ts";

/** What `capabilities()` says of this machine and of the engine: what is there, what is in use, and the reason for each "no". */
export interface Capabilities {
  readonly simd: boolean;
  readonly relaxedSimd: boolean;
  /** Whether memory can be shared with workers. */
  readonly sharedMemory: boolean;
  /** Workers of the pool, which starts when it is first worth it; 0: the caller computes alone. */
  readonly workers: number;
  readonly webgpu: boolean;
  readonly crossOriginIsolated: boolean;
  readonly using: {
    readonly binary: string;
    readonly device: "wasm" | "webgpu";
    /** The name of the GPU that was opened. */
    readonly gpu: string | undefined;
    readonly workers: number;
    readonly memory: "shared" | "own";
  };
  /** By capability: why it is absent, or not used. */
  readonly why: Readonly<Record<string, string>>;
}

export function capabilitiesOf(runtime: Runtime): Capabilities {
  const { crossOriginIsolated } = globalThis as { crossOriginIsolated?: boolean };
  const why: Record<string, string> = { ...runtime.why };
  if (!supports("simd")) why.simd = "this runtime does not validate SIMD instructions";
  if (!supports("relaxed")) why.relaxedSimd = "this runtime does not validate relaxed SIMD instructions";
  if (crossOriginIsolated === undefined) why.crossOriginIsolated = "only pages can be isolated";
  else if (!crossOriginIsolated) why.crossOriginIsolated = "the page was served without the headers COOP and COEP";
  if (runtime.pool?.why) why.workers = runtime.pool.why;
  const hasGpu = Boolean((globalThis.navigator as { gpu?: unknown } | undefined)?.gpu);
  if (runtime.gpu.why) why.webgpu = runtime.gpu.why;
  else if (!hasGpu && !runtime.gpu.name) why.webgpu = "this runtime has no WebGPU";
  else if (!runtime.gpu.name) why.webgpu = "no call has wanted it yet";
  return {
    simd: supports("simd"),
    relaxedSimd: supports("relaxed"),
    sharedMemory: runtime.sharedMemory,
    workers: runtime.workers,
    webgpu: runtime.gpu.name !== undefined,
    crossOriginIsolated: crossOriginIsolated === true,
    using: {
      binary: runtime.binary,
      device: runtime.device === "webgpu" ? "webgpu" : "wasm",
      gpu: runtime.gpu.name,
      workers: runtime.pool?.serving ?? 0,
      memory: runtime.sharedMemory ? "shared" : "own",
    },
    why,
  };
}
