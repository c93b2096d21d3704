// `npm run test:runtimes`: the library in Deno and Bun, which npm brings. Each runs the suite in its own test runner, then whole
// programs of which it matters how they end. Prints one line per runtime; the exit code says whether all passed.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { findChromium } from "../../scripts/find-chromium.ts";
import { REPORT, type Report } from "./report.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

interface Program {
  readonly name: string;
  readonly args: readonly string[];
  /** Must be in its output. */
  readonly says: string;
  /** It wants a Vulkan driver, for which the environment must say where it is. */
  readonly gpu?: boolean;
}

/** Chromium brings a Vulkan driver in software, SwiftShader: where it stands, for runtimes that bring none. Undefined if it is not there. */
const vulkan = await (async () => {
  const { found } = await findChromium();
  const folder = found && dirname(found.executablePath);
  const driver = folder && join(folder, "vk_swiftshader_icd.json");
  if (!driver || !existsSync(driver)) return undefined;
  return { LD_LIBRARY_PATH: folder, VK_ICD_FILENAMES: driver };
})();

interface Runtime {
  readonly name: string;
  readonly command: string;
  readonly suite: readonly string[];
  /** The counts in the last lines of its test runner. */
  readonly counts: { readonly passed: RegExp; readonly failed: RegExp };
  readonly programs: readonly Program[];
}

const deno = ["run", "--no-check", "--no-prompt"];
const runtimes: readonly Runtime[] = [
  {
    name: "Deno",
    command: path("node_modules/.bin/deno"),
    suite: ["test", "--no-check", "--no-prompt", "--allow-read", "--allow-env=SEED", path("deno.test.ts")],
    counts: { passed: /(\d+) passed/, failed: /(\d+) failed/ },
    programs: [
      { name: "the example", args: [...deno, "--allow-read", "examples/deno.ts"], says: "Set(1) { 16 }" },
      { name: "ends by itself", args: [...deno, "--allow-read", path("leave.ts")], says: "leaves 2 workers behind" },
      {
        name: "kernels that may not be read",
        args: [...deno, "--allow-read", "--deny-read=dist/wasm", path("denied.ts")],
        says: "OptionError naming wasm",
      },
      {
        name: "a worker script that may not be read",
        args: [...deno, "--allow-read", "--deny-read=dist/workers", path("denied.ts")],
        says: "exact without workers",
      },
      {
        name: "conv3d2d on WebGPU",
        args: [...deno, "--allow-read", path("gpu.ts")],
        says: "28 of 28 golden cases right on",
        gpu: true,
      },
    ],
  },
  {
    name: "Bun",
    command: path("node_modules/.bin/bun"),
    suite: ["test", path("bun.test.ts")],
    counts: { passed: /(\d+) pass$/m, failed: /(\d+) fail$/m },
    programs: [
      { name: "the example", args: ["examples/conv2d.ts"], says: "1, 2, 2, 3" },
      { name: "ends by itself", args: [path("leave.ts")], says: "leaves 2 workers behind" },
    ],
  },
];

const SUITE_MS = 240_000;
const PROGRAM_MS = 30_000;

interface Outcome {
  /** null if it was stopped because its time was over, or could not be started. */
  readonly code: number | null;
  readonly output: string;
}

function execute(
  command: string,
  args: readonly string[],
  ms: number,
  echo: boolean,
  more: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  return new Promise((resolve) => {
    let output = "";
    const env = { ...process.env, ...more, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };
    const shell = process.platform === "win32";
    // SIGKILL: a runtime that hangs in a worker may not hear anything else.
    const child = spawn(command, args, { cwd: root, env, shell, timeout: ms, killSignal: "SIGKILL" });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (data: Buffer) => {
        output += data;
        if (echo) process.stdout.write(data);
      });
    }
    child.on("error", (error) => resolve({ code: null, output: `${output}${error.message}` }));
    child.on("close", (code) => resolve({ code, output }));
  });
}

/** Runs everything in one runtime; returns whether all passed. */
async function examine({ name, command, suite, counts, programs }: Runtime): Promise<boolean> {
  const version = await execute(command, ["--version"], PROGRAM_MS, false);
  if (version.code !== 0) return absent(name, version.output);
  const { code, output } = await execute(command, suite, SUITE_MS, true);
  const count = (pattern: RegExp) => Number(pattern.exec(output)?.[1] ?? 0);
  let [passed, failed] = [count(counts.passed), count(counts.failed)];
  if (code === null) console.log(`${name}: the suite did not end within ${SUITE_MS / 1000} s, or was killed`);
  if (code !== 0) failed ||= 1;
  for (const program of programs) {
    if (program.gpu && !vulkan) {
      console.log(`${program.name} ... SKIPPED: no Vulkan driver beside a Chromium, nor a Chromium`);
      continue;
    }
    const ran = await execute(command, program.args, PROGRAM_MS, false, program.gpu ? vulkan : {});
    const good = ran.code === 0 && ran.output.includes(program.says);
    if (good) passed++;
    else failed++;
    const end = ran.code === null ? `was stopped after ${PROGRAM_MS / 1000} s` : `ended with code ${ran.code}`;
    const last = program.gpu ? ` (${ran.output.trim().split("\n").at(-1)})` : "";
    console.log(
      `${program.name} ... ${good ? `ok${last}` : `FAILED: ${end}, must say "${program.says}"\n${ran.output}`}`,
    );
  }
  const number = /\d+\.\d+\.\d+/.exec(version.output)?.[0];
  console.log(`\n${name} ${number}: ${passed} passed, ${failed} failed; ${summary(output)}\n`);
  return failed === 0;
}

function summary(output: string): string {
  const line = output.split("\n").find((text) => text.startsWith(REPORT));
  if (!line) return "the suite left no report";
  const { binaries, workers, golden, exact, wakeMicroseconds } = JSON.parse(line.slice(REPORT.length)) as Report;
  return [
    `binaries ${binaries.join(", ")}`,
    `workers ${workers}, awake in ${wakeMicroseconds.toFixed(0)} µs`,
    `${golden} golden and ${exact} exact calls`,
  ].join("; ");
}

/** npm has no build of a runtime for every platform. Where CI is set, that is a failure. */
function absent(name: string, output: string): boolean {
  const insists = Boolean(process.env.CI || process.env.REQUIRE_RUNTIMES);
  const reason = output.trim().split("\n").at(-1);
  console.log(`${name}: SKIPPED, npm installed none for ${process.platform} ${process.arch} (${reason})`);
  return !insists;
}

async function main(): Promise<number> {
  if (!existsSync(`${root}dist/src/index.js`)) throw new Error("there is no build: npm run build");
  const installed = await execute("npm", ["ci", "--prefix", path("."), "--no-audit"], SUITE_MS, false);
  // Not the end: one of the runtimes may be there all the same.
  if (installed.code !== 0) console.log(`npm ci --prefix test/runtimes failed:\n${installed.output}`);
  let good = true;
  for (const runtime of runtimes) good = (await examine(runtime)) && good;
  return good ? 0 : 1;
}

process.exitCode = await main();
