// Finds a Chromium for the browser tests. First hit wins:
//   1 CHROMIUM_PATH (an error if it is set and missing), 2 Playwright's own download, 3 the system's,
//   4 the npm package @sparticuz/chromium, unpacked once into node_modules/.cache, 5 none.
// Every place that was tried is listed, so that "no browser" can always say why.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

export interface FoundChromium {
  readonly how: string;
  readonly executablePath: string;
  /** What the executable says of itself, e.g. "Google Chrome 143.0.7499.0". */
  readonly version: string;
}

export interface ChromiumSearch {
  readonly found: FoundChromium | undefined;
  readonly tried: readonly string[];
}

const system: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  linux: ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/usr/bin/google-chrome-stable"],
  darwin: [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
  ],
  win32: [
    "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
    "C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe",
  ],
};

export async function findChromium(): Promise<ChromiumSearch> {
  const tried: string[] = [];
  const named = process.env.CHROMIUM_PATH;
  if (named) {
    if (!isFile(named)) throw new Error(`CHROMIUM_PATH is set to ${named}, which is not a file`);
    return { found: describe("CHROMIUM_PATH", named), tried: [`CHROMIUM_PATH=${named}`] };
  }
  tried.push("CHROMIUM_PATH (not set)");

  const { chromium } = await import("playwright");
  const own = chromium.executablePath();
  tried.push(own);
  if (isFile(own)) return { found: describe("playwright", own), tried };

  for (const path of system[process.platform] ?? []) {
    tried.push(path);
    if (isFile(path)) return { found: describe("system", path), tried };
  }

  if (process.platform !== "linux" || process.arch !== "x64") {
    tried.push("@sparticuz/chromium (Linux x64 only)");
    return { found: undefined, tried };
  }
  try {
    return { found: describe("@sparticuz/chromium", await unpackSparticuz()), tried };
  } catch (error) {
    tried.push(`@sparticuz/chromium (${error instanceof Error ? error.message : String(error)})`);
    return { found: undefined, tried };
  }
}

// The package unpacks into os.tmpdir(), about 190 MB in 2-3 s. We unpack into a folder of our own and rename it when
// it is complete, so that a second process never meets a half-written executable.
async function unpackSparticuz(): Promise<string> {
  const cache = resolve("node_modules/.cache");
  const { version } = JSON.parse(readFileSync(resolve("node_modules/@sparticuz/chromium/package.json"), "utf8"));
  const home = join(cache, `chromium-${version}`);
  const bundled = !hasLibrary("libnss3.so");
  if (!existsSync(home)) {
    mkdirSync(cache, { recursive: true });
    const staging = mkdtempSync(join(cache, "unpacking-"));
    try {
      await unpackInto(staging, bundled);
      renameSync(staging, home);
    } catch (error) {
      rmSync(staging, { recursive: true, force: true });
      if (!existsSync(home)) throw error; // another process was faster, which is as good
    }
  }
  if (bundled) {
    const libraries = join(home, "al2023", "lib");
    process.env.LD_LIBRARY_PATH = [libraries, process.env.LD_LIBRARY_PATH].filter(Boolean).join(":");
    process.env.FONTCONFIG_PATH ??= join(home, "fonts");
  }
  return join(home, "chromium");
}

async function unpackInto(folder: string, bundled: boolean): Promise<void> {
  const kept = { TMPDIR: process.env.TMPDIR, AWS_EXECUTION_ENV: process.env.AWS_EXECUTION_ENV };
  const libraryPath = process.env.LD_LIBRARY_PATH;
  const fontPath = process.env.FONTCONFIG_PATH;
  process.env.TMPDIR = folder;
  // Tells the package to unpack NSS and NSPR too, for a Debian without them.
  if (bundled) process.env.AWS_EXECUTION_ENV = "AWS_Lambda_nodejs22.x";
  try {
    const { default: packed } = await import("@sparticuz/chromium");
    await packed.executablePath();
  } finally {
    restore("TMPDIR", kept.TMPDIR);
    restore("AWS_EXECUTION_ENV", kept.AWS_EXECUTION_ENV);
    restore("LD_LIBRARY_PATH", libraryPath); // the package pointed it into the staging folder
    restore("FONTCONFIG_PATH", fontPath);
  }
}

function restore(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}

function hasLibrary(name: string): boolean {
  const folders = ["/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/lib64", "/usr/lib"];
  return folders.some((folder) => existsSync(join(folder, name)));
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}

function describe(how: string, executablePath: string): FoundChromium {
  return { how, executablePath, version: versionOf(executablePath) };
}

function versionOf(path: string): string {
  if (process.platform === "win32") return "version not asked"; // chrome.exe --version opens a window
  try {
    return execFileSync(path, ["--version"], { encoding: "utf8", timeout: 60_000, stdio: ["ignore", "pipe", "ignore"] })
      .replace(/\s+/g, " ")
      .trim();
  } catch (error) {
    // An executable that cannot start is found all the same: the launch will say why, more fully than we could.
    return `version unknown (${error instanceof Error ? error.message.split("\n")[0] : String(error)})`;
  }
}
