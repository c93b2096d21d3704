/** `npm run page`: the bench page, served with the headers that let its workers share memory. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { serveDigits } from "./lenet/serve.ts";

const repository = fileURLToPath(new URL("../..", import.meta.url));
const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  cacheDir: `${repository}node_modules/.cache/vite-page`,
  // The built package, as users get it; bench/ has a package.json of its own, so the name does not reach it by itself.
  resolve: { alias: { simdconv: `${repository}dist/src/index.js` } },
  // Not bundled, so that its `new URL("….wasm", import.meta.url)` find their files; what it imports is, ahead of time,
  // because a dependency that Vite meets late makes it reload the page.
  optimizeDeps: {
    exclude: ["simdconv"],
    include: ["comlink", "comlink/dist/esm/node-adapter.mjs", "@assemblyscript/loader", "chart.js"],
  },
  plugins: [serveDigits()],
  server: { headers: isolation, fs: { allow: [repository] } },
});
