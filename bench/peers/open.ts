// All peers that this machine can run, and by name those that it cannot, with the reason.
import type { Library } from "./peer.ts";

const SOURCES: Readonly<Record<string, () => Promise<{ open(): Promise<Library> }>>> = {
  "OpenCV.js": () => import("./opencv.ts"),
  "onnxruntime-web": () => import("./onnxruntime.ts"),
  scipy: () => import("./scipy.ts"),
};

export interface Field {
  readonly libraries: readonly Library[];
  /** "OpenCV.js 4.12.0", "scipy: not here (spawn python3 ENOENT)". */
  readonly notes: readonly string[];
}

export async function openPeers(): Promise<Field> {
  const libraries: Library[] = [];
  const notes: string[] = [];
  for (const [name, source] of Object.entries(SOURCES)) {
    try {
      const library = await (await source()).open();
      libraries.push(library);
      notes.push(`${name} ${library.version}`);
    } catch (error) {
      notes.push(`${name}: not here (${error instanceof Error ? error.message.split("\n")[0] : error})`);
    }
  }
  return { libraries, notes };
}
