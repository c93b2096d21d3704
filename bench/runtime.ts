// Which runtime this is, and which of our binaries it can run.
import { readFile } from "node:fs/promises";
import { setFlagsFromString } from "node:v8";
import { wasmFile } from "./library.ts";

export type Binary = "scalar" | "simd" | "relaxed";
export const binaries: readonly Binary[] = ["scalar", "simd", "relaxed"];

/** For file names and headings, e.g. "node-26.10.0". */
export const runtimeName = `node-${process.versions.node}`;

/** Node 20 has relaxed SIMD behind a flag; it must be set before the first module is compiled or validated. */
export function allowRelaxed(): void {
  if (Number(process.versions.node.split(".")[0]) < 22) setFlagsFromString("--experimental-wasm-relaxed-simd");
}

/** The binaries that validate here, slowest first. */
export async function availableBinaries(): Promise<Binary[]> {
  const found: Binary[] = [];
  for (const binary of binaries) {
    if (WebAssembly.validate(await readFile(wasmFile(binary)))) found.push(binary);
  }
  return found;
}
