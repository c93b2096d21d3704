/** `npm run build`: kernels, JavaScript and declarations into dist/, and what a page would load, in bytes. */
import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { deflateSync, gzipSync } from "node:zlib";
import { build, type Plugin } from "esbuild";

const BINARIES = ["scalar", "simd", "relaxed"] as const;
/**
 * Minified JavaScript, worker and one binary, gzipped: what a page has to load. The aim is 60 KiB, which the kernels and plans of
 * gradients by Winograd and of its strides took it beyond. Kernels of gradients are 2.5 KiB of a binary; depthwise without a padded copy is
 * 1.3, for up to half as much speed again, and a register tile without a table of offsets 0.3; Winograd in depth and rows of register tiles
 * 1.7, for half as much speed again in C3D and with biases; gathered terms and the last pixel of odd maps 1.1, for a tenth in strided layers
 * and maps of 7 × 7; larger filters in blocks of 3 × 3 taps 0.9, for 1.4 to 2.3 times the speed of 5 × 5 and of 7 × 7 with stride 2;
 * filters transformed along y only 0.5, for half of what those of large layers take in memory and up to 1.2 times their speed;
 * seven products of halves of large 1 × 1 layers 2.0, for up to a tenth of their time; phases of a dilation 0.7, for up to 2.2 times the speed;
 * filters asked for line by line while others are multiplied 0.8, for 3 to 8 hundredths of layers with large ones; a tile that is alone 0.3, for as much of maps of 28 × 28.
 */
const PAGE_LIMIT = 73.75 * 1024;
/** A binary that a page loads at once, and one with all kernels, which comes with the first float64. */
const WASM_LIMIT = 23.25 * 1024;
const WHOLE_LIMIT = 27.5 * 1024;
/** simdconv/inline: all ops, both executors, WebGPU and two binaries, of which a page of the other entry loads parts. */
const INLINE_LIMIT = 131.5 * 1024;

const run = promisify(execFile);

/** Two processes: the compiler takes five seconds for a binary, on one processor, and is slow until it is warm. */
async function buildKernels(): Promise<void> {
  mkdirSync("dist/wasm", { recursive: true });
  const compile = (binaries: readonly string[]) =>
    run(process.execPath, [...process.execArgv, "scripts/kernels.ts", ...binaries]);
  await Promise.all([compile(BINARIES), compile([...BINARIES.map((name) => `${name}-f32`), "debug"])]);
}

async function buildScripts(): Promise<void> {
  const require = createRequire(import.meta.url);
  const tsc = join(dirname(require.resolve("typescript/package.json")), "bin", "tsc");
  await run(process.execPath, [tsc, "-p", "tsconfig.json"]).catch(({ stdout }) => {
    throw new Error(stdout);
  });
}

/** Endings of the sources, which TypeScript leaves in declarations, mean nothing to older ones of its own; nor do newer names. */
function suitOlderCompilers(): void {
  for (const name of readdirSync("dist", { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".d.ts")) continue;
    const file = join("dist", name);
    const text = readFileSync(file, "utf8");
    writeFileSync(file, text.replace(/((?:from |import\()"\.[^"]*)\.ts"/g, '$1.js"'));
  }
  copyFileSync("scripts/older-dom.d.ts", "dist/src/older-dom.d.ts");
  const index = "dist/src/index.d.ts";
  const references = ['lib="esnext.disposable"', 'path="./older-dom.d.ts"'].map(
    (what) => `/// <reference ${what} />\n`,
  );
  writeFileSync(index, references.join("") + readFileSync(index, "utf8"));
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

/** The whole library in one script, kernels and worker in it: scripts/inline/within.ts in the place of src/engine/beside.ts. */
async function bundleInline(): Promise<void> {
  const packed = (binary: string) =>
    deflateSync(readFileSync(`dist/wasm/${binary}.wasm`), { level: 9 }).toString("base64");
  const { outputFiles } = await build({
    entryPoints: ["dist/workers/kernel-worker.js"],
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
  });
  const beside: Plugin = {
    name: "within instead of beside",
    setup: ({ onResolve }) =>
      onResolve({ filter: /\/beside\.ts$/ }, () => ({ path: resolve("scripts/inline/within.ts") })),
  };
  await build({
    entryPoints: ["src/index.ts"],
    outfile: "dist/inline.js",
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    define: {
      SIMD: JSON.stringify(packed("simd")),
      RELAXED: JSON.stringify(packed("relaxed")),
      WORKER: JSON.stringify(outputFiles[0]!.text),
    },
    plugins: [beside],
  });
  writeFileSync("dist/inline.d.ts", 'export * from "./src/index.js";\n');
}

const gzipped = (bytes: Uint8Array) => gzipSync(bytes, { level: 9 }).length;

/** Bundled, split and minified as a page's own build would do it: the bytes of an entry, and of what loads on demand, by name. */
async function minified(entry: string): Promise<{ atOnce: number; onDemand: Map<string, number> }> {
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
  const bytesOf = (files: Iterable<string>) =>
    outputFiles
      .filter(({ path }) => [...files].some((file) => path.endsWith(`/${file}`)))
      .reduce((sum, { contents }) => sum + gzipped(contents), 0);
  /** A file and all that it imports at once. */
  const closure = (file: string, known: ReadonlySet<string> = new Set()) => {
    const needed = new Set([file]);
    for (const one of needed) {
      for (const { path, kind } of metafile.outputs[one]!.imports) {
        if (kind === "import-statement" && !known.has(path)) needed.add(path);
      }
    }
    return needed;
  };
  const entries = Object.entries(metafile.outputs).filter(([, { entryPoint }]) => entryPoint);
  const first = closure(entries.find(([, { entryPoint }]) => entryPoint === entry)![0]);
  const onDemand = new Map<string, number>();
  for (const [file, { entryPoint }] of entries) {
    if (entryPoint !== entry) onDemand.set(basename(entryPoint!, ".js"), bytesOf(closure(file, first)));
  }
  return { atOnce: bytesOf(first), onDemand };
}

async function report(): Promise<void> {
  const { atOnce: script, onDemand } = await minified("dist/src/index.js");
  const { atOnce: worker } = await minified("dist/workers/kernel-worker.js");
  const wasm = (part: string) => BINARIES.map((name) => gzipped(readFileSync(`dist/wasm/${name}${part}.wasm`)));
  const [sizes, whole] = [wasm("-f32"), wasm("")];
  const largest = Math.max(...sizes);
  // A page has the one executor or the other.
  const pool = Math.max(onDemand.get("pool")!, onDemand.get("transfer")!);
  const page = script + pool + worker + largest;
  const inline = gzipped(readFileSync("dist/inline.js"));
  const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`;
  console.log(
    `gzipped: script ${kib(script)}, worker ${kib(worker)}, ${BINARIES.map((name, i) => `${name}-f32.wasm ${kib(sizes[i]!)}`).join(", ")}; ` +
      `on demand ${[...onDemand].map(([name, bytes]) => `${name} ${kib(bytes)}`).join(", ")}, ` +
      `${BINARIES.map((name, i) => `${name}.wasm ${kib(whole[i]!)}`).join(", ")}`,
  );
  console.log(
    `a page with workers loads at most ${kib(page)} (limit ${kib(PAGE_LIMIT)}); simdconv/inline ${kib(inline)}`,
  );
  const most = Math.max(...whole);
  if (page > PAGE_LIMIT || largest > WASM_LIMIT || most > WHOLE_LIMIT || inline > INLINE_LIMIT)
    throw new Error("the package has grown beyond its limit");
}

rmSync("dist", { recursive: true, force: true });
await Promise.all([buildKernels(), buildScripts()]);
suitOlderCompilers();
await bundleWorker();
await bundleInline();
await report();
