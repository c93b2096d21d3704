/** Which kernel binary runs here, and where it comes from. */
import { OptionError, show } from "../errors.ts";
import type { BinaryName } from "../plan/registers.ts";
import { ownKernels } from "./beside.ts";
import { type BinaryFile, bytesAt, type KernelFile } from "./files.ts";

/** `debug` is the simd binary with assertions, for our own tests. */
export type BinaryOption = "auto" | BinaryName | "debug";
type Source = BufferSource | URL | string;
export type WasmSource = WebAssembly.Module | Source;

/** Magic, version, a type () → v128, one function of that type; its body follows, counted by its own length. */
function probe(...body: number[]): Uint8Array<ArrayBuffer> {
  const code = [1, body.length + 2, 0, ...body, 0x0b];
  return Uint8Array.of(
    0,
    0x61,
    0x73,
    0x6d,
    1,
    0,
    0,
    0,
    1,
    5,
    1,
    0x60,
    0,
    1,
    0x7b,
    3,
    2,
    1,
    0,
    10,
    code.length,
    ...code,
  );
}

const SPLAT = [0x41, 0, 0xfd, 0x0f];
const probes: Record<Exclude<BinaryName, "scalar">, Uint8Array<ArrayBuffer>> = {
  simd: probe(...SPLAT),
  relaxed: probe(...SPLAT, ...SPLAT, ...SPLAT, 0xfd, 0x85, 0x02),
};

/** Whether this runtime validates the instructions of a binary. */
export function supports(binary: BinaryName): boolean {
  return binary === "scalar" || WebAssembly.validate(probes[binary]);
}

export interface BinaryChoice {
  readonly file: BinaryName | "debug";
  /** Why a better one was passed over. */
  readonly why: string | undefined;
}

export function chooseBinary(option: BinaryOption, float: "fast" | "reproducible"): BinaryChoice {
  if (option !== "auto") {
    if (!supports(option === "debug" ? "simd" : option)) {
      throw new OptionError("binary", `this runtime does not know the instructions of "${option}"`);
    }
    if (float === "reproducible" && option === "relaxed") {
      throw new OptionError(
        "binary",
        '"relaxed" rounds differently from machine to machine: not with float "reproducible"',
      );
    }
    return { file: option, why: undefined };
  }
  if (float === "reproducible") {
    return { file: supports("simd") ? "simd" : "scalar", why: 'float "reproducible" holds to plain arithmetic' };
  }
  if (supports("relaxed")) return { file: "relaxed", why: undefined };
  if (supports("simd")) return { file: "simd", why: "this runtime has no relaxed SIMD" };
  return { file: "scalar", why: "this runtime has no SIMD" };
}

/** Whether `source` is a place with all files, and not one module: that beside the script, or an address that ends in "/". */
export function isFolder(source: WasmSource | undefined): boolean {
  return (
    source === undefined || ((typeof source === "string" || source instanceof URL) && String(source).endsWith("/"))
  );
}

/** Compile the kernels of `file`, or whatever `source` says instead. */
export async function compileKernels(file: BinaryFile, source: WasmSource | undefined): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  const { from, bytes } = find(file, source as Source | undefined);
  try {
    return await WebAssembly.compile(await bytes());
  } catch (cause) {
    throw new OptionError("wasm", `no kernels could be loaded from ${from}: ${reason(cause)}`, { cause });
  }
}

function find(file: BinaryFile, source: Source | undefined): KernelFile {
  if (source === undefined) return ownKernels(file);
  if (typeof source === "string" || source instanceof URL) {
    return { from: show(String(source)), bytes: async () => bytesAt(located(file, String(source))) };
  }
  return { from: "the bytes given", bytes: async () => source };
}

function located(file: string, source: string): URL {
  const base = (globalThis as { location?: { href: string } }).location?.href ?? "file:///";
  return new URL(isFolder(source) ? `${source}${file}.wasm` : source, base);
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
