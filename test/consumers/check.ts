// `npm run check:package`: what is packed, and how it looks to tools and compilers. With `--update` the snapshot of the API is written.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execute, root } from "../runtimes/execute.ts";

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const MS = 300_000;

/** What is wrong, in words; null for nothing. */
type Check = () => Promise<string | null>;

async function said(command: string, ...args: string[]): Promise<string> {
  const { code, output } = await execute(command, args, MS, false);
  if (code !== 0) throw new Error(`${command} ${args.join(" ")}:\n${output}`);
  return output;
}

const difference = (what: string, have: readonly string[], want: readonly string[]): string | null => {
  const lines = [
    ...have.filter((name) => !want.includes(name)).map((name) => `+ ${name}`),
    ...want.filter((name) => !have.includes(name)).map((name) => `- ${name}`),
  ];
  return lines.length > 0 ? `${what}:\n${lines.join("\n")}` : null;
};

const filesBelow = (folder: string, home = root): string[] =>
  readdirSync(join(home, folder), { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name).replaceAll("\\", "/"))
    .filter((name) => statSync(join(home, name)).isFile());

/** What else is packed than a script and a declaration for each source. */
const BESIDE = [
  "package.json",
  "README.md",
  "LICENSE",
  "CHANGELOG.md",
  "dist/inline.js",
  "dist/inline.d.ts",
  "dist/src/older-dom.d.ts",
  ...["relaxed", "simd", "scalar"].flatMap((name) => [`dist/wasm/${name}.wasm`, `dist/wasm/${name}-f32.wasm`]),
];

function expectedFiles(): string[] {
  const sources = [...filesBelow("src"), ...filesBelow("workers"), "assembly/args.ts"];
  const compiled = sources
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"))
    .flatMap((name) => [".js", ".d.ts"].map((ending) => `dist/${name.slice(0, -3)}${ending}`));
  return [...BESIDE, ...compiled];
}

/** Name and hash of every file of a build. */
function fingerprints(home: string): string[] {
  const hash = (name: string) =>
    createHash("sha256")
      .update(readFileSync(join(home, name)))
      .digest("hex");
  return filesBelow("dist", home).map((name) => `${name} ${hash(name)}`);
}

/** What a build reads. */
const BUILT_FROM = ["package.json", "tsconfig.json", "asconfig.json", "src", "workers", "assembly", "scripts"];

/** A copy of the sources to build in, beside the build that others are using. What goes into bundles is copied too, tools are linked. */
function copySources(to: string): void {
  for (const name of BUILT_FROM) cpSync(join(root, name), join(to, name), { recursive: true });
  const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const bundled = Object.keys(dependencies).map((name) => name.split("/")[0]);
  mkdirSync(join(to, "node_modules"));
  for (const name of readdirSync(join(root, "node_modules"))) {
    const [from, into] = [root, to].map((home) => join(home, "node_modules", name)) as [string, string];
    if (bundled.includes(name)) cpSync(from, into, { recursive: true });
    else symlinkSync(from, into, "junction");
  }
}

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

function checksOf(folder: string, packed: Packed, update: boolean): Readonly<Record<string, Check>> {
  const tarball = join(folder, packed.filename);
  const bin = (name: string) => here(`node_modules/.bin/${name}`);
  return {
    "packed files": async () =>
      difference(
        "the tarball",
        packed.files.map(({ path }) => path),
        expectedFiles(),
      ),
    "no install scripts, two dependencies, no more": async () => {
      const { scripts, dependencies, ...rest } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
      const atInstall = ["preinstall", "install", "postinstall", "prepublish", "prepare"].filter(
        (name) => name in scripts,
      );
      if (atInstall.length > 0) return `scripts that npm runs at an installation: ${atInstall}`;
      const other = ["optionalDependencies", "peerDependencies", "bundleDependencies"].filter((name) => name in rest);
      if (other.length > 0) return `it has ${other}`;
      return difference("dependencies", Object.keys(dependencies), ["@assemblyscript/loader", "comlink"]);
    },
    publint: async () => {
      const output = await said(bin("publint"), "run", tarball, "--strict");
      return output.includes("All good!") ? null : output;
    },
    "are the types wrong": async () => {
      const output = await said(
        bin("attw"),
        tarball,
        "--profile",
        "esm-only",
        "--format",
        "ascii",
        "--no-emoji",
        "--no-color",
      );
      return output.includes("(from ESM): OK (ESM)") ? null : output;
    },
    "the API is that of api.txt": async () => {
      const { describeApi } = await import("./api.ts"); // its compiler was installed a moment ago
      const api = describeApi(join(root, "dist/src/index.d.ts"));
      if (update) writeFileSync(here("api.txt"), api);
      const want = readFileSync(here("api.txt"), "utf8");
      const lines = difference("types (+ now, - in api.txt)", api.split("\n"), want.split("\n"));
      return api === want
        ? null
        : `${lines ?? "the same lines elsewhere"}\nnpm run check:package -- --update takes them over`;
    },
    "simdconv/inline exports the same": async () => {
      const [whole, inline] = await Promise.all(
        ["dist/src/index.js", "dist/inline.js"].map((name) => import(new URL(`../../${name}`, import.meta.url).href)),
      );
      return difference("inline", Object.keys(inline), Object.keys(whole));
    },
    "two builds give the same bytes": async () => {
      const again = join(folder, "again");
      copySources(again);
      await said("npm", "run", "build", "--silent", "--prefix", again);
      return difference("files of the second build (+) and of the first (-)", fingerprints(again), fingerprints(root));
    },
  };
}

async function main(): Promise<number> {
  await said("npm", "ci", "--prefix", here("."), "--no-audit");
  const folder = mkdtempSync(join(tmpdir(), "simdconv-packed-"));
  try {
    const [packed] = JSON.parse(
      execFileSync("npm", ["pack", "--json", "--pack-destination", folder], {
        cwd: root,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      }),
    ) as [Packed];
    let failed = 0;
    const checks = Object.entries(checksOf(folder, packed, process.argv.includes("--update")));
    for (const [name, check] of checks) {
      const wrong = await check().catch((error: Error) => error.message);
      if (wrong !== null) failed++;
      console.log(`${name} ... ${wrong === null ? "ok" : `FAILED: ${wrong}`}`);
    }
    const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(0)} kB`;
    console.log(
      `the tarball: ${packed.files.length} files, ${kilobytes(packed.size)}, unpacked ${kilobytes(packed.unpackedSize)}`,
    );
    console.log(`Package: ${checks.length - failed} passed, ${failed} failed`);
    return failed === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
