// `npm run test:runtimes`: the library in Deno and Bun, which npm brings. Each runs the suite in its own test runner, then whole
// programs of which it matters how they end. Prints one line per runtime; the exit code says whether all passed.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { execute, root } from "./execute.ts";
import { REPORT, type Report } from "./report.ts";
import { drivers, NO_DRIVER } from "./vulkan.ts";

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

interface Program {
  readonly name: string;
  readonly args: readonly string[];
  /** Must be in its output. */
  readonly says: string;
  /** It wants a Vulkan driver, for which the environment must say where it is. */
  readonly gpu?: boolean;
}

const vulkan = await drivers();

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
        name: "golden cases and random integers on WebGPU",
        args: [...deno, "--allow-read", "--allow-env=SEED", path("gpu.ts")],
        says: "all right on",
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
/** A software adapter compiles slowly, and computes no faster. */
const GPU_MS = 150_000;

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
    const driver = program.gpu ? vulkan[0] : undefined;
    if (program.gpu && !driver) {
      console.log(`${program.name} ... SKIPPED: ${NO_DRIVER}`);
      continue;
    }
    const ms = program.gpu ? GPU_MS : PROGRAM_MS;
    const ran = await execute(command, program.args, ms, false, driver?.environment);
    const good = ran.code === 0 && ran.output.includes(program.says);
    if (good) passed++;
    else failed++;
    const end = ran.code === null ? `was stopped after ${ms / 1000} s` : `ended with code ${ran.code}`;
    const last = driver ? ` (${driver.name}: ${ran.output.trim().split("\n").at(-1)})` : "";
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
