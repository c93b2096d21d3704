/** What ops run on: one memory, one set of kernels, one executor. `Engine` is this with the ops in front. */
import { DisposedError, ShapeError, show } from "../errors.ts";
import type { Plan } from "../plan/plan.ts";
import type { BinaryName } from "../plan/registers.ts";
import { numberList } from "../problem/operand.ts";
import type { DType, FloatArray } from "../tensor.ts";
import { elementCount, Tensor } from "../tensor.ts";
import { Arena } from "./arena.ts";
import type { BinaryOption, WasmSource } from "./binary.ts";
import { chooseBinary, compileKernels } from "./binary.ts";
import type { Executor } from "./executor.ts";
import { InlineExecutor } from "./inline.ts";
import type { KernelTable } from "./kernels.ts";
import { loadKernels } from "./kernels.ts";
import { canPostMemory, createMemory } from "./memory.ts";
import { PlanCache } from "./plan-cache.ts";
import { ResultArrays } from "./results.ts";

export interface RuntimeOptions {
  readonly binary: BinaryOption;
  readonly float: "fast" | "reproducible";
  readonly maximumMemory: number | undefined;
  readonly wasm: WasmSource | undefined;
}

/** Why something better is not in use, by the name of its capability. */
export type Reasons = Record<string, string>;

export class Runtime {
  readonly arena: Arena;
  readonly kernels: KernelTable;
  readonly binary: BinaryName;
  readonly executor: Executor;
  readonly plans = new PlanCache<Plan>();
  readonly results = new ResultArrays();
  readonly why: Reasons;
  readonly sharedMemory: boolean;
  disposed = false;

  private constructor(arena: Arena, kernels: KernelTable, binary: BinaryName, why: Reasons) {
    this.arena = arena;
    this.kernels = kernels;
    this.binary = binary;
    this.executor = new InlineExecutor(arena);
    this.sharedMemory = canPostMemory(arena.memory);
    this.why = why;
    if (!this.sharedMemory) why.sharedMemory = "this page or runtime does not let shared memory be posted to workers";
    why.workers = "this version has no worker pool: the caller computes, in slices";
    why.webgpu = "this version has no WebGPU backend";
  }

  static async start(options: RuntimeOptions): Promise<Runtime> {
    const choice = chooseBinary(options.binary, options.float);
    const module = await compileKernels(choice.file, options.wasm);
    const { memory, limit } = createMemory(options.maximumMemory);
    const { table, binary } = loadKernels(module, memory);
    return new Runtime(new Arena(memory, limit), table, binary, choice.why ? { binary: choice.why } : {});
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
    const { buffer } = this.arena.memory;
    if (buffer !== this.buffer) {
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
    const extents = numberList(shape, "shape");
    if (!extents?.every((extent) => Number.isSafeInteger(extent) && extent >= 0)) {
      throw new ShapeError("shape", `expected a list of extents, got ${show(shape)}`);
    }
    const size = elementCount(extents);
    const bytes = dtype === "float32" ? 4 : 8;
    const lease = this.arena.lease(size * bytes, "shape");
    const type = dtype === "float32" ? Float32Array : Float64Array;
    let view: FloatArray = new type(this.arena.memory.buffer, lease.pointer, size);
    view.fill(0);
    return new Tensor(
      {
        view: () => {
          this.check();
          if (view.buffer !== this.arena.memory.buffer) view = new type(this.arena.memory.buffer, lease.pointer, size);
          return view;
        },
        release: () => lease.release(),
        resident: { owner: this, pointer: lease.pointer },
      },
      dtype,
      extents,
    );
  }

  dispose(): void {
    this.disposed = true;
    this.executor.dispose();
  }
}
