// LiteRT is made for pages: it loads its script by `importScripts` and looks for a GPU. Here is what it needs to start in Node.
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

/** A page's globals, while it loads. */
interface Page {
  self?: unknown;
  importScripts?: (path: string) => void;
  ModuleFactory?: unknown;
  Module?: { locateFile?: (file: string) => string };
}

/** `files`: its folder of scripts; `script`: the one that it will ask for. */
export async function loadInNode(
  files: string,
  script: string,
  load: () => Promise<unknown>,
): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "simdconv-litert-"));
  // The package says that all of its scripts are modules; this one, which its threads start with as well, is none.
  const copy = join(folder, `${basename(script, ".js")}.cjs`);
  await copyFile(join(files, script), copy);
  const page = globalThis as Page;
  const { warn } = console;
  page.self = globalThis;
  page.importScripts = () => {
    page.ModuleFactory = createRequire(import.meta.url)(copy);
    page.Module = { ...page.Module, locateFile: (file) => join(files, file) };
  };
  // There is no GPU, and it says so.
  console.warn = () => {};
  try {
    await load();
  } finally {
    console.warn = warn;
    delete page.self;
    delete page.importScripts;
  }
  return () => rm(folder, { recursive: true });
}
