/** Which kernel binary runs here, and where it comes from. */
import { OptionError, show } from "../errors.ts";
import type { BinaryName } from "../plan/registers.ts";

/** `debug` is the simd binary with assertions, for our own tests. */
export type BinaryOption = "auto" | BinaryName | "debug";
export type WasmSource = WebAssembly.Module | BufferSource | URL | string;

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

/** A binary as it is shipped: whole, or its kernels for float32, which is what most programs ever load. */
export type KernelFile = BinaryName | `${BinaryName}-f32` | "debug";

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

/** Written out literally, so that bundlers see the files and move them along. */
function beside(file: KernelFile): URL {
  switch (file) {
    case "relaxed-f32":
      return new URL("../../wasm/relaxed-f32.wasm", import.meta.url);
    case "simd-f32":
      return new URL("../../wasm/simd-f32.wasm", import.meta.url);
    case "scalar-f32":
      return new URL("../../wasm/scalar-f32.wasm", import.meta.url);
    case "relaxed":
      return new URL("../../wasm/relaxed.wasm", import.meta.url);
    case "simd":
      return new URL("../../wasm/simd.wasm", import.meta.url);
    case "scalar":
      return new URL("../../wasm/scalar.wasm", import.meta.url);
    default:
      return new URL(/* @vite-ignore */ `../../wasm/${file}.wasm`, import.meta.url);
  }
}

/** Whether `source` is a place with all files, and not one module: that beside the script, or an address that ends in "/". */
export function isFolder(source: WasmSource | undefined): boolean {
  return (
    source === undefined || ((typeof source === "string" || source instanceof URL) && String(source).endsWith("/"))
  );
}

/** Compile the kernels of `file`, or whatever `source` says instead. */
export async function compileKernels(file: KernelFile, source: WasmSource | undefined): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  try {
    if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) return await WebAssembly.compile(source);
    return await compileFrom(locate(file, source));
  } catch (cause) {
    const from = source === undefined ? beside(file).href : show(String(source));
    throw new OptionError("wasm", `${file}: no kernels could be loaded from ${from}: ${reason(cause)}`, { cause });
  }
}

function locate(file: KernelFile, source: URL | string | undefined): URL {
  if (source === undefined) return beside(file);
  const text = String(source);
  const base = (globalThis as { location?: { href: string } }).location?.href ?? import.meta.url;
  return new URL(isFolder(source) ? `${text}${file}.wasm` : text, base);
}

async function compileFrom(url: URL): Promise<WebAssembly.Module> {
  // Node's fetch does not read files; that of other runtimes does, and pages never see such an address.
  if (url.protocol === "file:" && runsInNode()) {
    const specifier = "node:fs/promises"; // not a literal, so that bundlers for pages do not look for it
    const fs = (await import(/* @vite-ignore */ /* webpackIgnore: true */ specifier)) as ReadsFiles;
    return WebAssembly.compile(await fs.readFile(url));
  }
  const response = await fetch(url);
  if (!response.ok) throw new Error(`the server answered ${response.status} ${response.statusText}`);
  // Not compileStreaming: it insists on a content type that many static servers do not send.
  return WebAssembly.compile(await response.arrayBuffer());
}

interface ReadsFiles {
  readFile(url: URL): Promise<Uint8Array<ArrayBuffer>>;
}

function runsInNode(): boolean {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  return process?.versions?.node !== undefined;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
