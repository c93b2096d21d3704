// Vulkan drivers for runtimes that bring none: the one that the environment names, else those in software.
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { findChromium } from "../../scripts/find-chromium.ts";

export interface Driver {
  readonly name: string;
  readonly environment: Readonly<Record<string, string>>;
}

export const NO_DRIVER =
  "no Vulkan driver: VK_DRIVER_FILES names none, there is no lavapipe, and no Chromium with its SwiftShader";

const SYSTEM = "/usr/share/vulkan/icd.d";

/** The best first. */
export async function drivers(): Promise<readonly Driver[]> {
  const named = process.env.VK_DRIVER_FILES ?? process.env.VK_ICD_FILENAMES;
  if (named) return [{ name: named, environment: {} }];
  return [...lavapipe(), ...(await swiftshader())];
}

/** Mesa's, from the package mesa-vulkan-drivers. */
function lavapipe(): Driver[] {
  if (!existsSync(SYSTEM)) return [];
  const files = readdirSync(SYSTEM).filter((file) => /^lvp_icd.*\.json$/.test(file));
  return files.slice(0, 1).map((file) => ({ name: "lavapipe", environment: { VK_ICD_FILENAMES: join(SYSTEM, file) } }));
}

/** Chromium brings it along. */
async function swiftshader(): Promise<Driver[]> {
  const { found } = await findChromium();
  const folder = found && dirname(found.executablePath);
  const file = folder && join(folder, "vk_swiftshader_icd.json");
  if (!file || !existsSync(file)) return [];
  return [{ name: "SwiftShader", environment: { LD_LIBRARY_PATH: folder, VK_ICD_FILENAMES: file } }];
}
