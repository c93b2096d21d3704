// Pages of consumers: static servers with this or that header, and what a page in Chromium says in the end.
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { type Browser, chromium } from "playwright";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};
const PAGE_MS = 40_000;

export class Pages {
  private readonly browser: Browser;
  private readonly servers: Server[] = [];

  private constructor(browser: Browser) {
    this.browser = browser;
  }

  static async start(executablePath: string): Promise<Pages> {
    return new Pages(await chromium.launch({ executablePath }));
  }

  /** Serve a folder; what is not there is answered as many servers do, with a page. Returns the origin. */
  async serve(folder: string, headers: Readonly<Record<string, string>>): Promise<string> {
    const server = createServer(async ({ url }, response) => {
      const path = normalize(decodeURIComponent(new URL(url!, "http://server").pathname));
      try {
        const body = await readFile(join(folder, path));
        response.writeHead(200, { ...headers, "content-type": TYPES[extname(path)] ?? "application/octet-stream" });
        response.end(body);
      } catch {
        response.writeHead(404, { ...headers, "content-type": "text/html" }).end("<!doctype html>not here");
      }
    });
    this.servers.push(server);
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** What the page says when it is done. */
  async read(url: string): Promise<string> {
    const page = await this.browser.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    try {
      await page.goto(url, { timeout: PAGE_MS });
      await page.waitForFunction(() => document.title === "done", undefined, { timeout: PAGE_MS });
      return await page.evaluate(() => document.body.textContent ?? "");
    } catch (error) {
      return `${(error as Error).message}\n${complaints.join("\n")}`;
    } finally {
      await page.close();
    }
  }

  async end(): Promise<void> {
    await this.browser.close();
    for (const server of this.servers) server.close();
  }
}
