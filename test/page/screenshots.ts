// npm run page:screenshots: the pictures of the bench page in docs/images, made anew by using it.
import type { Locator } from "playwright";
import sharp from "sharp";
import { findChromium } from "../../scripts/find-chromium.ts";
import { BenchPages } from "./bench-page.ts";

interface Shot {
  readonly file: string;
  readonly part: string;
  readonly scheme: "light" | "dark";
  readonly width: number;
  readonly height: number;
  /** What there is to see. */
  show(part: Locator): Promise<void>;
}

const stateOf = (part: Locator, state: string) => part.and(part.page().locator(`[data-state=${state}]`)).waitFor();

const SHOTS: readonly Shot[] = [
  {
    file: "bench-page",
    part: "compare",
    scheme: "light",
    width: 1280,
    height: 1000,
    show: async (part) => {
      // Here it is computed by the processor, which says nothing of a GPU.
      await part.getByRole("checkbox", { name: "WebGPU" }).uncheck();
      await part.locator("#start").click();
      await stateOf(part, "done");
    },
  },
  {
    file: "bench-page-crossover",
    part: "crossover",
    scheme: "dark",
    width: 1280,
    height: 830,
    show: async (part) => {
      await part.getByRole("button", { name: "Measure" }).click();
      await stateOf(part, "done");
      await part.page().mouse.move(0, 0);
    },
  },
  {
    file: "bench-page-cat",
    part: "cat",
    scheme: "light",
    width: 820,
    height: 1130,
    show: async (part) => {
      await stateOf(part, "shown");
      await part.getByRole("button", { name: "Pause" }).click();
      await part.getByLabel("Photograph").fill("16");
    },
  },
  {
    file: "bench-page-phone",
    part: "picture",
    scheme: "dark",
    width: 360,
    height: 920,
    show: async (part) => {
      await stateOf(part, "shown");
    },
  },
];

const { found, tried } = await findChromium();
if (!found) throw new Error(`no Chromium found, tried ${tried.join(", ")}`);
const pages = await BenchPages.start(found.executablePath);
try {
  for (const { file, part, scheme, width, height, show } of SHOTS) {
    const { page } = await pages.open(async (page) => {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme: scheme });
    }, part);
    await show(page.locator(`#${part}`));
    // Charts glide to where they belong.
    await page.waitForTimeout(500);
    // 256 colours are plenty, and a third of the bytes.
    const path = `docs/images/${file}.png`;
    await sharp(await page.screenshot())
      .png({ palette: true })
      .toFile(path);
    await page.close();
    console.log(`written   ${path}`);
  }
} finally {
  await pages.end();
}
