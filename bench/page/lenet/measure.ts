/** What `train` says, of the page: npm run --prefix examples/lenet page. Opens the bench page in the tests' Chromium and lets it learn. */
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chromium, type Page } from "playwright";
import { createServer } from "vite";
import { findChromium } from "../../../scripts/find-chromium.ts";

const { values: flags } = parseArgs({
  options: {
    epochs: { type: "string", default: "4" },
    /** Without the headers that isolate the page: operands are copied to and fro. */
    plain: { type: "boolean", default: false },
  },
});

// findChromium unpacks beneath the repository.
process.chdir(fileURLToPath(new URL("../../..", import.meta.url)));
const { found, tried } = await findChromium();
if (!found) throw new Error(`no Chromium found. Tried: ${tried.join(", ")}`);
const server = await createServer({
  configFile: "bench/page/vite.config.ts",
  logLevel: "error",
  server: { port: 0, hmr: false, watch: null },
});
if (flags.plain) server.config.server.headers = {};
await server.listen();
const browser = await chromium.launch({ executablePath: found.executablePath });
try {
  const page = await browser.newPage();
  page.on("pageerror", ({ message }) => console.log(message));
  await page.goto(server.resolvedUrls!.local[0]);
  await learn(page);
} finally {
  await browser.close();
  await server.close();
}

async function learn(page: Page): Promise<void> {
  const part = (name: string) => page.locator(`#lenet [data-part=${name}]`);
  const until = (...states: string[]) =>
    page.locator(states.map((state) => `#lenet[data-state=${state}]`).join(", ")).waitFor({ timeout: 0 });
  await until("ready", "missing", "failed");
  if (await part("start").isDisabled()) throw new Error(await part("status").innerText());
  const isolated = (await page.evaluate(() => crossOriginIsolated)) ? "isolated" : "not isolated";
  console.log(`runtime   ${found!.version}, ${isolated}, ${cpus().length} × ${cpus()[0]?.model.trim()}`);
  await part("epochs").fill(flags.epochs);
  await part("start").click();
  await until("learning", "failed");
  const begin = performance.now();
  for (let epoch = 1; epoch <= Number(flags.epochs); epoch++) {
    await part("rows")
      .locator("tr")
      .nth(epoch - 1)
      .or(page.locator("#lenet[data-state=failed]"))
      .waitFor({ timeout: 0 });
    if ((await page.locator("#lenet").getAttribute("data-state")) === "failed")
      throw new Error(await part("status").innerText());
    const [accuracy, meanLoss, seconds] = await part("rows")
      .locator("tr")
      .nth(epoch - 1)
      .locator("td")
      .allInnerTexts();
    const passed = ((performance.now() - begin) / 1000).toFixed(0);
    console.log(
      `epoch ${epoch}   ${accuracy} of the test digits, mean loss ${meanLoss}, ${seconds} s; ${passed} s after the start, load ${loadavg()[0].toFixed(1)}`,
    );
  }
  console.log(`${await part("goal").innerText()}\n${await part("engine").innerText()}`);
}
