// `npm run test:consumers`: the packed package, installed into a project of its own, in everything that may consume it. Each consumer
// computes convolutions that project/prove.js checks, and says how. Prints a line for each and one that sums them.
import { cpSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findChromium } from "../../scripts/find-chromium.ts";
import { execute } from "../runtimes/execute.ts";
import { Pages } from "./pages.ts";
import { Project } from "./project.ts";

/** A way of consuming the package, and what it must say. */
interface Consumer {
  readonly name: string;
  readonly says: RegExp;
  readonly run: () => Promise<string>;
}

const SHARED = /^exact on \w+ with 2 workers over shared memory; all there$/;
const SENT = /^exact on \w+ with 2 workers over own memory; all there$/;
const ALONE = /^exact on \w+ with 0 workers over shared memory; a worker could not be started: \w+/;
const IN_NODE = /^(exact on \w+ with 2 workers over shared memory; all there\n)+$/;
const LOST =
  /^OptionError: wasm: no kernels could be loaded from http\S+\.wasm: .*import "simdconv\/inline".*optimizeDeps: { exclude: \["simdconv"\] }/;

const ISOLATED = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
const policy = (more: string) => ({
  ...ISOLATED,
  "Content-Security-Policy": `default-src 'none'; script-src 'self' ${more}; connect-src 'self'`,
});
const MS = 120_000;

const runtime = (name: string) => fileURLToPath(new URL(`../runtimes/node_modules/.bin/${name}`, import.meta.url));

/** Programs of the project's folders, run to their end. */
function programs({ folder }: Project): Consumer[] {
  const program = (name: string, says: RegExp, at: string, command: string, ...args: string[]): Consumer => ({
    name,
    says,
    run: async () => {
      const { code, output } = await execute(command, args, MS, false, {}, join(folder, at));
      return code === 0 ? output : `${output}ended with code ${code}`;
    },
  });
  const node = (name: string, file: string, says = IN_NODE) => program(name, says, "node", process.execPath, file);
  const types = (name: string, compiler: string, file: string, ...options: string[]) => {
    const tsc = join(folder, "node_modules", compiler, "bin/tsc");
    const args = ["--noEmit", "--strict", "--target", "es2022", "--lib", "es2022,dom", ...options, file];
    return program(name, /^$/, "types", process.execPath, tsc, ...args);
  };
  const deno = ["run", "--no-prompt", "--no-lock"];
  return [
    node("Node, import", "esm.mjs"),
    node("Node, require", "require.cjs"),
    node("Node, inline", "inline.mjs"),
    program("server renderer", /^nothing happened: function, function\n$/, "server", process.execPath, "render.mjs"),
    program(
      "Deno, types checked",
      /^3,5 exact .* 2 workers over shared memory; all there\n$/m,
      "deno",
      runtime("deno"),
      ...deno,
      "--check",
      "--allow-read",
      "main.ts",
    ),
    program(
      "Deno, inline, no permission",
      /^3,5 exact .* 2 workers over shared memory; all there\n$/,
      "deno",
      runtime("deno"),
      ...deno,
      "inline.ts",
    ),
    program("Bun, both", IN_NODE, "bun", runtime("bun"), "main.ts"),
    types("TypeScript 7, nodenext", "typescript", "consumer.ts", "--module", "nodenext", "--ignoreConfig"),
    types(
      "TypeScript 5.9, bundler",
      "typescript5",
      "consumer.ts",
      "--module",
      "esnext",
      "--moduleResolution",
      "bundler",
    ),
    types(
      "TypeScript 5.9, node10",
      "typescript5",
      "node10.ts",
      "--module",
      "esnext",
      "--moduleResolution",
      "node10",
      "--skipLibCheck",
    ),
  ];
}

/** Pages from static servers: as files, from another origin, under policies. */
async function html({ folder }: Project, pages: Pages): Promise<Consumer[]> {
  const serve = (headers: Readonly<Record<string, string>>) => pages.serve(folder, headers);
  const page = (name: string, says: RegExp, url: string) => ({ name, says, run: () => pages.read(url) });
  const plain = await serve({});
  const isolated = await serve(ISOLATED);
  const cdn = await serve({ "Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin" });
  const strict = await serve(policy("'wasm-unsafe-eval'; worker-src 'none'"));
  const blob = await serve(policy("'wasm-unsafe-eval'; worker-src blob:"));
  const noWasm = await serve(policy("; worker-src 'self'"));
  const inline = (origin: string, from = origin) =>
    `${origin}/html/inline.html?${encodeURIComponent(`${from}/node_modules/simdconv/dist/inline.js`)}`;
  return [
    page("HTML, import map", SHARED, `${isolated}/html/index.html`),
    page("HTML, import map, not isolated", SENT, `${plain}/html/index.html`),
    page("HTML, inline from a CDN", SHARED, inline(isolated, cdn)),
    page("HTML, inline, policy without blob:", ALONE, inline(strict)),
    page("HTML, inline, policy with blob:", SHARED, inline(blob)),
    page("HTML, inline, policy without wasm", /^OptionError: wasm: .*Content Security policy/, inline(noWasm)),
  ];
}

/** A page of a bundler: the file to show, what it must say, where the bundler left it. */
type Output = readonly [name: string, says: RegExp, out: string, page?: string];

/** Pages that `node build.mjs` of a folder leaves. */
function bundled({ folder }: Project, pages: Pages, bundler: string, outputs: readonly Output[]): Consumer[] {
  const home = join(folder, bundler);
  const built = once(() => execute(process.execPath, ["build.mjs"], MS, false, {}, home));
  return outputs.map(([name, says, out, page = "page.html"]) => ({
    name,
    says,
    run: async () => {
      const { code, output } = await built();
      if (code !== 0 || output !== "") return `the bundler said: ${output}`;
      if (!page.endsWith(".html"))
        return (await execute(process.execPath, [page], MS, false, {}, join(home, out))).output;
      cpSync(join(folder, page), join(home, out, "index.html"));
      return pages.read(`${await pages.serve(join(home, out), ISOLATED)}/index.html`);
    },
  }));
}

/** Pages that a server of Vite shows, in development or built. */
function vite(project: Project, pages: Pages, args: readonly string[], outputs: readonly Output[]): Consumer[] {
  const served = once(() => project.listen(join(project.folder, "vite"), ["serve.mjs", ...args]));
  return outputs.map(([name, says, page]) => ({ name, says, run: async () => pages.read(`${await served()}${page}`) }));
}

function bundlers(project: Project, pages: Pages): Consumer[] {
  return [
    ...bundled(project, pages, "webpack", [
      ["webpack", SHARED, "out/assets"],
      ["webpack, inline", SHARED, "out/inline"],
      ["webpack, files named, a worker of one's own", SHARED, "out/files"],
    ]),
    ...bundled(project, pages, "rollup", [
      ["Rollup with import-meta-assets", SHARED, "out/assets"],
      ["Rollup, inline", SHARED, "out/inline"],
    ]),
    ...bundled(project, pages, "esbuild", [
      ["esbuild, files copied", SHARED, "out/copied"],
      ["esbuild, inline", SHARED, "out/inline"],
      ["esbuild, inline, classic script", SHARED, "out/classic", "classic.html"],
      ["esbuild, inline, for Node", IN_NODE, "out/node", "main.mjs"],
      ["esbuild without any of these says what to do", LOST, "out/lost"],
    ]),
    ...vite(
      project,
      pages,
      ["vite", "dev"],
      [
        ["Vite 8, dev", SHARED, "index.html"],
        ["Vite 8, dev, inline", SHARED, "inline.html"],
      ],
    ),
    ...vite(project, pages, ["vite", "build"], [["Vite 8, build", SHARED, "index.html"]]),
    ...vite(project, pages, ["vite7", "dev", "simdconv"], [["Vite 7, dev, excluded", SHARED, "index.html"]]),
    ...vite(
      project,
      pages,
      ["vite7", "dev"],
      [
        ["Vite 7, dev, says what to do", LOST, "index.html"],
        ["Vite 7, dev, files by ?url", SHARED, "files.html"],
        ["Vite 7, dev, inline", SHARED, "inline.html"],
      ],
    ),
    ...vite(
      project,
      pages,
      ["vite7", "build"],
      [
        ["Vite 7, build", SHARED, "index.html"],
        ["Vite 7, build, files by ?url", SHARED, "files.html"],
      ],
    ),
  ];
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

async function tryOut({ name, says, run }: Consumer): Promise<boolean> {
  const from = performance.now();
  const said = await run().catch((error: Error) => error.message);
  const good = says.test(said);
  const seconds = ((performance.now() - from) / 1000).toFixed(1);
  console.log(`${name} ... ${good ? "ok" : `FAILED, must say ${says}:\n${said}`} (${seconds} s)`);
  return good;
}

/** All of them, a few at a time. */
async function tryAll(consumers: readonly Consumer[]): Promise<{ passed: number; failed: number }> {
  const counts = { passed: 0, failed: 0 };
  const waiting = [...consumers];
  const hands = Array.from({ length: Math.min(4, availableParallelism()) }, async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) counts[(await tryOut(next)) ? "passed" : "failed"]++;
  });
  await Promise.all(hands);
  return counts;
}

async function main(): Promise<number> {
  const { found, tried } = await findChromium();
  if (!found && process.env.CI) throw new Error(`no Chromium found, and CI is set. Tried: ${tried.join(", ")}`);
  const project = await Project.make();
  const pages = found && (await Pages.start(found.executablePath));
  try {
    if (!pages) console.log(`consumers in pages ... SKIPPED: no Chromium found, tried ${tried.join(", ")}`);
    const inPages = pages ? [...bundlers(project, pages), ...(await html(project, pages))] : [];
    const only = process.argv[2] ?? "";
    const consumers = [...inPages, ...programs(project)].filter(({ name }) => name.includes(only));
    const { passed, failed } = await tryAll(consumers);
    console.log(`Consumers: ${passed} passed, ${failed} failed`);
    return failed === 0 ? 0 : 1;
  } finally {
    await pages?.end();
    project.remove();
  }
}

process.exitCode = await main();
