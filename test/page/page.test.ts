// The bench page in a real browser: comparisons, stops, refusals, what it says where something is missing, and each of its demos.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { findChromium } from "../../scripts/find-chromium.ts";
import { note } from "../support/record.ts";
import { type BenchPage, BenchPages, plainly } from "./bench-page.ts";

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

  it("compares all: speed-ups, checked answers, plans, Markdown; the page is isolated", async (test) => {
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
    expect(await bench.text("#verdict")).toMatch(/simd is [\d.]+× as fast as scalar.*All [45] answers are right\./);
    expect(await bench.page.locator("#progress").evaluate((bar: HTMLProgressElement) => bar.value)).toBeCloseTo(1);
    await bench.page.locator("#plans summary").click();
    expect(await bench.text("#plan-list")).toMatch(
      /multiply-adds[\s\S]*every bit as scalar[\s\S]*every bit as relaxed alone/,
    );
    note(test, `bench page: ${await bench.text("#verdict")}`);

    // Where the browser has no GPU, not even one of software, the row says so.
    expect(await bench.text("tr[data-entry=webgpu]")).toMatch(/not here: \S|✓/);
    await bench.page.locator("#copy").click();
    await expect.poll(() => bench.text("#copied")).toBe("Copied.");
    const copied = await bench.page.evaluate(() => navigator.clipboard.readText());
    expect(copied).toContain(await bench.text("#verdict"));
    expect(copied).toMatch(/\| simd \| [\d.,]+ \| [\d.,]+ \| [\d.,]+ \| [\d.]+× \| same bits \|/);
  });

  it("another op with the keyboard alone, whose focus is always seen", async () => {
    bench = await pages.open();
    const { keyboard } = bench.page;
    const tabTo = async (selector: string) => {
      for (let i = 0; i < 40; i++) {
        await keyboard.press("Tab");
        const { here, seen } = await bench.page.evaluate((wanted) => {
          const active = document.activeElement!;
          return { here: active.matches(wanted), seen: getComputedStyle(active).outlineStyle !== "none" };
        }, selector);
        expect(seen).toBe(true);
        if (here) return;
      }
      throw new Error(`no Tab leads to ${selector}`);
    };
    await tabTo("#op");
    await keyboard.type("c01b.weightActs");
    await expect.poll(() => bench.field("batch").inputValue()).toBe("128");
    for (const [name, value] of Object.entries({
      batch: "8",
      channels: "3",
      height: "12",
      width: "10",
      filters: "4",
    })) {
      await tabTo(`[name=${name}]`);
      await keyboard.type(value);
    }
    await tabTo("#who [value=webgpu]");
    await keyboard.press("Space");
    await tabTo("#start");
    await keyboard.press("Enter");
    await bench.page.locator("#phase", { hasText: "round" }).waitFor();
    // Start has become Stop, and the focus is still there.
    await keyboard.press("Enter");
    await bench.until("stopped");
    expect(await bench.text("#subject")).toMatch(/^c01b.weightActs: 8 images of 3 × 12 × 10, 4 filters of 5 × 5/);
    expect(await bench.page.locator("tr[data-entry]").count()).toBe(4);
    expect(await bench.cell("workers", "answer")).toMatch(/^✓ same bits/);
  });

  it("the bars show time instead of speed", async () => {
    bench = await pages.open();
    await bench.page.getByRole("button", { name: "seed 6×6" }).click();
    for (const entry of ["simd", "relaxed", "WebGPU"]) await bench.without(entry);
    await bench.page.locator("#start").click();
    await bench.until("done");
    const rows = () =>
      bench.page.locator("tr[data-entry]").evaluateAll((all) =>
        all.map((row) => ({
          length: Number(row.querySelector<HTMLElement>(".fill")!.style.getPropertyValue("--length")),
          best: Number(row.querySelector(".best")!.textContent),
          median: Number(row.querySelector(".median")!.textContent),
        })),
      );
    const speeds = await rows();
    await bench.page.getByRole("radio", { name: "time" }).check();
    const waits = await rows();
    expect(speeds.length).toBe(2);
    // A bar reaches to the better end of its speeds, or to the worse end of its times (three digits of which are written).
    const leastBest = Math.min(...speeds.map(({ best }) => best));
    const longestMedian = Math.max(...waits.map(({ median }) => median));
    for (const { length, best } of speeds) expect((length * best) / leastBest).toBeCloseTo(1, 1);
    for (const { length, median } of waits) expect(length / (median / longestMedian)).toBeCloseTo(1, 1);
  });

  it("stops in the middle of a long run and in the middle of the rounds, and nothing moves afterwards", async (test) => {
    bench = await pages.open();
    await bench.type(LONG);
    await bench.without("WebGPU");
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
      await plainly(page, address);
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

  it("the crossover: a curve that grows, the same bits, and a stop", async () => {
    bench = await pages.open();
    const part = await bench.turnTo("Crossover");
    const empty = await bench.drawing("#crossover canvas");
    await part.getByRole("button", { name: "Measure" }).click();
    await bench.page.waitForFunction(
      () => Number(document.querySelector<HTMLElement>("[data-points]")!.dataset.points) >= 4,
    );
    await bench.page.keyboard.press("Escape");
    await expect.poll(() => part.getAttribute("data-state")).toBe("stopped");
    expect(await bench.drawing("#crossover canvas")).not.toBe(empty);
    const count = Number(await part.locator("[data-points]").getAttribute("data-points"));
    expect(await part.locator("tbody tr").count()).toBe(count);
    expect(await part.locator("tbody td:last-child").allTextContents()).toEqual(
      Array.from({ length: count }, () => expect.stringMatching(/^[\d.]+×$/)),
    );
    await part.getByRole("button", { name: "Copy as Markdown" }).click();
    await expect
      .poll(() => bench.page.evaluate(() => navigator.clipboard.readText()))
      .toMatch(/the same bits at every/);
    expect(await bench.changesIn(20)).toBe(false);
  });

  it("a picture through filters, a file that is none, a webcam that goes out when nobody watches", async () => {
    bench = await pages.open(undefined, "picture");
    const part = bench.page.locator("#picture");
    const shown = () => bench.page.locator("#picture[data-state=shown]").waitFor();
    await shown();
    expect(await part.locator("[data-part=figures]").innerText()).toMatch(/signal\.conv2d of 3 × 640 × \d+.* ms/);
    const drawings = [await bench.drawing("[data-part=before]"), await bench.drawing("[data-part=after]")];
    await part.locator("[name=filter]").selectOption({ label: "sharpen" });
    await shown();
    drawings.push(await bench.drawing("[data-part=after]"));
    await part.locator("[name=filter]").selectOption({ label: "as it is" });
    await shown();
    expect(new Set(drawings).size).toBe(3);
    // What is convolved with a single one is what it was.
    expect(await bench.drawing("[data-part=after]")).toBe(drawings[0]);

    await part
      .locator("[type=file]")
      .setInputFiles({ name: "no.png", mimeType: "image/png", buffer: Buffer.from("no") });
    await expect.poll(() => part.locator("[data-part=status]").innerText()).toMatch(/^That cannot be shown: /);
    const camera = part.locator("[data-do=webcam]");
    await camera.click();
    await expect.poll(() => part.locator("[data-part=name]").innerText()).toMatch(/^webcam, /);
    const first = await bench.drawing("[data-part=after]");
    await expect.poll(() => bench.drawing("[data-part=after]")).not.toBe(first);
    await bench.turnTo("Cat");
    await expect.poll(() => camera.getAttribute("aria-pressed")).toBe("false");
  });

  it("the cat gallops to the right, and pauses", async () => {
    bench = await pages.open(undefined, "cat");
    const part = bench.page.locator("#cat");
    await bench.page.locator("#cat[data-state=shown]").waitFor();
    expect(await part.locator("[data-part=status]").innerText()).toMatch(/to the right: (5[5-9]|[67]\d) %/);
    const frame = () => part.getAttribute("data-shown");
    const before = await frame();
    await expect.poll(frame).not.toBe(before);
    await part.getByRole("button", { name: "Pause" }).click();
    await part.getByRole("button", { name: "Play" }).waitFor();
    await part.getByLabel("Photograph").fill("20");
    await expect.poll(frame).toBe("20");
    expect(await part.locator("[data-part=verdict]").innerText()).toMatch(
      /^Photograph 21: [\d.]+ pixels per frame to the right/,
    );
    expect(await bench.drawing("[data-part=answer]")).not.toBe(await bench.drawing("[data-part=movie]"));
    expect(await bench.changesIn(20)).toBe(false);
  });

  it("on a phone, dark, not isolated, calm: every part fits and works", async () => {
    bench = await pages.open(async (page, address) => {
      await page.setViewportSize({ width: 360, height: 740 });
      await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
      await plainly(page, address);
    });
    const light = (selector: string) =>
      bench.page.locator(selector).evaluate((shown) => getComputedStyle(shown).backgroundColor);
    expect(await light("body")).toBe("rgb(18, 22, 30)");
    expect(await bench.overflow()).toBe(0);
    await bench.type(SMALL);
    await bench.without("WebGPU");
    await bench.page.locator("#start").click();
    await bench.page.locator("#phase", { hasText: "round" }).waitFor();
    await bench.page.locator("#stop").click();
    await bench.until("stopped");
    await bench.page.locator("#plans summary").click();
    expect(await bench.overflow()).toBe(0);
    for (const name of await bench.page.getByRole("navigation").getByRole("link").allInnerTexts()) {
      await bench.turnTo(name);
      expect(await bench.overflow(), name).toBe(0);
    }
    await bench.turnTo("Picture");
    await bench.page.locator("#picture[data-state=shown]").waitFor();
    const cat = await bench.turnTo("Cat");
    await bench.page.locator("#cat[data-state=shown]").waitFor();
    // Who wants no motion starts it himself.
    expect(await cat.getByRole("button", { name: "Play" }).isVisible()).toBe(true);
    expect(await bench.overflow()).toBe(0);
  });
});
