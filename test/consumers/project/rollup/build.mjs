import { nodeResolve } from "@rollup/plugin-node-resolve";
import { importMetaAssets } from "@web/rollup-plugin-import-meta-assets";
import { rollup } from "rollup";

async function bundle(input, dir, plugins) {
  const built = await rollup({
    input,
    plugins: [nodeResolve({ browser: true }), ...plugins],
    onwarn: ({ message }) => {
      throw new Error(message); // a user would see it
    },
  });
  await built.write({ dir, format: "es", entryFileNames: "main.js" });
}

await bundle("../main.js", "out/assets", [importMetaAssets()]);
await bundle("../main-inline.js", "out/inline", []);
