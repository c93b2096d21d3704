/** `npm run build`: kernels, JavaScript and declarations into dist/, and what a page would load, in bytes. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import asc from "assemblyscript/asc";
import { build } from "esbuild";

const BINARIES = ["scalar", "simd", "relaxed", "debug"] as const;
/** Minified JavaScript, worker and one binary, gzipped: what a page has to load. */
const PAGE_LIMIT = 60 * 1024;
const WASM_LIMIT = 20 * 1024;

async function buildKernels(): Promise<void> {
  mkdirSync("dist/wasm", { recursive: true });
  for (const target of BINARIES) {
    const { error, stderr } = await asc.main(["--target", target]);
    if (error) throw new Error(`${target}: ${stderr}`);
  }
}

function buildScripts(): void {
  const require = createRequire(import.meta.url);
  const tsc = join(dirname(require.resolve("typescript/package.json")), "bin", "tsc");
  execFileSync(process.execPath, [tsc, "-p", "tsconfig.json"], { stdio: "inherit" });
}

/** A worker has no import map: its script must stand by itself. */
async function bundleWorker(): Promise<void> {
  const file = "dist/workers/kernel-worker.js";
  await build({
    entryPoints: [file],
    outfile: file,
    allowOverwrite: true,
    bundle: true,
    format: "esm",
    target: "es2022",
  });
}

const gzipped = (bytes: Uint8Array) => gzipSync(bytes, { level: 9 }).length;

/** Modules of which a page loads one or the other when an engine starts. */
const EITHER = ["dist/src/engine/pool.js", "dist/src/engine/transfer.js"];

/**
 * Bundled, split and minified as a page's own build would do it: what is loaded at once, the larger of `EITHER` included, and what
 * only on demand.
 */
async function minified(entry: string): Promise<{ atOnce: number; onDemand: number }> {
  const { outputFiles, metafile } = await build({
    entryPoints: [entry],
    outdir: "dist",
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
    metafile: true,
  });
  const chunks = Object.entries(metafile.outputs);
  const bytes = new Map(outputFiles.map(({ path, contents }) => [path, gzipped(contents)]));
  const sizeOf = (file: string) => [...bytes].find(([path]) => path.endsWith(`/${file}`))![1];
  const total = (files: Iterable<string>) => [...files].reduce((sum, file) => sum + sizeOf(file), 0);
  /** The chunks that loading one brings, itself among them. */
  const loading = (first: string) => {
    const needed = new Set([first]);
    for (const file of needed) {
      for (const { path, kind } of metafile.outputs[file]!.imports) if (kind === "import-statement") needed.add(path);
    }
    return needed;
  };
  const chunkOf = (module: string) => chunks.find(([, { entryPoint }]) => entryPoint === module)?.[0];
  const needed = loading(chunkOf(entry)!);
  const more = EITHER.flatMap((module) => chunkOf(module) ?? []).map((chunk) =>
    [...loading(chunk)].filter((file) => !needed.has(file)),
  );
  const atOnce = total(needed) + Math.max(0, ...more.map(total));
  return { atOnce, onDemand: total(chunks.map(([file]) => file)) - total(new Set([...needed, ...more.flat()])) };
}

async function report(): Promise<void> {
  const { atOnce: script, onDemand } = await minified("dist/src/index.js");
  const { atOnce: worker } = await minified("dist/workers/kernel-worker.js");
  const sizes = BINARIES.slice(0, 3).map((name) => ({ name, bytes: gzipped(readFileSync(`dist/wasm/${name}.wasm`)) }));
  const largest = Math.max(...sizes.map(({ bytes }) => bytes));
  const page = script + worker + largest;
  const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`;
  console.log(
    `gzipped: script ${kib(script)}, worker ${kib(worker)}, ${sizes.map((s) => `${s.name}.wasm ${kib(s.bytes)}`).join(", ")}`,
  );
  console.log(
    `a page loads at most ${kib(page)} (limit ${kib(PAGE_LIMIT)}), and ${kib(onDemand)} on demand: the GPU, and the gradients`,
  );
  if (page > PAGE_LIMIT || largest > WASM_LIMIT) throw new Error("the package has grown beyond its limit");
}

rmSync("dist", { recursive: true, force: true });
await buildKernels();
buildScripts();
await bundleWorker();
await report();
