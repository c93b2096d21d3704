// The part of `npm run bench` that stands beside other libraries: here, or in a page of Chromium.
import { inChromium } from "./browser/run.ts";
import { library } from "./library.ts";
import type { OpFindings } from "./ops.ts";
import type { PeerCase } from "./peer-cases.ts";
import { runContests } from "./peer-contests.ts";
import { peerFigures, peerTables } from "./peer-report.ts";
import { layerPeers } from "./peers/open.ts";
import type { Asked, Told } from "./peers/page/main.ts";
import type { Binary } from "./runtime.ts";

export interface PeerOptions {
  readonly binary: Binary;
  readonly threads: number;
  readonly quick: boolean;
  readonly chromium: boolean;
}

const packages = {
  bundled: ["@tensorflow/tfjs-core", "@tensorflow/tfjs-backend-wasm"],
  asTheyAre: ["onnxruntime-web", "@litertjs/core"],
};

async function here(cases: readonly PeerCase[], { binary, threads, quick }: PeerOptions) {
  const { createEngine } = await library();
  // This thread computes too.
  const engine = await createEngine({ binary, device: "wasm", workers: threads - 1 });
  try {
    const found = await runContests(cases, { engine, sources: layerPeers, threads, quick }, console.log);
    return { ...found, binary, browser: "" };
  } finally {
    await engine.dispose();
  }
}

const there = (cases: readonly PeerCase[], { threads, quick }: PeerOptions) =>
  inChromium<Asked, Told>(
    { folder: "peers/page", packages },
    { names: cases.map(({ of }) => of.name), threads, quick },
  );

export async function measurePeers(cases: readonly PeerCase[], options: PeerOptions): Promise<OpFindings> {
  const found = await (options.chromium ? there : here)(cases, options);
  const threads = options.threads === 1 ? "one thread each" : `${options.threads} threads each`;
  const where = `${found.browser === "" ? "" : `in ${found.browser}, `}${threads}, ours ${found.binary}`;
  const { rows, failures } = found;
  if (rows.length === 0) return { tables: [], promised: [], failures };
  return { tables: peerTables(found, where, options.threads), promised: peerFigures(rows), failures };
}
