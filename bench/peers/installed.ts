// Where the files of an installed package are, for libraries that load their own: a path in Node, an address in a page.

export const inNode = "process" in globalThis;

const builtin = (name: string) => process.getBuiltinModule(name);

export function installed(path: string): string {
  // Not written out in the call: a bundler would take that for a file to bundle.
  const place = `../node_modules/${path}`;
  const url = new URL(place, import.meta.url);
  return inNode ? (builtin("node:url") as typeof import("node:url")).fileURLToPath(url) : url.href;
}

/** Of a package that does not say it itself. */
export async function versionOf(name: string): Promise<string> {
  const path = installed(`${name}/package.json`);
  const text = inNode
    ? (builtin("node:fs") as typeof import("node:fs")).readFileSync(path, "utf8")
    : await (await fetch(path)).text();
  return JSON.parse(text).version;
}
