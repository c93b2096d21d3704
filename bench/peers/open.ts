// All peers that this machine can run, and by name those that it cannot, with the reason.
import type { Library } from "./peer.ts";

export type Sources = Readonly<Record<string, () => Promise<{ open(threads: number): Promise<Library> }>>>;

/** What serves images with large filters, one thread each. */
export const opPeers: Sources = {
  "OpenCV.js": () => import("./opencv.ts"),
  "onnxruntime-web": () => import("./onnxruntime.ts"),
  scipy: () => import("./scipy.ts"),
};

/** What has transposed convolutions, that is gradients with respect to inputs; TensorFlow.js's is a plain loop. */
export const gradientPeers: Sources = {
  "onnxruntime-web": () => import("./onnxruntime.ts"),
  litert: () => import("./litert.ts"),
};

/** What serves the layers of networks, in Node as in a page. */
export const wasmLayerPeers: Sources = {
  "tfjs-wasm": () => import("./tfjs-wasm.ts"),
  "onnxruntime-web": () => import("./onnxruntime.ts"),
  litert: () => import("./litert.ts"),
};

export const layerPeers: Sources = {
  ...wasmLayerPeers,
  "onnxruntime-node": () => import("./onnxruntime-node.ts"),
};

export interface Field {
  readonly libraries: readonly Library[];
  /** "OpenCV.js 4.12.0", "scipy: not here (spawn python3 ENOENT)". */
  readonly notes: readonly string[];
}

export async function openPeers(sources: Sources, threads = 1): Promise<Field> {
  const libraries: Library[] = [];
  const notes: string[] = [];
  for (const [name, source] of Object.entries(sources)) {
    try {
      const library = await (await source()).open(threads);
      libraries.push(library);
      notes.push(`${name} ${library.version}`);
    } catch (error) {
      notes.push(`${name}: not here (${error instanceof Error ? error.message.split("\n")[0] : error})`);
    }
  }
  return { libraries, notes };
}
