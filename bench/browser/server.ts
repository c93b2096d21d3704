// Serves a page of the benches, cross-origin isolated, so that wasm has its workers.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createServer, type ViteDevServer } from "vite";

const repository = fileURLToPath(new URL("../..", import.meta.url));
const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
const OURS = ["comlink", "comlink/dist/esm/node-adapter.mjs", "@assemblyscript/loader"];

const isInstalled = (name: string) => existsSync(`${repository}bench/node_modules/${name}`);

/** What a page is made of beside this repository. */
export interface Packages {
  /** Bundled when the server starts. */
  readonly bundled: readonly string[];
  /** Served as they are: they look for their .wasm beside themselves. */
  readonly asTheyAre: readonly string[];
}

/** Packages that `bench/` has not. */
export const missing = ({ bundled, asTheyAre }: Packages): string[] =>
  [...bundled, ...asTheyAre].filter((name) => !isInstalled(name));

/** `folder` of `bench/`, with an index.html. */
export async function serve(folder: string, packages: Packages): Promise<{ server: ViteDevServer; url: string }> {
  const server = await createServer({
    configFile: false,
    root: `${repository}bench/${folder}`,
    cacheDir: `${repository}node_modules/.cache/vite-bench-${folder.replaceAll("/", "-")}`,
    logLevel: "silent",
    // The built package, as users get it.
    resolve: { alias: { simdconv: `${repository}dist/src/index.js` } },
    optimizeDeps: {
      exclude: ["simdconv", ...packages.asTheyAre],
      include: [...OURS, ...packages.bundled.filter(isInstalled)],
    },
    server: { host: "127.0.0.1", port: 0, headers: isolation, hmr: false, watch: null, fs: { allow: [repository] } },
  });
  await server.listen();
  return { server, url: server.resolvedUrls!.local[0] };
}
