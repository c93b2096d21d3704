// The few things that a test must do differently in Node and on a page.

export const isNode = typeof process === "object" && typeof process.versions?.node === "string";

export async function readBytes(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  if (isNode) {
    const name = "node:fs/promises";
    const { readFile } = (await import(/* @vite-ignore */ name)) as typeof import("node:fs/promises");
    return Uint8Array.from(await readFile(url));
  }
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** A variable of the environment; a page has its address's query. */
export function environment(name: string): string | undefined {
  return isNode ? process.env[name] : (new URLSearchParams(location.search).get(name) ?? undefined);
}
