// The bench page, served by Vite and opened in a browser: what a test does with it and reads from it.
import { type Browser, chromium, type Locator, type Page } from "playwright";
import { createServer, type ViteDevServer } from "vite";

type Prepare = (page: Page, address: string) => Promise<void>;
type Shape = Readonly<Record<string, number | string>>;

/** Serves the page without the headers that isolate it. */
export async function plainly(page: Page, address: string): Promise<void> {
  await page.route(`${address}*`, async (route) => {
    const response = await route.fetch();
    const headers = Object.entries(response.headers()).filter(([name]) => !name.startsWith("cross-origin-"));
    await route.fulfill({ response, headers: Object.fromEntries(headers) });
  });
}

/** A camera that shows a test picture and asks nobody; WebGPU where there is no driver, computed by the processor. */
const CHROMIUM_ARGS = [
  "--use-fake-device-for-media-stream",
  "--use-fake-ui-for-media-stream",
  "--enable-unsafe-webgpu",
];
const PERMISSIONS = ["clipboard-read", "clipboard-write"];

/** One server and one browser for a file of tests. */
export class BenchPages {
  private readonly server: ViteDevServer;
  private readonly browser: Browser;

  private constructor(server: ViteDevServer, browser: Browser) {
    this.server = server;
    this.browser = browser;
  }

  static async start(executablePath: string): Promise<BenchPages> {
    const server = await createServer({
      configFile: "bench/page/vite.config.ts",
      logLevel: "error",
      server: { port: 0 },
    });
    await server.listen();
    return new BenchPages(server, await chromium.launch({ executablePath, args: CHROMIUM_ARGS }));
  }

  get address(): string {
    return this.server.resolvedUrls!.local[0];
  }

  /** A page, opened when `prepare` is done with it; `part` is the tab to begin with. */
  async open(prepare: Prepare = async () => {}, part = "compare"): Promise<BenchPage> {
    const bench = new BenchPage(await this.browser.newPage({ permissions: PERMISSIONS }));
    await prepare(bench.page, this.address);
    await bench.page.goto(`${this.address}#/${part}`);
    if (part === "compare") await bench.until("ready");
    return bench;
  }

  async end(): Promise<void> {
    await this.browser.close();
    await this.server.close();
  }
}

export class BenchPage {
  readonly page: Page;
  /** What the page threw, warned of or could not load; what the browser itself says of its WebGPU is not the page's. */
  readonly complaints: string[] = [];

  constructor(page: Page) {
    this.page = page;
    page.on("pageerror", (error) => this.complaints.push(error.message));
    page.on("requestfailed", (request) => this.complaints.push(`${request.url()} failed`));
    page.on("console", (message) => {
      const bad = message.type() === "error" || message.type() === "warning";
      if (bad && !/WebGPU/.test(message.text())) this.complaints.push(message.text());
    });
  }

  until(state: string): Promise<void> {
    return this.page.locator(`#compare[data-state=${state}]`).waitFor();
  }

  text(selector: string): Promise<string> {
    return this.page.locator(selector).innerText();
  }

  /** A figure of one entry's row. */
  cell(entry: string, name: string): Promise<string> {
    return this.text(`tr[data-entry=${entry}] .${name}`);
  }

  field(name: string): Locator {
    return this.page.locator(`#shape [name=${name}]`);
  }

  async type(shape: Shape): Promise<void> {
    for (const [name, value] of Object.entries(shape)) {
      if (name === "border") await this.field(name).selectOption(String(value));
      else await this.field(name).fill(String(value));
    }
  }

  /** Shows a part of the page by its tab. */
  async turnTo(name: string): Promise<Locator> {
    await this.page.getByRole("navigation").getByRole("link", { name }).click();
    return this.page.locator(`#${name.toLowerCase()}`);
  }

  async without(entry: string): Promise<void> {
    await this.page.getByRole("checkbox", { name: entry }).uncheck();
  }

  /** What a canvas shows, as a string to be compared. */
  drawing(selector: string): Promise<string> {
    return this.page.locator(selector).evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
  }

  /** How far the page is wider than its window. */
  overflow(): Promise<number> {
    return this.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  }

  /** Whether anything on the page changes while it draws `frames` frames. */
  changesIn(frames: number): Promise<boolean> {
    return this.page.evaluate(async (count) => {
      let changed = false;
      const observer = new MutationObserver(() => {
        changed = true;
      });
      observer.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
      for (let i = 0; i < count; i++) await new Promise(requestAnimationFrame);
      observer.disconnect();
      return changed;
    }, frames);
  }
}
