/** Import this before anything is compiled: Node 20 has the relaxed instructions, but behind a flag, which counts for whatever comes after it. */
import { setFlagsFromString } from "node:v8";

if (process.versions.node.startsWith("20.")) setFlagsFromString("--experimental-wasm-relaxed-simd");
