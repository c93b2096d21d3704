// One command, four projects: `node`, two files at a time; `node-timed`, what measures time or loads the machine on purpose, by itself;
// `browser-isolated` and `browser-plain`, the same files on a page that is cross-origin isolated and on one that is not. Set SEED to replay a random test, CHROMIUM_PATH to choose a browser, REQUIRE_BROWSER to insist on one.
import { playwright } from "@vitest/browser-playwright";
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";
import { findChromium } from "./scripts/find-chromium.ts";
import { Summary } from "./test/support/summary.ts";

const { found, tried } = await findChromium();
if (!found && (process.env.CI || process.env.REQUIRE_BROWSER)) {
  throw new Error(`no Chromium found, and CI or REQUIRE_BROWSER is set. Tried: ${tried.join(", ")}`);
}

const seed = process.env.SEED === undefined ? Date.now() % 2 ** 31 : Number(process.env.SEED);
if (!Number.isInteger(seed)) throw new Error(`SEED must be an integer, not ${process.env.SEED}`);

// Node 20 and 21 know relaxed SIMD only behind this flag; later ones have it and may not know the flag.
const nodeMajor = Number(process.versions.node.split(".")[0]);
const execArgv = nodeMajor < 22 ? ["--experimental-wasm-relaxed-simd"] : [];

const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
const launchArgs = [
  "--enable-unsafe-webgpu",
  "--no-first-run",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

function inBrowser(name: string, headers: Record<string, string>, groupOrder: number): TestProjectInlineConfiguration {
  return {
    server: { headers }, // reaches the test iframe and its module workers
    // Named here because a dependency that Vite meets late makes it reload the page in the middle of a test.
    optimizeDeps: { include: ["comlink", "@assemblyscript/loader", "fast-check"] },
    test: {
      name,
      include: ["test/**/*.browser.test.ts"],
      testTimeout: 60_000,
      hookTimeout: 60_000,
      provide: { seed, isolated: name === "browser-isolated" },
      sequence: { groupOrder },
      fileParallelism: false, // one page at a time: a test measures how long messages wait
      browser: {
        enabled: true,
        headless: true,
        screenshotFailures: false,
        instances: [{ browser: "chromium" }],
        // Playwright adds --no-sandbox by itself unless chromiumSandbox is true, so this starts as root too.
        provider: playwright({ launchOptions: { executablePath: found?.executablePath ?? "", args: launchArgs } }),
      },
    },
  };
}

/** Folders whose tests want the machine to themselves. */
const TIMED = ["engine", "examples", "page", "platform", "pool"];

const inNode = (
  name: string,
  folders: string[],
  maxWorkers: number,
  groupOrder: number,
): TestProjectInlineConfiguration => ({
  test: {
    name,
    include: folders,
    exclude: ["test/**/*.browser.test.ts", "test/runtimes/**", "**/node_modules/**"],
    maxWorkers,
    pool: "forks", // the relaxed-SIMD flag belongs to a process, a worker thread refuses it
    execArgv,
    testTimeout: 120_000, // some compute for half a minute on an idle machine
    hookTimeout: 60_000,
    env: { BROWSER_FOUND: found?.how ?? "", BROWSER_TRIED: tried.join(", ") },
    provide: { seed, isolated: false },
    // The built library is imported by Node itself, exactly as published, not transformed by Vite.
    server: { deps: { external: [/\/dist\//] } },
    sequence: { groupOrder }, // groups run one after another: timings in Node are not disturbed by a browser
  },
});

const projects = [
  inNode("node", ["test/*.test.ts", `test/!(${TIMED.join("|")})/**/*.test.ts`], 2, 0),
  inNode("node-timed", [`test/{${TIMED.join(",")}}/**/*.test.ts`], 1, 1),
];
if (found) projects.push(inBrowser("browser-isolated", isolation, 2), inBrowser("browser-plain", {}, 3));

const runtimes = [
  `Node ${process.version}${execArgv.length ? ` ${execArgv.join(" ")}` : ""}`,
  found ? `${found.version} (${found.how}, ${found.executablePath})` : `no browser (tried ${tried.join(", ")})`,
];

export default defineConfig({
  test: { projects, reporters: ["default", new Summary(runtimes, seed)] },
});
