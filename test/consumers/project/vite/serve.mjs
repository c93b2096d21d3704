// `node serve.mjs <package of Vite> <dev or build> [packages not to be prebundled]`: prints where the pages are.
const [name, how, ...exclude] = process.argv.slice(2);
const { build, createServer, preview } = await import(name);

const headers = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
const key = [name, how, ...exclude].join("-");
const config = {
  root: "app",
  configFile: false,
  logLevel: "warn",
  cacheDir: `../../node_modules/.${key}`,
  optimizeDeps: { exclude },
  server: { headers, port: 0 },
  preview: { headers, port: 0 },
  build: { outDir: `../out/${key}`, rollupOptions: { input: ["app/index.html", "app/files.html"] } },
};
if (how === "build") await build(config);
const server = how === "build" ? await preview(config) : await (await createServer(config)).listen();
console.log(`at ${server.resolvedUrls.local[0]}`);
