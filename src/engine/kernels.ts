/** The one place where modules are instantiated. */
import { OptionError } from "../errors.ts";
import type { KernelName } from "../plan/plan.ts";
import type { BinaryName } from "../plan/registers.ts";

/** Compute tiles first … last − 1 of the step whose argument block stands at `args` (assembly/README.md). */
export type Kernel = (args: number, scratch: number, first: number, last: number) => void;
export type KernelTable = Record<KernelName, Kernel> & { readonly binary: () => number };

const NAMES: readonly BinaryName[] = ["scalar", "simd", "relaxed"];

export interface Kernels {
  readonly table: KernelTable;
  readonly binary: BinaryName;
}

type Instantiate = (module: WebAssembly.Module, imports: WebAssembly.Imports) => { readonly exports: unknown };

/** `instantiate` is the AssemblyScript loader where the binary has strings; the kernels themselves need no more than the memory. */
export function loadKernels(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  instantiate: Instantiate = withoutStrings,
): Kernels {
  try {
    const table = instantiate(module, { env: { memory } }).exports as KernelTable;
    const binary = NAMES[table.binary()];
    if (!binary) throw new Error("the module does not say which binary it is");
    return { table, binary };
  } catch (cause) {
    throw new OptionError("wasm", `this is not a module of simdconv's kernels: ${(cause as Error).message}`, { cause });
  }
}

const withoutStrings: Instantiate = (module, { env }) => new WebAssembly.Instance(module, { env: { ...env, abort } });

/** Only the debug binary imports this, for its assertions and bounds; the loader has one of its own, which reads their messages. */
function abort(_message: number, file: number, line: number, column: number): never {
  throw new Error(`kernel assertion failed (file ${file}, ${line}:${column})`);
}
