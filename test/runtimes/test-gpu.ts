// `npm run test:gpu`: gpu.ts under Node with the npm package `webgpu`, which is large and therefore the GPU bench's own; it is installed
// there if need be. Says which driver and adapter it was; the exit code says whether all was right, or nothing could be run.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execute, root } from "./execute.ts";
import { type Driver, drivers, NO_DRIVER } from "./vulkan.ts";

const PACKAGE = join(root, "bench/gpu-node");
const INSTALL_MS = 300_000;
const RUN_MS = 300_000;
const PROGRAM = fileURLToPath(new URL("gpu-node.ts", import.meta.url));

/** Whether it ran to its end, right or wrong; false if this driver is none for Dawn. */
async function runOn({ name, environment }: Driver): Promise<boolean> {
  console.log(`Node ${process.versions.node}, npm package webgpu, driver: ${name}`);
  const { code, output } = await execute(process.execPath, ["--import", "tsx", PROGRAM], RUN_MS, true, environment);
  if (code !== 0 && output.includes("offers no adapter")) return false;
  if (code === null) console.log(`stopped after ${RUN_MS / 1000} s, or crashed`);
  process.exitCode = code === 0 ? 0 : 1;
  const [passed, failed] = code === 0 ? [1, 0] : [0, 1];
  console.log(
    `\nNode ${process.versions.node}: ${passed} passed, ${failed} failed; WebGPU by the npm package webgpu on ${name}`,
  );
  return true;
}

async function main(): Promise<void> {
  if (!existsSync(join(root, "dist/src/index.js"))) throw new Error("there is no build: npm run build");
  if (!existsSync(join(PACKAGE, "node_modules/webgpu"))) {
    const installed = await execute("npm", ["ci", "--prefix", PACKAGE, "--no-audit"], INSTALL_MS, false);
    if (installed.code !== 0) throw new Error(`npm ci --prefix bench/gpu-node failed:\n${installed.output}`);
  }
  const found = await drivers();
  for (const driver of found) if (await runOn(driver)) return;
  throw new Error(found.length === 0 ? NO_DRIVER : "no driver that Dawn takes");
}

await main().catch((error) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
