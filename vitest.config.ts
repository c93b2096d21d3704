// One command, six projects: `node`, two files at a time; `node-timed`, what measures time or fills the machine on purpose, by itself;
// `browser-isolated` and `browser-plain`, the same files on a page that is cross-origin isolated and, beside it, on one that is not;
// `browser-isolated-timed` and `browser-plain-timed`, those of them that measure time, one after the other. Set SEED to replay a random test, CHROMIUM_PATH to choose a browser, REQUIRE_BROWSER to insist on one.
import { playwright } from "@vitest/browser-playwright";
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
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

/** Pages that measure how long something waits. */
const MEASURE = ["platform/page", "pool/main-thread", "pool/page", "pool/wake"].map(
  (name) => `test/${name}.browser.test.ts`,
);

function inBrowser(
  name: string,
  headers: Record<string, string>,
  files: Pick<NonNullable<TestProjectInlineConfiguration["test"]>, "include" | "exclude">,
  groupOrder: number,
): TestProjectInlineConfiguration {
  return {
    server: { headers }, // reaches the test iframe and its module workers
    // Named here because a dependency that Vite meets late makes it reload the page in the middle of a test.
    optimizeDeps: { include: ["comlink", "@assemblyscript/loader", "fast-check"] },
    test: {
      name,
      ...files,
      testTimeout: 60_000,
      hookTimeout: 60_000,
      provide: { seed, isolated: headers === isolation },
      sequence: { groupOrder },
      fileParallelism: false, // one page of a project at a time
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

/** Folders whose tests want the machine to themselves, but for some that ask for results alone. */
const TIMED = ["engine", "examples", "page", "platform", "pool"];
const PATIENT = [
  "engine/neighbours",
  "examples/lenet",
  "examples/motion",
  "page/answer",
  "pool/bits",
  "pool/filter-gradients",
  "pool/ring",
].map((name) => `test/${name}.test.ts`);

const inNode = (
  name: string,
  include: string[],
  exclude: string[],
  maxWorkers: number,
  groupOrder: number,
): TestProjectInlineConfiguration => ({
  test: {
    name,
    include,
    exclude: ["test/**/*.browser.test.ts", "test/runtimes/**", "**/node_modules/**", ...exclude],
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

/** Those that take longest, in this order: what is begun last of two files at a time is waited for by itself. */
const LONG = [
  "ops/exact",
  "ops/filter-gradients",
  "ops/grid",
  "ops/accuracy",
  "pool/bits",
  "ops/bits",
  "pool/filter-gradients",
  "nnet/conv2d.exact",
  "hostile/hostile",
].map((name) => `/test/${name}.test.ts`);

/** Holds estimates against what it measures, with wide limits and with kernels that the other files have had compiled. */
const LAST = "/test/webgpu/speed.browser.test.ts";

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      if (moduleId.endsWith(LAST)) return LONG.length + 1;
      const at = LONG.findIndex((name) => moduleId.endsWith(name));
      return at < 0 ? LONG.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

const projects = [
  inNode("node", ["test/*.test.ts", `test/!(${TIMED.join("|")})/**/*.test.ts`, ...PATIENT], [], 2, 0),
  inNode("node-timed", [`test/{${TIMED.join(",")}}/**/*.test.ts`], PATIENT, 1, 1),
];
if (found) {
  const others = { include: ["test/**/*.browser.test.ts"], exclude: MEASURE };
  projects.push(
    inBrowser("browser-isolated", isolation, others, 2),
    inBrowser("browser-plain", {}, others, 2),
    inBrowser("browser-isolated-timed", isolation, { include: MEASURE }, 3),
    inBrowser("browser-plain-timed", {}, { include: MEASURE }, 4),
  );
}

const runtimes = [
  `Node ${process.version}${execArgv.length ? ` ${execArgv.join(" ")}` : ""}`,
  found ? `${found.version} (${found.how}, ${found.executablePath})` : `no browser (tried ${tried.join(", ")})`,
];

export default defineConfig({
  test: { projects, sequence: { sequencer: LongestFirst }, reporters: ["default", new Summary(runtimes, seed)] },
});
