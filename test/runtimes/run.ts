// `npm run test:runtimes`: the library in this Node and later ones, Deno and Bun, which npm brings. Each runs the suite in its own test
// runner, then whole programs of which it matters how they end. Prints a line per runtime and the platform table; the exit code says
// whether all passed.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { execute, root } from "./execute.ts";
import { type Known, lineOf, publish, type Row, reportOf, surprises } from "./platforms.ts";
import { type Driver, drivers, NO_DRIVER } from "./vulkan.ts";

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

interface Program {
  readonly name: string;
  readonly args: readonly string[];
  /** Must be in its output. */
  readonly says: string;
  /** It wants a Vulkan driver, for which the environment must say where it is. */
  readonly gpu?: boolean;
}

const exampleOf = (file: string, says: string, args: readonly string[] = []): Program => ({
  name: "the example",
  args: [...args, `examples/${file}`],
  says,
});
/** Of every runtime; `args` go before the file. */
const alike = (args: readonly string[] = []): readonly Program[] => [
  { name: "import alone does nothing", args: [...args, path("import-alone.mjs")], says: '{"same":true,"used":[]}' },
  { name: "ends by itself", args: [...args, path("leave.ts")], says: "leaves 2 workers behind" },
];

const vulkan = await drivers();

interface Runtime {
  readonly name: string;
  readonly command: string;
  readonly suite: readonly string[];
  /** The counts in the last lines of its test runner. */
  readonly counts: { readonly passed: RegExp; readonly failed: RegExp };
  readonly programs: readonly Program[];
  readonly known: Known;
}

const SHARED = { sharedMemory: true };
const RELAXED = { ...SHARED, binaries: ["scalar", "simd", "relaxed"] };

/** Releases before 24 do not read what the tests are written in (types, `using`), and have it translated. */
function node(release: number, command: string, known: Known): Runtime {
  const args = release < 24 ? ["--import", "tsx"] : [];
  return {
    name: "Node",
    command,
    suite: [...args, "--expose-gc", "--test-reporter=spec", path("node.test.ts")],
    counts: { passed: /pass (\d+)$/m, failed: /fail (\d+)$/m },
    programs: [exampleOf("conv2d.ts", "1, 2, 2, 3", args), ...alike(args)],
    known,
  };
}

const thisRelease = Number(process.versions.node.split(".")[0]);
/** Without the flag that the tests of `npm test` set: Node 20 has relaxed SIMD only with it. */
const own = thisRelease < 22 ? { ...SHARED, binaries: ["scalar", "simd"] } : RELAXED;

const deno = ["run", "--no-check", "--no-prompt", "--allow-read"];
const runtimes: readonly Runtime[] = [
  node(thisRelease, process.execPath, own),
  ...[22, 24, 26]
    .filter((release) => release !== thisRelease)
    .map((release) => node(release, path(`node_modules/node-${release}/bin/node`), RELAXED)),
  {
    name: "Deno",
    command: path("node_modules/.bin/deno"),
    suite: [
      "test",
      "--no-check",
      "--no-prompt",
      "--allow-read",
      "--allow-env=SEED",
      "--v8-flags=--expose-gc",
      path("deno.test.ts"),
    ],
    counts: { passed: /(\d+) passed/, failed: /(\d+) failed/ },
    programs: [
      exampleOf("deno.ts", "Set(1) { 16 }", deno),
      ...alike(deno),
      {
        name: "kernels that may not be read",
        args: [...deno, "--deny-read=dist/wasm", path("denied.ts")],
        says: "OptionError naming wasm",
      },
      {
        name: "a worker script that may not be read",
        args: [...deno, "--deny-read=dist/workers", path("denied.ts")],
        says: "exact without workers",
      },
      {
        name: "golden cases and random integers on WebGPU",
        args: [...deno, "--allow-env=SEED", path("gpu.ts")],
        says: "all right on",
        gpu: true,
      },
    ],
    known: RELAXED,
  },
  {
    name: "Bun",
    command: path("node_modules/.bin/bun"),
    suite: ["test", path("bun.test.ts")],
    counts: { passed: /(\d+) pass$/m, failed: /(\d+) fail$/m },
    programs: [exampleOf("conv2d.ts", "1, 2, 2, 3"), ...alike()],
    known: RELAXED,
  },
];

const SUITE_MS = 240_000;
const PROGRAM_MS = 30_000;
/** A software adapter compiles slowly, and computes no faster. */
const GPU_MS = 150_000;

/** Runs everything in one runtime; undefined if there is none. */
async function examine({ name, command, suite, counts, programs, known }: Runtime): Promise<Row | undefined> {
  const version = await execute(command, ["--version"], PROGRAM_MS, false);
  if (version.code !== 0) {
    const reason = version.output.trim().split("\n").at(-1);
    console.log(`${command}: SKIPPED, npm installed none for ${process.platform} ${process.arch} (${reason})`);
    return undefined;
  }
  const start = performance.now();
  const { code, output } = await execute(command, suite, SUITE_MS, true);
  const counted = (pattern: RegExp) => Number(pattern.exec(output)?.[1] ?? 0);
  let [passed, failed] = [counted(counts.passed), counted(counts.failed)];
  if (code === null) console.log(`${name}: the suite did not end within ${SUITE_MS / 1000} s, or was killed`);
  if (code !== 0) failed ||= 1;
  const count = (what: string, wrong: string | undefined, more = "") => {
    if (wrong === undefined) passed++;
    else failed++;
    console.log(`${what} ... ${wrong === undefined ? `ok${more}` : `FAILED: ${wrong}`}`);
  };
  let adapter: string | undefined;
  for (const program of programs) {
    const driver = program.gpu ? vulkan[0] : undefined;
    if (program.gpu && !driver) {
      console.log(`${program.name} ... SKIPPED: ${NO_DRIVER}`);
      continue;
    }
    const { wrong, said } = await runProgram(command, program, driver);
    if (driver) adapter = /^adapter: (.*)$/m.exec(said)?.[1];
    count(program.name, wrong, driver ? ` (${driver.name}: ${said.trim().split("\n").at(-1)})` : "");
  }
  const report = reportOf(output);
  const different = surprises(report, known);
  count("has what it is known to have", different.length > 0 ? different.join("; ") : undefined);
  const number = /\d+\.\d+\.\d+/.exec(version.output)?.[0];
  const seconds = (performance.now() - start) / 1000;
  const row = { name: `${name} ${number}`, report, adapter, passed, failed, seconds };
  console.log(`\n${lineOf(row)}\n`);
  return row;
}

async function runProgram(command: string, { args, says, gpu }: Program, driver: Driver | undefined) {
  const ms = gpu ? GPU_MS : PROGRAM_MS;
  const { code, output: said } = await execute(command, args, ms, false, driver?.environment);
  if (code === 0 && said.includes(says)) return { said };
  const end = code === null ? `was stopped after ${ms / 1000} s` : `ended with code ${code}`;
  return { said, wrong: `${end}, must say "${says}"\n${said}` };
}

async function main(): Promise<number> {
  if (!existsSync(`${root}dist/src/index.js`)) throw new Error("there is no build: npm run build");
  const installed = await execute("npm", ["ci", "--prefix", path("."), "--no-audit"], SUITE_MS, false);
  // Not the end: one of the runtimes may be there all the same.
  if (installed.code !== 0) console.log(`npm ci --prefix test/runtimes failed:\n${installed.output}`);
  const rows: Row[] = [];
  for (const runtime of runtimes) {
    const row = await examine(runtime);
    if (row) rows.push(row);
  }
  publish("platforms-runtimes.md", rows);
  // npm has no build of a runtime for every platform. Where CI is set, that is a failure.
  const insists = Boolean(process.env.CI || process.env.REQUIRE_RUNTIMES);
  return rows.some(({ failed }) => failed > 0) || (insists && rows.length < runtimes.length) ? 1 : 0;
}

process.exitCode = await main();
