/** The one place where modules are instantiated. */
import { OptionError } from "../errors.ts";
import type { KernelName } from "../plan/plan.ts";
import type { BinaryName } from "../plan/registers.ts";
import type { DType } from "../tensor.ts";

/** Compute tiles first … last − 1 of the step whose argument block stands at `args` (assembly/README.md). */
export type Kernel = (args: number, scratch: number, first: number, last: number) => void;

const NAMES: readonly BinaryName[] = ["scalar", "simd", "relaxed"];

type Instantiate = (module: WebAssembly.Module, imports: WebAssembly.Imports) => { readonly exports: unknown };

/** What one thread can compute over one memory: the kernels of a module, and of those that are added when more are wanted. */
export class Kernels {
  /** Without those for float64, as long as no module has brought them. */
  table: Readonly<Partial<Record<KernelName, Kernel>>>;
  readonly binary: BinaryName;
  /** How many modules they are from. */
  modules = 1;
  private readonly memory: WebAssembly.Memory;
  private readonly instantiate: Instantiate;

  /** `instantiate` is the AssemblyScript loader where the binary has strings; the kernels themselves need no more than the memory. */
  constructor(
    [first, ...more]: readonly WebAssembly.Module[],
    memory: WebAssembly.Memory,
    instantiate: Instantiate = withoutStrings,
  ) {
    this.memory = memory;
    this.instantiate = instantiate;
    const { binary, kernels } = this.read(first!);
    this.binary = binary;
    this.table = kernels;
    for (const module of more) this.add(module);
  }

  /** What is here already stays: the runtime has promoted it. */
  add(module: WebAssembly.Module): void {
    const { binary, kernels } = this.read(module);
    if (binary !== this.binary) throw new OptionError("wasm", `expected kernels of ${this.binary}, got ${binary}`);
    this.table = { ...kernels, ...this.table };
    this.modules++;
  }

  serves(dtype: DType): boolean {
    return (dtype === "float32" ? "direct_pixels_f32" : "direct_pixels_f64") in this.table;
  }

  private read(module: WebAssembly.Module): { binary: BinaryName; kernels: Kernels["table"] } {
    try {
      const exports = this.instantiate(module, { env: { memory: this.memory } }).exports as { binary(): number };
      const { binary: number, ...kernels } = exports;
      const binary = NAMES[number()];
      if (!binary) throw new Error("the module does not say which binary it is");
      return { binary, kernels };
    } catch (cause) {
      throw new OptionError("wasm", `this is not a module of simdconv's kernels: ${(cause as Error).message}`, {
        cause,
      });
    }
  }
}

const withoutStrings: Instantiate = (module, { env }) => new WebAssembly.Instance(module, { env: { ...env, abort } });

/** Only the debug binary imports this, for its assertions and bounds; the loader has one of its own, which reads their messages. */
function abort(_message: number, file: number, line: number, column: number): never {
  throw new Error(`kernel assertion failed (file ${file}, ${line}:${column})`);
}
