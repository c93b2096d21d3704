// Serves the page of the suite from the repository, with headers as asked, and hears what the page tells.
import type { IncomingMessage } from "node:http";
import { fileURLToPath } from "node:url";
import { createServer, type Plugin, searchForWorkspaceRoot } from "vite";
import { root } from "../execute.ts";
import { TELL, type Told } from "./messages.ts";

export type Headers = Readonly<Record<string, string>>;
export const ISOLATED: Headers = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};
/** No eval, no script or worker from elsewhere, from `blob:` or `data:`. */
export const STRICT: Headers = {
  "Content-Security-Policy": "script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'",
};

export interface Served {
  /** Of a page of this repository. */
  url(path: string): string;
  close(): Promise<void>;
}

export async function serve(headers: Headers, hear: (told: Told) => void): Promise<Served> {
  const server = await createServer({
    configFile: false,
    root,
    cacheDir: fileURLToPath(new URL("../node_modules/.cache/vite", import.meta.url)),
    logLevel: "error",
    // JavaScriptCore has no `using` yet, which tests have; the built library has none.
    oxc: { target: "es2022" },
    resolve: { alias: { simdconv: `${root}dist/src/index.js` } },
    // Named here because a dependency that Vite meets late makes it reload the page in the middle of a check.
    optimizeDeps: {
      noDiscovery: true,
      include: ["comlink", "comlink/dist/esm/node-adapter.mjs", "@assemblyscript/loader", "fast-check"],
    },
    plugins: [listener(hear)],
    server: {
      host: "127.0.0.1",
      port: 0,
      headers,
      hmr: false,
      ws: false,
      watch: null,
      fs: { allow: [searchForWorkspaceRoot(root)] },
    },
  });
  await server.listen();
  const { port } = server.httpServer!.address() as { port: number };
  return { url: (path) => `http://127.0.0.1:${port}/${path}`, close: () => server.close() };
}

function listener(hear: (told: Told) => void): Plugin {
  return {
    name: "hears the page",
    configureServer({ middlewares }) {
      middlewares.use(TELL, async (request, response) => {
        hear(JSON.parse(await bodyOf(request)) as Told);
        response.end();
      });
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const piece of request.setEncoding("utf8")) body += piece;
  return body;
}
