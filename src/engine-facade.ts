/** `createEngine`, and the engine that the module-level ops share. */
import { type Capabilities, capabilitiesOf } from "./capabilities.ts";
import { config } from "./config.ts";
import { nameDisposal } from "./disposal.ts";
import type { BinaryOption, WasmSource } from "./engine/binary.ts";
import { Runtime, type RuntimeOptions } from "./engine/runtime.ts";
import type { TuningData } from "./engine/tunings.ts";
import type { WorkerSource } from "./engine/worker-handle.ts";
import { OptionError, show } from "./errors.ts";
import type { Conv3D } from "./ops/conv3d.ts";
import {
  type C01b,
  type Conv3d2d,
  makeC01b,
  makeConv3D,
  makeConv3d2d,
  makeConvGrad3D,
  makeConvTransp3D,
  makeNnet,
  makeSignal,
  type Nnet,
  type Signal,
} from "./ops/families.ts";
import type { ConvTransp3D } from "./ops/gradients/inputs-conv3d.ts";
import type { ConvGrad3D } from "./ops/gradients/weights-conv3d.ts";
import { OptionReader } from "./ops/options.ts";
import type { Tuned, TuneSpec } from "./ops/tune.ts";
import type { DType, Tensor } from "./tensor.ts";

/** Of `createEngine`. All may be left out. */
export interface EngineOptions {
  /** Default "auto": the best that the runtime validates. */
  binary?: BinaryOption;
  /** Size of the pool; 0: none. */
  workers?: number | "auto";
  /** `"reproducible"`: plain SIMD, the same bits on every machine. */
  float?: "fast" | "reproducible";
  /** "webgpu": compute there, and reject with a DeviceError where that cannot be; "auto": only what gains by it. */
  device?: "auto" | "wasm" | "webgpu";
  /** A device of your own for WebGPU. It stays yours: the engine never destroys it. */
  gpuDevice?: GPUDevice;
  /** Bytes. */
  maximumMemory?: number;
  /**
   * Where the kernels come from, if not beside the script: a folder ending in "/", with all files; or one module, its bytes or its address,
   * which may be one for float32 only (`simd-f32.wasm`) where float64 is never wanted.
   */
  wasm?: WasmSource;
  /** false: give workers memories of their own and send operands over, even where memory could be shared. */
  sharedMemory?: boolean;
  /** Where the worker script comes from, if not beside the script. */
  worker?: URL | string | (() => Worker);
}

const KNOWN = ["binary", "workers", "float", "device", "gpuDevice", "maximumMemory", "wasm", "worker", "sharedMemory"];

function readEngineOptions(options: unknown, openmp: () => boolean | null): RuntimeOptions {
  const reader = new OptionReader(options, KNOWN);
  const maximumMemory = reader.raw("maximumMemory");
  if (maximumMemory !== undefined && !(typeof maximumMemory === "number" && maximumMemory >= 2 ** 20)) {
    throw new OptionError("maximumMemory", `expected at least ${2 ** 20} bytes, got ${show(maximumMemory)}`);
  }
  return {
    binary: reader.oneOf("binary", ["auto", "scalar", "simd", "relaxed", "debug"]) ?? "auto",
    float: reader.oneOf("float", ["fast", "reproducible"]) ?? "fast",
    maximumMemory,
    wasm: readWasm(reader.raw("wasm")),
    workers: reader.raw("workers") === "auto" ? "auto" : (reader.integer("workers", 0) ?? "auto"),
    sharedMemory: reader.boolean("sharedMemory") ?? true,
    device: reader.oneOf("device", ["auto", "wasm", "webgpu"]) ?? "auto",
    gpuDevice: readGpuDevice(reader.raw("gpuDevice")),
    worker: readWorker(reader.raw("worker")),
    openmp,
  };
}

function readWasm(value: unknown): WasmSource | undefined {
  if (value === undefined || typeof value === "string" || value instanceof URL) return value;
  if (value instanceof WebAssembly.Module || value instanceof ArrayBuffer || ArrayBuffer.isView(value))
    return value as WasmSource;
  throw new OptionError("wasm", `expected a module, its bytes or its address, got ${show(value)}`);
}

function readGpuDevice(value: unknown): GPUDevice | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "object" && value !== null && "queue" in value && "createBuffer" in value)
    return value as GPUDevice;
  throw new OptionError("gpuDevice", `expected a GPUDevice, got ${show(value)}`);
}

function readWorker(value: unknown): WorkerSource | undefined {
  if (value === undefined || typeof value === "string" || value instanceof URL) return value;
  if (typeof value === "function") return value as () => Worker;
  throw new OptionError(
    "worker",
    `expected the address of the worker script, or a function that starts it, got ${show(value)}`,
  );
}

/** An engine of one's own: its memory, its kernels, its settings, apart from those of the module-level ops. */
export class Engine implements AsyncDisposable {
  readonly nnet: Nnet;
  readonly signal: Signal;
  readonly conv3D: Conv3D;
  readonly convTransp3D: ConvTransp3D;
  readonly convGrad3D: ConvGrad3D;
  readonly conv3d2d: Conv3d2d;
  readonly c01b: C01b;
  private readonly runtime: Runtime;

  constructor(runtime: Runtime) {
    this.runtime = runtime;
    const source = async () => runtime;
    this.nnet = makeNnet(source);
    this.signal = makeSignal(source);
    this.conv3D = makeConv3D(source);
    this.convTransp3D = makeConvTransp3D(source);
    this.convGrad3D = makeConvGrad3D(source);
    this.conv3d2d = makeConv3d2d(source);
    this.c01b = makeC01b(source);
  }

  /** Bytes of WebAssembly memory at present. */
  get memoryBytes(): number {
    return this.runtime.arena.memory.buffer.byteLength;
  }

  /** Bytes of it that are leased to tensors, compiled ops and calls under way. */
  get liveBytes(): number {
    return this.runtime.arena.live;
  }

  /**
   * A tensor of zeros in engine memory. Ops of this engine read and write it in place, without copies on the host.
   *
   * With `device: "webgpu"` its elements, float32, stay on the GPU: `await tensor.write(data)` and `await tensor.read()` move them,
   * and ops of this engine that run there, as any op does whose operand or `out` is such a tensor unless `device` or `algorithm` says
   * otherwise, use them in place. With it as `out` an op resolves when the GPU has accepted the work; what is asked of the GPU
   * afterwards comes after it. An op that runs elsewhere reads it back, or writes it, by itself; `runSync` cannot. Throws a
   * DeviceError where there is no WebGPU; whether a device opens and has room shows when something is first written to it.
   *
   * @example using maps = engine.tensor([1, 64, 56, 56]);
   * @example using onGpu = engine.tensor([1, 64, 56, 56], { device: "webgpu" });
   */
  tensor(shape: readonly number[], options?: { dtype?: DType; device?: "wasm" | "webgpu" }): Tensor {
    const reader = new OptionReader(options, ["dtype", "device"]);
    const dtype = reader.oneOf("dtype", ["float32", "float64"]) ?? "float32";
    if (reader.oneOf("device", ["wasm", "webgpu"]) === "webgpu") return this.runtime.gpuTensor(shape, dtype);
    return this.runtime.tensor(shape, dtype);
  }

  /**
   * Measure the candidates of a problem on this machine, some 60 ms each in one thread, and prefer the fastest from now on, in calls and
   * in ops that are compiled afterwards. `spec` is what the op's `compile` takes; `spec.op` is its name, if it is not nnet.conv2d.
   * Rejects with an OptionError where results are reproducible, and with the signal's reason.
   *
   * @example await engine.tune({ imageShape: [1, 64, 56, 56], filterShape: [64, 64, 3, 3], borderMode: "half" });
   */
  async tune(spec: TuneSpec, options?: { signal?: AbortSignal }): Promise<Tuned> {
    const { tune } = await import("./ops/tune.ts");
    return tune(this.runtime.check(), spec, options?.signal);
  }

  /** What `tune` has learned, as plain JSON. */
  exportTunings(): TuningData {
    return this.runtime.tunings.data();
  }

  /** Add what an engine with the same binary has learned. Returns how many problems; 0 if the binary is another one. */
  importTunings(tunings: unknown): number {
    return this.runtime.check().tunings.take(tunings);
  }

  /** What this engine uses, and why not more. */
  capabilities(): Capabilities {
    return capabilitiesOf(this.runtime.check());
  }

  /** Drop the memory. Calls made afterwards throw a DisposedError; those under way finish. */
  dispose(): void {
    this.runtime.dispose();
  }

  /** `dispose`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.dispose();
  }
}
nameDisposal(Engine, "asyncDispose");

/** Start an engine. Rejects with an OptionError that names `wasm` if no kernels can be loaded, and may be tried again. */
export async function createEngine(options?: EngineOptions): Promise<Engine> {
  return new Engine(await Runtime.start(readEngineOptions(options, () => null)));
}

let shared: { key: string; runtime: Promise<Runtime> } | undefined;

/** The runtime of the module-level ops, as `config` wants it now. A start that failed is forgotten, so the next call retries. */
export function sharedRuntime(): Promise<Runtime> {
  const key = `${config.float} ${config.device} ${config.workers}`;
  if (shared?.key === key) return shared.runtime;
  const runtime = Runtime.start(
    readEngineOptions({ float: config.float, device: config.device, workers: config.workers }, () => config.openmp),
  );
  const entry = { key, runtime };
  shared = entry;
  runtime.catch(() => {
    if (shared === entry) shared = undefined;
  });
  return runtime;
}

/** What the module-level ops use, and why not more. */
export async function capabilities(): Promise<Capabilities> {
  return capabilitiesOf(await sharedRuntime());
}
