/**
 * In `simdconv/inline` the build puts this in the place of src/engine/beside.ts: kernels and worker script in the script itself,
 * which therefore needs no file and no address of its own.
 */
import type { BinaryFile, KernelFile } from "../../src/engine/files.ts";
import { relaxed, simd, worker } from "./contents.ts";

/** Whole: there is nothing to be gained by a part where both would be in the script. */
const packed: { readonly [file in BinaryFile]?: string } = { relaxed, simd, "relaxed-f32": relaxed, "simd-f32": simd };

export function ownKernels(file: BinaryFile): KernelFile {
  const bytes = async () => {
    const text = packed[file];
    if (!text) throw new Error("it has the kernels of simd and relaxed only: give others as the option wasm");
    return inflated(text);
  };
  return { from: "simdconv/inline", bytes };
}

/** Base64 of zlib's format. Decoded when wanted, and only the binary that is. */
async function inflated(text: string): Promise<ArrayBuffer> {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

let address: string | undefined;

/** A policy without `blob:` refuses it; then the caller computes. */
export function ownWorker(): Worker {
  address ??= URL.createObjectURL(new Blob([worker], { type: "text/javascript" }));
  return new Worker(address, { type: "module", name: "simdconv" });
}

/** Worker threads do not take blobs. */
export function ownThread(): URL {
  return new URL(`data:text/javascript,${encodeURIComponent(worker)}`);
}
