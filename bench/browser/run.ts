// A bench's page in the browser that the tests use: opened, asked, closed.
import { chromium } from "playwright";
import { findChromium } from "../../scripts/find-chromium.ts";
import { type Packages, serve } from "./server.ts";

const launchArgs = [
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // See op-rounds.ts: garbage is collected between samples.
  "--js-flags=--expose-gc",
];

export interface PageOptions {
  /** Of `bench/`. */
  readonly folder: string;
  readonly packages: Packages;
  readonly headed?: boolean;
  /** More of Chromium's own switches. */
  readonly args?: readonly string[];
}

/** Calls the page's `runBench`; its `console.info` is told here. */
export async function inChromium<Asked, Findings>(
  { folder, packages, headed = false, args = [] }: PageOptions,
  asked: Asked,
): Promise<Findings & { readonly browser: string }> {
  const { found, tried } = await findChromium();
  if (!found) throw new Error(`no Chromium found. Tried: ${tried.join(", ")}`);
  const { server, url } = await serve(folder, packages);
  const browser = await chromium.launch({
    executablePath: found.executablePath,
    headless: !headed,
    args: [...launchArgs, ...args],
  });
  try {
    const page = await browser.newPage();
    page.on("console", (message) => {
      const told = message.type() === "info" || message.type() === "error";
      if (told && !message.text().includes("experimental on this platform")) console.log(`  ${message.text()}`);
    });
    page.on("pageerror", (error) => console.log(`  ${error.message}`));
    await page.goto(url);
    await page.waitForFunction("'runBench' in globalThis");
    const findings = (await page.evaluate(`runBench(${JSON.stringify(asked)})`)) as Findings;
    return { browser: found.version, ...findings };
  } finally {
    await browser.close();
    await server.close();
  }
}
