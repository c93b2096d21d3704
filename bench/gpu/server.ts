// Serves the page of the GPU bench, cross-origin isolated, so that wasm has its workers.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createServer, type ViteDevServer } from "vite";

const repository = fileURLToPath(new URL("../..", import.meta.url));
const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
const OURS = ["comlink", "comlink/dist/esm/node-adapter.mjs", "@assemblyscript/loader"];
const TFJS = ["@tensorflow/tfjs-core", "@tensorflow/tfjs-backend-webgpu"];
const ONNX = "onnxruntime-web";

const isInstalled = (name: string) => existsSync(`${repository}bench/node_modules/${name}`);

/** Packages of the peers that `bench/` has not. */
export const missingPeers = (): string[] => [...TFJS, ONNX].filter((name) => !isInstalled(name));

export async function serve(): Promise<{ server: ViteDevServer; url: string }> {
  const server = await createServer({
    configFile: false,
    root: fileURLToPath(new URL("page", import.meta.url)),
    cacheDir: `${repository}node_modules/.cache/vite-bench-gpu`,
    logLevel: "silent",
    // The built package, as users get it.
    resolve: { alias: { simdconv: `${repository}dist/src/index.js` } },
    optimizeDeps: {
      // These look for their .wasm beside themselves.
      exclude: ["simdconv", ONNX],
      include: [...OURS, ...TFJS.filter(isInstalled)],
    },
    server: { host: "127.0.0.1", port: 0, headers: isolation, hmr: false, watch: null, fs: { allow: [repository] } },
  });
  await server.listen();
  return { server, url: server.resolvedUrls!.local[0] };
}
