// The page that `npm run bench -- --peers --chromium` drives.
import { createEngine } from "simdconv";
import { peerCases } from "../../peer-cases.ts";
import { type PeerFindings, runContests } from "../../peer-contests.ts";
import { wasmLayerPeers } from "../open.ts";

export interface Asked {
  /** Of the cases. */
  readonly names: readonly string[];
  readonly threads: number;
  readonly quick: boolean;
}

export interface Told extends PeerFindings {
  readonly binary: string;
}

async function runBench({ names, threads, quick }: Asked): Promise<Told> {
  // A page's own thread must not block: it lets its workers compute.
  const engine = await createEngine({ device: "wasm", workers: threads === 1 ? 0 : threads });
  const contests = peerCases.filter(({ of }) => names.includes(of.name));
  const conditions = { engine, sources: wasmLayerPeers, threads, quick };
  const found = await runContests(contests, conditions, (line) => console.info(line));
  const { binary } = engine.capabilities().using;
  await engine.dispose();
  return { ...found, binary };
}

Object.assign(globalThis, { runBench });
