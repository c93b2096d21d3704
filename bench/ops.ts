// The op part of `npm run bench`: every contest that was asked for, one after the other, and the memory of a long movie.
import type { Case } from "./cases.ts";
import {
  type FilterGradientTimes,
  filterGradientFigures,
  filterGradientTable,
  measureFilterGradient,
} from "./filter-gradients.ts";
import { type GradientTimes, gradientFigures, gradientTable, measureGradient } from "./gradients.ts";
import { library } from "./library.ts";
import { type Contest, contests, longMovie, type OpCase, workOf } from "./op-cases.ts";
import { measureOp, type OpTimes } from "./op-contest.ts";
import { type MemoryUse, memoryOf } from "./op-memory.ts";
import { besideTable, opFigures, opTable } from "./op-report.ts";
import { opEffort } from "./op-rounds.ts";
import { rowText, Series } from "./op-series.ts";
import { type Field, gradientPeers, openPeers, opPeers } from "./peers/open.ts";
import { type Figure, show } from "./report.ts";
import type { Binary } from "./runtime.ts";

export interface OpFindings {
  readonly tables: readonly string[];
  readonly promised: readonly Figure[];
  readonly failures: readonly string[];
}

export const noOps: OpFindings = { tables: [], promised: [], failures: [] };

/** --quick leaves out what takes seconds a call. */
const QUICK_WORK = 6e8;
const QUICK_SIDE = 1024;

export function chosenContests(matches: (name: string) => boolean, everything: boolean): Contest[] {
  const chosen = contests.filter(({ of, beside }) => matches(of.name) || (beside && matches(beside.name)));
  if (everything) return chosen;
  return chosen.filter(({ of }) => workOf(of.sum) <= QUICK_WORK && Math.max(...of.sum.image) <= QUICK_SIDE);
}

/** Whose memory is looked at; two seconds. */
export const chosenMovies = (matches: (name: string) => boolean): OpCase[] =>
  [longMovie("valid"), longMovie("half")].filter(({ name }) => matches(name));

export interface Chosen {
  readonly ops: readonly Contest[];
  readonly movies: readonly OpCase[];
  readonly gradients: readonly Case[];
  readonly filterGradients: readonly Case[];
}

export async function measureOps(
  { ops, movies, gradients, filterGradients }: Chosen,
  binary: Binary,
  quick: boolean,
): Promise<OpFindings> {
  const { createEngine } = await library();
  const field = await openPeers(ops.length + filterGradients.length > 0 ? opPeers : {});
  const transposing = await openPeers(gradients.length > 0 ? gradientPeers : {});
  const libraries = [...field.libraries, ...transposing.libraries];
  const notes = [...new Set([...field.notes, ...transposing.notes])];
  console.log(`peers: ${notes.join(", ") || "none asked"}`);
  const peersOf = ({ libraries }: Field) => libraries.flatMap(({ peers }) => peers);
  const rows: OpTimes[] = [];
  const backward: GradientTimes[] = [];
  const wrtFilters: FilterGradientTimes[] = [];
  const used: MemoryUse[] = [];
  const series = new Series(console.log);
  const engine = await createEngine({ binary, workers: 0 });
  try {
    for (const contest of ops) {
      await series.attempt(contest.of.name, async () => {
        const row = await measureOp(contest, engine, peersOf(field), opEffort[quick ? "quick" : "full"]);
        rows.push(row);
        console.log(rowText(row));
      });
    }
    for (const layer of gradients) {
      await series.attempt(`gradient of ${layer.name}`, async () => {
        const row = await measureGradient(engine, layer, peersOf(transposing), opEffort[quick ? "quick" : "full"]);
        backward.push(row);
        console.log(
          `gradient wrt inputs, ${layer.network} ${layer.name}: ${row.checked} checked, ${show.digits(row.ms)} ms, forward ${show.digits(row.forwardMs)}, rate ${show.ratio(row.ratio)}${row.peers.map(({ name, ms, ratio }) => `, ${name} ${show.digits(ms)}: ${show.ratio(ratio)}`).join("")}`,
        );
      });
    }
    for (const layer of filterGradients) {
      await series.attempt(`gradient wrt filters of ${layer.name}`, async () => {
        const row = await measureFilterGradient(
          engine,
          binary,
          layer,
          peersOf(field),
          opEffort[quick ? "quick" : "full"],
        );
        wrtFilters.push(row);
        const against =
          row.ratio === undefined ? "" : `, onnxruntime-web ${show.digits(row.peerMs!)}: ${show.ratio(row.ratio)}`;
        console.log(
          `gradient wrt filters, ${layer.network} ${layer.name}: ${row.checked} checked, ${show.digits(row.ms)} ms, ${show.percent(row.ofPeak)} of the peak${against}`,
        );
      });
    }
    for (const of of movies) await series.attempt(of.name, async () => void used.push(await memoryOf(of, binary)));
  } finally {
    await engine.dispose();
    for (const library of libraries) await library.close();
  }
  const { failures } = series;
  if (rows.length + used.length + backward.length + wrtFilters.length === 0) return { ...noOps, failures };
  const beside = besideTable(rows);
  const forward = [opTable(rows), ...(beside ? [beside] : [])];
  const tables = [
    ...(notes.length > 0 ? [`Peers, one thread each: ${notes.join(", ")}.`] : []),
    ...(rows.length + used.length > 0 ? forward : []),
    ...(backward.length > 0 ? [gradientTable(backward)] : []),
    ...(wrtFilters.length > 0 ? [filterGradientTable(wrtFilters)] : []),
  ];
  return {
    tables,
    promised: [...opFigures(rows, used), ...gradientFigures(backward), ...filterGradientFigures(wrtFilters)],
    failures,
  };
}
