// Browsers as command lines: a page that tells the server what it found needs no driver, and so does Firefox, for which Playwright
// has only a build of its own, and WebKitGTK, for which it has none.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findChromium } from "../../../scripts/find-chromium.ts";
import { drivers } from "../vulkan.ts";

export interface Browser {
  /** Opens a page, and with `close` ends all of its processes. */
  open(url: string): { close(): Promise<void>; readonly output: () => string };
}

/** A browser, or why there is none. */
export type Found = Browser | { readonly absent: string };

interface CommandLine {
  readonly command: string;
  readonly args: (url: string, profile: string) => readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Files of a new profile, by name. */
  readonly profile?: Readonly<Record<string, string>>;
}

function browser({ command, args, environment = {}, profile: files = {} }: CommandLine): Browser {
  return {
    open(url) {
      const profile = mkdtempSync(join(tmpdir(), "simdconv-browser-"));
      for (const [name, text] of Object.entries(files)) writeFileSync(join(profile, name), text);
      const env = { ...process.env, HOME: profile, ...environment };
      // A group of its own, so that all of its processes can be ended.
      const child = spawn(command, args(url, profile), { env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
      let output = "";
      const keep = (data: unknown) => {
        output = `${output}${data}`.slice(-4000);
      };
      for (const stream of [child.stdout, child.stderr]) stream.on("data", keep);
      child.on("error", keep);
      const close = async () => {
        await endGroup(child);
        rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
      };
      return { close, output: () => output };
    },
  };
}

async function endGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const running = child.exitCode === null && child.signalCode === null;
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    try {
      process.kill(-child.pid, signal);
    } catch {
      break; // the group is empty
    }
    if (running) await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 2000))]);
  }
}

const first = (paths: readonly (string | undefined)[]) => paths.find((path) => path && existsSync(path));

export async function chromium(): Promise<Found> {
  const { found, tried } = await findChromium();
  if (!found) return { absent: `no Chromium: tried ${tried.join(", ")}` };
  const flags = [
    "--headless",
    "--no-sandbox",
    "--enable-unsafe-webgpu",
    "--js-flags=--expose-gc",
    "--no-first-run",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
  ];
  return browser({
    command: found.executablePath,
    args: (url, profile) => [...flags, `--user-data-dir=${profile}`, url],
  });
}

/** WebGPU wants both of the first two; the others keep pages of its own away. */
const preferences = {
  "dom.webgpu.enabled": true,
  "gfx.webgpu.ignore-blocklist": true,
  "browser.aboutwelcome.enabled": false,
  "browser.shell.checkDefaultBrowser": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "app.normandy.enabled": false,
  "app.update.enabled": false,
};

export async function firefox(): Promise<Found> {
  const command = first([
    process.env.FIREFOX_PATH,
    "/usr/bin/firefox-esr",
    "/usr/bin/firefox",
    "/Applications/Firefox.app/Contents/MacOS/firefox",
  ]);
  if (!command) return { absent: "no Firefox: FIREFOX_PATH, or the Debian package firefox-esr" };
  const [driver] = await drivers();
  const lines = Object.entries(preferences).map(([name, value]) => `user_pref("${name}", ${value});\n`);
  return browser({
    command,
    args: (url, profile) => ["--headless", "--no-remote", "--profile", profile, url],
    environment: driver?.environment ?? {},
    profile: { "user.js": lines.join("") },
  });
}

const LIBRARIES = "/usr/lib";

/** `sharing`: JavaScriptCore's switch for memory that can be posted, which the browser itself does not set. */
export async function webkit(sharing: boolean): Promise<Found> {
  const folders = existsSync(LIBRARIES) ? readdirSync(LIBRARIES).filter((name) => name.endsWith("-linux-gnu")) : [];
  const places = folders.flatMap((name) =>
    ["webkit2gtk-4.1", "webkit2gtk-4.0", "webkitgtk-6.0"].map((version) =>
      join(LIBRARIES, name, version, "MiniBrowser"),
    ),
  );
  const command = first([process.env.WEBKIT_PATH, ...places]);
  if (!command) return { absent: "no WebKitGTK: WEBKIT_PATH, or the Debian package webkit2gtk-driver" };
  if (!existsSync("/usr/bin/xvfb-run")) return { absent: "no display for WebKitGTK: the Debian package xvfb" };
  return browser({
    command: "/usr/bin/xvfb-run",
    args: (url) => ["-a", command, url],
    environment: { JSC_useSharedArrayBuffer: sharing ? "1" : "0", WEBKIT_DISABLE_COMPOSITING_MODE: "1" },
  });
}
