// `npm run test:engines`: the suite on pages of Chromium, Firefox and WebKitGTK: isolated, plain, and under a strict Content Security
// Policy. Each page tells what it found. Prints a line per page and the platform table; the exit code says whether all passed.
import { EventEmitter, once } from "node:events";
import { existsSync } from "node:fs";
import { root } from "./execute.ts";
import { type Browser, chromium, type Found, firefox, webkit } from "./page/browsers.ts";
import type { Told } from "./page/messages.ts";
import { type Headers, ISOLATED, STRICT, serve } from "./page/server.ts";
import { type Known, lineOf, publish, type Row, reportOf, surprises } from "./platforms.ts";

const RELAXED = ["scalar", "simd", "relaxed"];
const SIMD = ["scalar", "simd"];

interface Page {
  readonly engine: "Chromium" | "Firefox" | "WebKitGTK";
  readonly name: string;
  readonly browser: () => Promise<Found>;
  readonly headers: Headers;
  readonly known: Known;
  readonly query?: Readonly<Record<string, string>>;
}

const pages: readonly Page[] = [
  {
    engine: "Chromium",
    name: "isolated",
    browser: chromium,
    headers: ISOLATED,
    known: { binaries: RELAXED, sharedMemory: true, isolated: true, gpu: true },
  },
  {
    engine: "Chromium",
    name: "plain",
    browser: chromium,
    headers: {},
    known: { binaries: RELAXED, sharedMemory: false, isolated: false, gpu: true },
  },
  {
    engine: "Chromium",
    name: "isolated, strict CSP",
    browser: chromium,
    headers: { ...ISOLATED, ...STRICT },
    known: { binaries: RELAXED, sharedMemory: true, isolated: true, gpu: true },
    query: { POLICY: "strict" },
  },
  {
    engine: "Firefox",
    name: "isolated",
    browser: firefox,
    headers: ISOLATED,
    known: { binaries: RELAXED, sharedMemory: true, isolated: true },
  },
  {
    engine: "Firefox",
    name: "plain",
    browser: firefox,
    headers: {},
    known: { binaries: RELAXED, sharedMemory: false, isolated: false },
  },
  {
    engine: "WebKitGTK",
    name: "isolated, JSC_useSharedArrayBuffer=1",
    browser: () => webkit(true),
    headers: ISOLATED,
    known: { binaries: SIMD, sharedMemory: true, isolated: true, gpu: false },
  },
  {
    engine: "WebKitGTK",
    // It says that it is isolated, and lets no memory be posted.
    name: "isolated",
    browser: () => webkit(false),
    headers: ISOLATED,
    known: { binaries: SIMD, sharedMemory: false, isolated: true, gpu: false },
  },
];

/** Known here, so that it is known even if a page says nothing more. */
const seed = process.env.SEED ?? String(Date.now() % 2 ** 31);

/** A browser that was just installed takes a quarter of a minute to start. */
const START_MS = 60_000;
const SUITE_MS = 120_000;

/** "HeadlessChrome/143.0.7499.0", "Firefox/153.0", "Version/60.5 Safari/605.1.15" */
const VERSION = /(?:Chrome|Firefox|Version)\/([\d.]+)/;

type Of<Kind extends Told["kind"]> = Extract<Told, { readonly kind: Kind }>;

/** One page from its opening to its end, or to the end of patience. */
async function examine({ engine, name, headers, known, query = {} }: Page, browser: Browser): Promise<Row> {
  const start = performance.now();
  const page = new EventEmitter();
  const begun = once(page, "begin", { signal: AbortSignal.timeout(START_MS) }) as Promise<[Of<"begin">]>;
  const ended = once(page, "end", { signal: AbortSignal.timeout(START_MS + SUITE_MS) });
  let [passed, failed, log, title] = [0, 0, "", `${engine}, ${name}`];
  const count = (what: string, ms: number, error: string | undefined) => {
    if (error === undefined) passed++;
    else failed++;
    console.log(`${what} ... ${error === undefined ? `ok (${ms.toFixed(0)} ms)` : `FAILED: ${error}`}`);
  };
  page.on("check", (told: Of<"check">) => count(told.name, told.ms, told.error));
  page.on("log", ({ line }: Of<"log">) => {
    log += `${line}\n`;
  });
  const server = await serve(headers, (told) => void page.emit(told.kind, told));
  const search = new URLSearchParams({ ...query, SEED: seed });
  const opened = browser.open(server.url(`test/runtimes/page/?${search}`));
  try {
    const [{ agent }] = await begun;
    title = `${engine} ${VERSION.exec(agent)?.[1]}, ${name}`;
    console.log(`\n${title}`);
    await ended;
  } catch {
    ended.catch(() => {}); // it is this one that was told
    count("the page comes to its end", 0, `it said nothing more\n${opened.output()}`);
  } finally {
    await opened.close();
    await server.close();
  }
  const report = reportOf(log);
  const different = surprises(report, known);
  count("has what it is known to have", 0, different.length > 0 ? different.join("; ") : undefined);
  const row = { name: title, report, passed, failed, seconds: (performance.now() - start) / 1000 };
  console.log(`\n${lineOf(row)}\n`);
  return row;
}

async function main(): Promise<number> {
  if (!existsSync(`${root}dist/src/index.js`)) throw new Error("there is no build: npm run build");
  console.log(`seed ${seed} (SEED=${seed} replays)`);
  // A part of the name, for one of them: "firefox", "plain".
  const [wanted = ""] = process.argv.slice(2);
  const rows: Row[] = [];
  let skipped = 0;
  for (const page of pages.filter(({ engine, name }) => `${engine}, ${name}`.toLowerCase().includes(wanted))) {
    const found = await page.browser();
    if ("absent" in found) {
      skipped++;
      console.log(`${page.engine}, ${page.name}: SKIPPED, ${found.absent}`);
    } else rows.push(await examine(page, found));
  }
  publish("platforms-engines.md", rows);
  const insists = Boolean(process.env.REQUIRE_ENGINES);
  return rows.some(({ failed }) => failed > 0) || (insists && skipped > 0) ? 1 : 0;
}

process.exitCode = await main();
