/** What ops run on: one memory, one set of kernels, one executor. `Engine` is this with the ops in front. */
import { DeviceError, DisposedError, DTypeError, OptionError, ShapeError, show } from "../errors.ts";
import { type Plan, planSteps } from "../plan/plan.ts";
import type { BinaryName } from "../plan/registers.ts";
import { numberList } from "../problem/operand.ts";
import type { DType, FloatArray, Storage } from "../tensor.ts";
import { bufferOfMemory, elementCount, Tensor } from "../tensor.ts";
import { GpuBackend } from "../webgpu/backend.ts";
import { Arena, type Lease } from "./arena.ts";
import type { BinaryOption, WasmSource } from "./binary.ts";
import { chooseBinary, compileKernels, isFolder } from "./binary.ts";
import { Clock } from "./clock.ts";
import { Dispatcher, type Pool } from "./dispatch.ts";
import type { Executor } from "./executor.ts";
import { nodeModule } from "./files.ts";
import { InlineExecutor } from "./inline.ts";
import { Kernels } from "./kernels.ts";
import { canPostMemory, createMemory } from "./memory.ts";
import { PlanCache } from "./plan-cache.ts";
import { ResultArrays } from "./results.ts";
import { Tunings } from "./tunings.ts";
import { mayBlock, orAborted } from "./wait.ts";
import type { WorkerSource } from "./worker-handle.ts";

export interface RuntimeOptions {
  readonly binary: BinaryOption;
  readonly float: "fast" | "reproducible";
  readonly maximumMemory: number | undefined;
  readonly wasm: WasmSource | undefined;
  readonly workers: number | "auto";
  /** false: treat memory as if it could not be posted. */
  readonly sharedMemory: boolean;
  readonly device: "auto" | "wasm" | "webgpu";
  readonly gpuDevice: GPUDevice | undefined;
  readonly worker: WorkerSource | undefined;
  /** What a call means that says nothing of `openmp`; null: decided by the estimate. */
  readonly openmp: () => boolean | null;
}

/** Why something better is not in use, by the name of its capability. */
export type Reasons = Record<string, string>;

export class Runtime {
  readonly arena: Arena;
  readonly kernels: Kernels;
  readonly binary: BinaryName;
  readonly executor: Executor;
  readonly pool: Pool | undefined;
  readonly plans: PlanCache<Plan> = new PlanCache((plan) =>
    planSteps(plan).reduce((sum, step) => sum + step.block.words.byteLength, 0),
  );
  readonly tunings: Tunings;
  readonly results: ResultArrays = new ResultArrays();
  readonly why: Reasons;
  readonly sharedMemory: boolean;
  /** Whether results must have the same bits on every machine. */
  readonly reproducible: boolean;
  readonly device: "auto" | "wasm" | "webgpu";
  readonly gpu: GpuBackend;
  private readonly clock: Clock;
  /** The binary with all kernels, where the engine began with those for float32. */
  private readonly whole: (() => Promise<WebAssembly.Module>) | undefined;
  private loading: Promise<void> | undefined;
  disposed = false;

  private constructor(base: Base, pool: Pool | undefined, options: RuntimeOptions) {
    const { arena, kernels, inline, clock, why, sharedMemory } = base;
    this.arena = arena;
    this.kernels = kernels;
    this.whole = base.whole;
    this.binary = kernels.binary;
    this.tunings = new Tunings(kernels.binary);
    this.why = why;
    this.sharedMemory = sharedMemory;
    this.reproducible = options.float === "reproducible";
    this.device = options.device;
    this.gpu = new GpuBackend(options.gpuDevice);
    this.clock = clock;
    this.pool = pool;
    this.executor = pool ? new Dispatcher(inline, pool, clock, options.openmp) : inline;
  }

  static async start(options: RuntimeOptions): Promise<Runtime> {
    const choice = chooseBinary(options.binary, options.float);
    const why: Reasons = choice.why ? { binary: choice.why } : {};
    const { file } = choice;
    const whole = () => compileKernels(file, options.wasm);
    const split = file !== "debug" && isFolder(options.wasm);
    const module = await (split ? compileKernels(`${file}-f32`, options.wasm) : whole());
    const { memory, limit } = createMemory(options.maximumMemory);
    // Of the kernels' strings only the messages of assertions are ever read: that is what the loader is for.
    const loader = file === "debug" ? await import("@assemblyscript/loader") : undefined;
    const kernels = new Kernels([module], memory, loader?.instantiateSync);
    const arena = new Arena(memory, limit);
    const clock = new Clock();
    const sharedMemory = options.sharedMemory && canPostMemory(memory);
    if (!options.sharedMemory) why.sharedMemory = "the option sharedMemory is false";
    else if (!sharedMemory) why.sharedMemory = "this page or runtime does not let shared memory be posted to workers";
    const inline = new InlineExecutor(arena, clock);
    const base = { arena, kernels, whole: split ? whole : undefined, inline, clock, why, sharedMemory };
    const runtime = new Runtime(base, await makePool(base, module, options), options);
    if (options.device === "webgpu") await runtime.gpu.open();
    return runtime;
  }

  /**
   * Settles when there are kernels for the type. Those for float64 are loaded when they are first wanted; where that failed, whoever wants
   * them next tries again.
   */
  async provide(dtype: DType, signal?: AbortSignal): Promise<void> {
    if (this.kernels.serves(dtype)) return;
    this.loading ??= this.loadWhole().finally(() => {
      this.loading = undefined;
    });
    await orAborted(this.loading, signal);
    this.check();
  }

  private async loadWhole(): Promise<void> {
    const module = await this.whole?.();
    if (module) this.kernels.add(module);
    if (!module || !this.kernels.serves("float64")) {
      throw new OptionError("wasm", `it has kernels for float32 only: float64 needs those of ${this.binary}.wasm`);
    }
    this.pool?.add(module);
  }

  /** What one thread takes for so many cycles of the cost model, as far as is known. */
  milliseconds(cycles: number): number {
    return this.clock.milliseconds(cycles);
  }

  /** Workers wanted of the pool; 0 without one. */
  get workers(): number {
    return this.pool?.size ?? 0;
  }

  /** Throws if the engine was disposed of. */
  check(): this {
    if (this.disposed) throw new DisposedError("engine");
    return this;
  }

  private buffer: ArrayBufferLike | undefined;
  private views!: { i32: Int32Array; float32: Float32Array; float64: Float64Array };

  /** Views of the whole memory, taken anew after it has grown. */
  heap(): { i32: Int32Array; float32: Float32Array; float64: Float64Array } {
    if (this.arena.memory.buffer !== this.buffer) {
      const buffer = bufferOfMemory(this.arena.memory);
      this.buffer = buffer;
      this.views = {
        i32: new Int32Array(buffer),
        float32: new Float32Array(buffer),
        float64: new Float64Array(buffer),
      };
    }
    return this.views;
  }

  /** A tensor of zeros in engine memory. */
  tensor(shape: readonly number[], dtype: DType): Tensor {
    this.check();
    const extents = extentsOf(shape);
    const size = elementCount(extents);
    const bytes = dtype === "float32" ? 4 : 8;
    const lease = this.arena.lease(size * bytes, "shape");
    return new Tensor(this.residentStorage(lease, dtype, size), dtype, extents);
  }

  /** A tensor of zeros on the GPU. */
  gpuTensor(shape: readonly number[], dtype: DType): Tensor {
    this.check();
    const extents = extentsOf(shape);
    if (dtype !== "float32") throw new DTypeError("dtype", "the GPU computes in float32 only");
    const remote = this.gpu.elements(elementCount(extents));
    const view = () => {
      throw new DeviceError("tensor", "its elements are on the GPU: await tensor.read()");
    };
    return new Tensor({ view, release: remote.letGo, remote }, dtype, extents);
  }

  private residentStorage(lease: Lease, dtype: DType, size: number): Storage {
    const viewNow = () => {
      const buffer = bufferOfMemory(this.arena.memory);
      return dtype === "float32"
        ? new Float32Array(buffer, lease.pointer, size)
        : new Float64Array(buffer, lease.pointer, size);
    };
    let view: FloatArray = viewNow().fill(0);
    let users = 1;
    const letGo = () => {
      if (--users === 0) lease.release();
    };
    return {
      view: () => {
        this.check();
        if (view.buffer !== this.arena.memory.buffer) view = viewNow();
        return view;
      },
      release: letGo,
      resident: {
        owner: this,
        pointer: lease.pointer,
        retain: () => {
          users++;
          return letGo;
        },
      },
    };
  }

  dispose(): void {
    this.disposed = true;
    this.executor.dispose();
    this.gpu.dispose();
  }
}

function extentsOf(shape: readonly number[]): number[] {
  const extents = numberList(shape, "shape");
  if (!extents?.every((extent) => Number.isSafeInteger(extent) && extent >= 0)) {
    throw new ShapeError("shape", `expected a list of extents, got ${show(shape)}`);
  }
  return extents;
}

interface Base {
  readonly arena: Arena;
  readonly kernels: Kernels;
  readonly whole: (() => Promise<WebAssembly.Module>) | undefined;
  readonly inline: InlineExecutor;
  readonly clock: Clock;
  readonly why: Reasons;
  readonly sharedMemory: boolean;
}

/** A page needs the one or the other, and loads no more than that. */
async function makePool(base: Base, module: WebAssembly.Module, options: RuntimeOptions): Promise<Pool | undefined> {
  const { arena, kernels, inline, clock, why, sharedMemory } = base;
  const callerComputes = mayBlock();
  // Without shared memory the caller only sends and receives.
  const workers = crewSize(options.workers, callerComputes && sharedMemory, why);
  const { worker } = options;
  if (workers === 0) return undefined;
  if (sharedMemory) {
    const { PoolExecutor } = await import("./pool.ts");
    return new PoolExecutor(arena, kernels, inline, { workers, module, worker, callerComputes, clock });
  }
  const { TransferExecutor } = await import("./transfer.ts");
  return new TransferExecutor(arena, inline, clock, { workers, module, worker });
}

/** Node 20 has no `navigator`. */
interface Os {
  availableParallelism(): number;
}

/** A pool larger than this is limited by memory rather than by cores. */
const MOST_WORKERS = 32;

/** How many workers: one for each core that the caller does not use itself. */
function crewSize(wanted: number | "auto", callerComputes: boolean, why: Reasons): number {
  if (wanted === 0) why.workers = "the option workers is 0";
  if (wanted !== "auto") return Math.min(wanted, MOST_WORKERS);
  const { navigator } = globalThis as { navigator?: { hardwareConcurrency?: number } };
  const cores = navigator?.hardwareConcurrency ?? nodeModule<Os>("os")?.availableParallelism() ?? 1;
  const size = Math.min(MOST_WORKERS, callerComputes ? cores - 1 : cores);
  if (size < 1) why.workers = "there is one core, and the caller uses it";
  return Math.max(0, size);
}
