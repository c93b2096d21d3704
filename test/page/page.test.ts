// The bench page in a real browser: a comparison, a stop, a refusal, and what it says where something is missing.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { findChromium } from "../../scripts/find-chromium.ts";
import { note } from "../support/record.ts";
import { type BenchPage, BenchPages } from "./bench-page.ts";

const { found, tried } = await findChromium();
if (!found) console.log(`the bench page was not tested: no Chromium found, tried ${tried.join(", ")}`);

const SMALL = {
  batch: 2,
  channels: 4,
  height: 17,
  width: 19,
  filters: 6,
  groups: 2,
  filterHeight: 3,
  filterWidth: 5,
  border: "full",
  subsample: 2,
};
/** Seconds for one run of the scalar binary, with little memory. */
const LONG = {
  batch: 1,
  channels: 512,
  height: 96,
  width: 96,
  filters: 512,
  groups: 1,
  filterHeight: 3,
  filterWidth: 3,
  border: "half",
  subsample: 1,
};

describe.skipIf(!found)("bench page", () => {
  let pages: BenchPages;
  let bench: BenchPage;

  beforeAll(async () => {
    pages = await BenchPages.start(found!.executablePath);
  });

  afterAll(() => pages?.end());

  // Whatever the page throws or cannot load fails the test that caused it.
  afterEach(async () => {
    await bench.page.close();
    expect(bench.complaints).toEqual([]);
  });

  it("compares all four: speed-ups, checked answers, plans; the page is isolated", async (test) => {
    bench = await pages.open();
    expect(await bench.text("#capabilities-line")).toMatch(
      /: isolated, best binary relaxed, \d+ workers? over shared memory/,
    );
    await bench.type(SMALL);
    await bench.field("subsample").press("Enter");
    await bench.until("running");
    await bench.until("done");
    const marks = { scalar: "right", simd: "same bits", relaxed: /same bits|within rounding/, workers: "same bits" };
    for (const [id, answer] of Object.entries(marks)) {
      expect(Number.parseFloat(await bench.cell(id, "speedup")), `${id} over scalar`).toBeGreaterThan(0);
      expect(Number.parseFloat(await bench.cell(id, "gflops")), `${id} GFLOP/s`).toBeGreaterThan(0);
      expect(await bench.cell(id, "answer")).toMatch(/^✓/);
      expect(await bench.cell(id, "answer")).toMatch(answer);
    }
    expect(await bench.cell("scalar", "speedup")).toBe("1.0×");
    expect(await bench.text("#verdict")).toMatch(/simd is [\d.]+× as fast as scalar.*All 4 answers are right\./);
    expect(await bench.page.locator("#progress").evaluate((bar: HTMLProgressElement) => bar.value)).toBeCloseTo(1);
    await bench.page.locator("#plans summary").click();
    expect(await bench.text("#plan-list")).toMatch(
      /multiply-adds[\s\S]*every bit as scalar[\s\S]*every bit as relaxed alone/,
    );
    note(test, `bench page: ${await bench.text("#verdict")}`);
  });

  it("the bars show time instead of speed", async () => {
    bench = await pages.open();
    await bench.page.getByRole("button", { name: "seed 6×6" }).click();
    await bench.page.locator("#start").click();
    await bench.until("done");
    const lengths = () =>
      bench.page
        .locator("tr .fill")
        .evaluateAll((bars) => bars.map((bar) => Number((bar as HTMLElement).style.getPropertyValue("--length"))));
    const speeds = await lengths();
    await bench.page.getByRole("radio", { name: "time" }).check();
    const waits = await lengths();
    expect([Math.max(...speeds), Math.max(...waits)]).toEqual([1, 1]);
    // The longest of the one is not the longest of the other.
    expect(waits.indexOf(1)).not.toBe(speeds.indexOf(1));
  });

  it("stops in the middle of a long run and in the middle of the rounds, and nothing moves afterwards", async (test) => {
    bench = await pages.open();
    await bench.type(LONG);
    await bench.page.locator("#start").click();
    await bench.page.waitForFunction(() => document.querySelector("progress")!.value > 0);
    const start = performance.now();
    await bench.page.locator("#stop").click();
    await bench.until("stopped");
    const ms = performance.now() - start;
    expect(ms).toBeLessThan(3000);
    note(test, `bench page: a run of seconds stopped ${ms.toFixed(0)} ms after the click`);
    expect(await bench.page.locator("#start").isVisible()).toBe(true);
    expect(await bench.page.locator("#stop").isVisible()).toBe(false);
    expect(await bench.text("#phase")).toBe("stopped");
    expect(await bench.changesIn(20)).toBe(false);

    await bench.type(SMALL);
    await bench.page.locator("#start").click();
    await bench.page.locator("#phase", { hasText: /round [2-9]/ }).waitFor();
    await bench.page.keyboard.press("Escape");
    await bench.until("stopped");
    expect(await bench.changesIn(20)).toBe(false);
    expect(Number.parseFloat(await bench.cell("workers", "speedup"))).toBeGreaterThan(0);
  });

  it("a shape that cannot be computed is refused at its field, in plain words", async () => {
    bench = await pages.open();
    const complaint = bench.page.locator("#complaint");
    await bench.type({ ...SMALL, border: "valid", filterHeight: 18 });
    await expect
      .poll(() => complaint.innerText())
      .toMatch(/^The filter is larger than the image[\s\S]*ShapeError: filterShape: rows/);
    expect(await bench.page.locator("[aria-invalid]").getAttribute("name")).toBe("filterHeight");
    await bench.page.locator("#start").click();
    expect(await bench.field("filterHeight").evaluate((field) => field === document.activeElement)).toBe(true);
    expect(await bench.page.locator("#compare").getAttribute("data-state")).toBe("ready");

    await bench.type({ filterHeight: 3, groups: 3 });
    await expect.poll(() => complaint.innerText()).toMatch(/both divide by it[\s\S]*OptionError: numGroups/);
    expect(await bench.page.locator("[aria-invalid]").getAttribute("name")).toBe("groups");
    await bench.type({ groups: 2, batch: "" });
    await expect.poll(() => complaint.innerText()).toBe("A whole number from 1 on, please.");
    await bench.type({ batch: 100, height: 500, width: 500 });
    await expect.poll(() => complaint.innerText()).toMatch(/this page .* stops at 400 MB/);
    await bench.type({ batch: 100_000 });
    await expect.poll(() => complaint.innerText()).toMatch(/OutOfMemoryError/);
    await bench.type(SMALL);
    await complaint.waitFor({ state: "hidden" });
    expect(await bench.page.locator("[aria-invalid]").count()).toBe(0);
  });

  it("without isolation and relaxed SIMD: says why, and compares what there is", async () => {
    bench = await pages.open(async (page, address) => {
      await page.addInitScript(() => {
        const { validate } = WebAssembly;
        // The probe of relaxed SIMD ends in its opcode, 0xfd 0x85 0x02.
        WebAssembly.validate = (bytes) => !(bytes as Uint8Array).toString().includes("253,133,2") && validate(bytes);
      });
      await page.route(address, async (route) => {
        const response = await route.fetch();
        const headers = Object.entries(response.headers()).filter(([name]) => !name.startsWith("cross-origin-"));
        await route.fulfill({ response, headers: Object.fromEntries(headers) });
      });
    });
    expect(await bench.text("#capabilities-line")).toMatch(
      /: not isolated, best binary simd, \d+ workers? with copies/,
    );
    expect(await bench.page.locator("#capabilities-list").textContent()).toMatch(/COOP and COEP/);
    expect(await bench.text("tr[data-entry=relaxed]")).toMatch(/not here: this runtime does not know the instructions/);
    await bench.type(SMALL);
    await bench.page.locator("#start").click();
    await bench.page.locator("#phase", { hasText: "round" }).waitFor();
    await bench.page.locator("#stop").click();
    await bench.until("stopped");
    expect(await bench.cell("simd", "answer")).toMatch(/✓ same bits/);
    expect(await bench.cell("workers", "answer")).toMatch(/✓ same bits/);
  });
});
