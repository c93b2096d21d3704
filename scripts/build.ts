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

/** Bundled, split and minified as a page's own build would do it: what is loaded at once, and what only on demand. */
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
  const first = chunks.find(([, { entryPoint }]) => entryPoint === entry)![0];
  const needed = new Set([first]);
  for (const file of needed) {
    for (const { path, kind } of metafile.outputs[file]!.imports) if (kind === "import-statement") needed.add(path);
  }
  let [atOnce, onDemand] = [0, 0];
  for (const { path, contents } of outputFiles) {
    if ([...needed].some((file) => path.endsWith(`/${file}`))) atOnce += gzipped(contents);
    else onDemand += gzipped(contents);
  }
  return { atOnce, onDemand };
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
