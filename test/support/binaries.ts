// Which builds of the kernels this runtime must run. The shipped files themselves are put to WebAssembly.validate, and
// a small hand-made module with the same feature guards against a broken build passing as "not supported".
import { isNode, readBytes } from "./runtime.ts";

export type Binary = "scalar" | "simd" | "relaxed";
export const allBinaries: readonly Binary[] = ["scalar", "simd", "relaxed"];

/** Whole, or its kernels for float32. */
export type BinaryFile = Binary | `${Binary}-f32` | "debug";

export function wasmUrl(binary: BinaryFile): URL {
  return new URL(`dist/wasm/${binary}.wasm`, projectRoot());
}

export function projectRoot(): URL {
  return isNode ? new URL("../../", import.meta.url) : new URL("/", location.href);
}

/** The binaries that this runtime accepts, best last. Throws where a file and the feature probe disagree. */
export async function supportedBinaries(): Promise<Binary[]> {
  const accepted: Binary[] = [];
  for (const binary of allBinaries) {
    const valid = WebAssembly.validate(await readBytes(wasmUrl(binary)));
    const feature = WebAssembly.validate(probes[binary]);
    if (valid !== feature) {
      throw new Error(`${binary}.wasm: WebAssembly.validate says ${valid}, a small module of its features ${feature}`);
    }
    if (valid) accepted.push(binary);
  }
  return accepted;
}

// (module (func ...)) with one instruction of the feature.
function moduleOf(...body: readonly number[]): Uint8Array<ArrayBuffer> {
  const code = [1, body.length + 2, 0, ...body, 0x0b];
  return new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, code.length, ...code]);
}
const zero = [0x41, 0, 0xfd, 0x0f]; // i32.const 0, i8x16.splat
const probes: Record<Binary, Uint8Array<ArrayBuffer>> = {
  scalar: moduleOf(),
  simd: moduleOf(...zero, 0x1a),
  relaxed: moduleOf(...zero, ...zero, ...zero, 0xfd, 0x85, 0x02, 0x1a), // f32x4.relaxed_madd
};
