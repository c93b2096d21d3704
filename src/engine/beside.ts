/**
 * The library's own files: kernels and the workers' script, where nothing else is said. They lie beside this file; in
 * `simdconv/inline` the build has put scripts/inline/within.ts in its place, which has them in the script.
 */
import { type BinaryFile, bytesAt, type KernelFile } from "./files.ts";

/** Not for addresses that bundlers shall see: they warn of those that they cannot read. */
const here = import.meta.url;

const MOVED =
  'If a bundler moved this script, import "simdconv/inline" or see docs/embedding.md ' +
  '(Vite 7: optimizeDeps: { exclude: ["simdconv"] })';

export function ownKernels(file: BinaryFile): KernelFile {
  const url = address(file);
  const bytes = () =>
    bytesAt(url).catch((cause) => {
      throw new Error(`${cause.message}. ${MOVED}`, { cause });
    });
  return { from: url.href, bytes };
}

/** Written out literally, so that bundlers see the files and move them along. */
function address(file: BinaryFile): URL {
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
      return new URL("../../wasm/debug.wasm", here); // not packed
  }
}

/** Likewise. */
export function ownWorker(): Worker {
  return new Worker(new URL("../../workers/kernel-worker.js", import.meta.url), { type: "module", name: "simdconv" });
}

/** The same script for worker threads. */
export function ownThread(): URL {
  return new URL("../../workers/kernel-worker.js", here); // or bundlers would pack it a second time
}
