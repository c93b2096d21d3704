// Our layers beside other libraries, in Node or in a page: what runs there, and nothing of where its findings go.
import type { Engine } from "./library.ts";
import { type Contest, workOf } from "./op-cases.ts";
import { measureOp, type OpTimes } from "./op-contest.ts";
import { type ContestEffort, opEffort } from "./op-rounds.ts";
import { rowText, Series } from "./op-series.ts";
import { type PeerCase, peerCases } from "./peer-cases.ts";
import { openPeers, type Sources } from "./peers/open.ts";
import { startPool } from "./pool.ts";

/** Everyone has a column of the table, so that all but the slowest take part in the rounds. */
const peerEffort: Record<"full" | "quick", ContestEffort> = {
  full: { ...opEffort.full, hopeless: 6 },
  quick: { ...opEffort.quick, hopeless: 6 },
};

/** --quick leaves out what takes long. */
const QUICK_WORK = 6e8;

export function chosenPeerCases(matches: (name: string) => boolean, everything: boolean): PeerCase[] {
  const chosen = peerCases.filter(({ of }) => matches(of.name));
  return everything ? chosen : chosen.filter(({ of }) => workOf(of.sum) <= QUICK_WORK);
}

export interface PeerFindings {
  readonly rows: readonly OpTimes[];
  /** "tfjs-wasm 4.22.0", "litert: not here (…)" */
  readonly notes: readonly string[];
  /** "tfjs-wasm: what its time holds" */
  readonly inside: readonly string[];
  /** In the order of the columns. */
  readonly names: readonly string[];
  readonly failures: readonly string[];
}

export interface Conditions {
  readonly engine: Engine;
  readonly sources: Sources;
  readonly threads: number;
  readonly quick: boolean;
}

async function wakePool(engine: Engine): Promise<void> {
  const shape = [1, 16, 64, 64];
  const images = engine.tensor(shape);
  const filters = engine.tensor([16, 16, 3, 3]);
  await startPool(engine, () => engine.nnet.conv2d(images, filters, { openmp: true }));
  for (const tensor of [images, filters]) tensor.dispose();
}

export async function runContests(
  contests: readonly Contest[],
  { engine, sources, threads, quick }: Conditions,
  tell: (line: string) => void,
): Promise<PeerFindings> {
  if (threads > 1) await wakePool(engine);
  const { libraries, notes } = await openPeers(sources, threads);
  tell(`peers: ${notes.join(", ")}`);
  const peers = libraries.flatMap((library) => library.peers);
  const rows: OpTimes[] = [];
  const series = new Series(tell);
  try {
    for (const contest of contests) {
      await series.attempt(contest.of.name, async () => {
        const row = await measureOp(contest, engine, peers, peerEffort[quick ? "quick" : "full"], threads);
        rows.push(row);
        tell(rowText(row));
      });
    }
  } finally {
    for (const library of libraries) await library.close();
  }
  const inside = peers.flatMap((peer) => (peer.inside ? [`${peer.name}: ${peer.inside}`] : []));
  return { rows, notes, inside, names: peers.map(({ name }) => name), failures: series.failures };
}
