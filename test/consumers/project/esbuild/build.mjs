// The files beside the bundle; all in one script; one classic script; one file for Node, of either kind; and without any recipe.
import { cpSync, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const shared = { bundle: true, minify: true, target: "es2022", logLevel: "warning" };
const copy = (name, to) => cpSync(fileURLToPath(import.meta.resolve(`simdconv/${name}`)), to);

await build({ ...shared, entryPoints: ["main.js"], outdir: "out/copied", format: "esm", splitting: true });
mkdirSync("out/copied/simdconv/wasm", { recursive: true });
for (const name of ["relaxed", "simd", "scalar"].flatMap((binary) => [`${binary}-f32`, binary])) {
  copy(`wasm/${name}.wasm`, `out/copied/simdconv/wasm/${name}.wasm`);
}
copy("worker", "out/copied/simdconv/worker.js");

await build({ ...shared, entryPoints: ["../main-inline.js"], outfile: "out/inline/main.js", format: "esm" });
await build({ ...shared, entryPoints: ["../main-inline.js"], outfile: "out/classic/main.js", format: "iife" });
await build({ ...shared, entryPoints: ["../main.js"], outfile: "out/lost/main.js", format: "esm" });
const node = { ...shared, entryPoints: ["../node/inline.mjs"], platform: "node" };
await build({ ...node, outfile: "out/node/main.mjs", format: "esm" });
