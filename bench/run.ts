// `npm run bench`: our layers on every binary, against the register peak, and the other ops against their peers; on demand, our layers
// against other libraries. How to read it: README.md.
import { spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Case, cases } from "./cases.ts";
import { chosenChoices, measureChoices } from "./choice.ts";
import { crossoverFigures, crossoverTable, measureCrossover } from "./crossover.ts";
import { figures, markedLayers } from "./figures.ts";
import { chosenFilterGradients } from "./filter-gradients.ts";
import { chosenGradients } from "./gradients.ts";
import { type Benches, Limits, measure, prepareBenches } from "./measure.ts";
import { chosenContests, chosenMovies, measureOps, type OpFindings } from "./ops.ts";
import { compilePeaks } from "./peak.ts";
import { chosenPeerCases } from "./peer-contests.ts";
import { measurePeers } from "./peers-run.ts";
import { type CaseTimes, caseTable, figureTable, limitTable, networkTable, show } from "./report.ts";
import { best, effort, gflops } from "./rounds.ts";
import { allowRelaxed, availableBinaries, type Binary, binaries, runtimeName } from "./runtime.ts";
import { measureScaling, scalingFigures, scalingTable } from "./scaling.ts";
import { memoryOverRuns, timeTiny } from "./small-ops.ts";

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    filter: { type: "string", default: "" },
    binary: { type: "string", multiple: true, default: [] },
    layers: { type: "boolean", default: false },
    ops: { type: "boolean", default: false },
    peers: { type: "boolean", default: false },
    /** Every candidate of every layer. */
    choice: { type: "boolean", default: false },
    /** With --peers: of everyone. */
    threads: { type: "string", default: "1" },
    /** With --peers: in a page. */
    chromium: { type: "boolean", default: false },
    here: { type: "boolean", default: false },
  },
});
/** No flag: layers and ops. The peers of the layers only on demand. */
const some = flags.layers || flags.ops || flags.peers || flags.choice;
const wanted = { layers: flags.layers || !some, ops: flags.ops || !some, peers: flags.peers, choice: flags.choice };
const threads = Number(flags.threads);
const budget = flags.quick ? effort.quick : effort.full;

/** Relaxed figures come from a current Node; this file starts itself there unless told to stay. */
function underCurrentNode(): number {
  const node = fileURLToPath(new URL("node_modules/node/bin/node", import.meta.url));
  const self = fileURLToPath(import.meta.url);
  const child = spawnSync(node, ["--expose-gc", self, ...process.argv.slice(2), "--here"], { stdio: "inherit" });
  if (child.error) throw child.error;
  return child.status ?? 1;
}

/** `--filter` matches "ResNet-50 3×3 64→64 @56" and its plain spelling "ResNet-50 3x3 64->64 @56". */
function matches(name: string): boolean {
  const pattern = new RegExp(flags.filter, "i");
  return pattern.test(name) || pattern.test(name.replaceAll("×", "x").replaceAll("→", "->"));
}

/** What is to be measured: layers, op cases, movies of which only the memory counts, and layers beside peers. */
function choose() {
  const everything = !flags.quick || flags.filter !== "";
  const layers = wanted.layers ? cases.filter(({ network, name }) => matches(`${network} ${name}`)) : [];
  const ops = wanted.ops ? chosenContests(matches, everything) : [];
  const movies = wanted.ops && everything ? chosenMovies(matches) : [];
  const besidePeers = wanted.peers ? chosenPeerCases(matches, everything) : [];
  const gradients = wanted.ops ? chosenGradients(matches) : [];
  const filterGradients = wanted.ops ? chosenFilterGradients(matches) : [];
  const ofOps = ops.length + movies.length + gradients.length + filterGradients.length;
  const choices = wanted.choice ? chosenChoices(matches) : [];
  if (layers.length + ofOps + besidePeers.length + choices.length === 0)
    throw new Error(`no case matches --filter ${flags.filter}`);
  return { layers, ops, movies, besidePeers, gradients, filterGradients, ofOps, choices };
}

/** The pool: its tables, and its figures. Left out where only some cases were asked for. */
async function measurePool(top: Binary) {
  if (flags.filter !== "") return { tables: [], promised: [] };
  const scaling = await measureScaling(top, budget, flags.quick);
  console.log(`two threads: ${scaling.layers.length} layers`);
  const crossover = await measureCrossover(top, budget, flags.quick);
  console.log(`openmp on, off and unset: ${crossover.rows.length} cases`);
  return {
    tables: [scalingTable(scaling), crossoverTable(crossover)],
    promised: [...scalingFigures(scaling), ...crossoverFigures(crossover)],
  };
}

/** Measures the layers one after the other; a case that fails is reported and does not stop the others. */
async function measureAll(layers: readonly Case[], benches: Benches, limits: Limits, top: Binary) {
  const results: CaseTimes[] = [];
  const failures: string[] = [];
  for (const layer of layers) {
    const name = `${layer.network} ${layer.name}`;
    const more = !flags.quick && markedLayers.includes(layer.name) ? { ...budget, rounds: 3 * budget.rounds } : budget;
    try {
      const { measured, checked } = await measure(layer, benches, limits, more);
      results.push(measured);
      const speed = gflops(measured.work, best(measured.times.get(top)!));
      console.log(`${name}: ${checked} outputs checked, ${show.digits(speed)} GFLOP/s ${top}`);
    } catch (error) {
      failures.push(`- ${name}: ${error instanceof Error ? error.message : error}`);
      console.log(`FAILED ${name}: ${error instanceof Error ? error.stack : error}`);
    }
  }
  return { results, failures };
}

const isPart = () => flags.filter !== "" || flags.binary.length > 0 || wanted.layers !== wanted.ops;

/** Of a file: a part of the bench must not overwrite a whole one. */
function suffix(): string {
  const extent = flags.quick ? "-quick" : isPart() && !(flags.peers && flags.filter === "") ? "-part" : "";
  if (!flags.peers) return extent;
  return `-peers${flags.chromium ? "-chromium" : ""}${threads === 1 ? "" : `-${threads}-threads`}${extent}`;
}

async function save(date: string, text: string): Promise<void> {
  const folder = new URL("results/", import.meta.url);
  const file = new URL(`${date}-${runtimeName}${suffix()}.md`, folder);
  await mkdir(folder, { recursive: true });
  await writeFile(file, `${text}\n`);
  console.log(`\n${text}\n\nwritten to ${fileURLToPath(file)}`);
}

/** nnet.conv2d: layers, the pool, tiny calls, and the limits beside them. */
async function measureLayers(layers: readonly Case[], binaries: readonly Binary[], top: Binary) {
  const benches = await prepareBenches(binaries, budget);
  const { engine } = benches.get(top)!;
  const tiny = await timeTiny(engine, flags.quick);
  const memory = await memoryOverRuns(engine);
  const pool = await measurePool(top);
  const limits = new Limits(benches);
  const { results, failures } = await measureAll(layers, benches, limits, top);
  for (const bench of benches.values()) await bench.engine.dispose();
  if (results.length === 0) return { tables: pool.tables, promised: pool.promised, failures };

  const topPeak = limits.peak(top);
  const { l1SimdToRelaxed } = limits;
  const promised = figures({ cases: results, top, topPeak, l1: limits.l1(top), l1SimdToRelaxed, tiny, memory });
  const tables = [
    limitTable(limits.rows()),
    caseTable(results, binaries, topPeak),
    networkTable(results, binaries, topPeak),
    ...pool.tables,
  ];
  return { tables, promised: [...promised, ...pool.promised], failures };
}

/** Flags that would be passed over in silence. */
function checkFlags(): void {
  if (!(threads >= 1 && threads <= 16 && Number.isInteger(threads))) throw new Error("--threads is a number, 1 to 16");
  if (!flags.peers && (threads !== 1 || flags.chromium)) throw new Error("--threads and --chromium go with --peers");
  if (flags.chromium && (flags.layers || flags.ops)) throw new Error("--chromium goes with --peers alone");
  if (flags.chromium && flags.binary.length > 0) throw new Error("a page takes its binary itself, without --binary");
}

async function main(): Promise<number> {
  checkFlags();
  allowRelaxed();
  const chosen = choose();
  const found = (await availableBinaries()).filter((name) => flags.binary.length === 0 || flags.binary.includes(name));
  const top = found.at(-1);
  if (!top) throw new Error(`no binary to run: --binary is one of ${binaries.join(", ")}`);
  const started = performance.now();
  const machine = `${runtimeName}, V8 ${process.versions.v8}, ${cpus()[0]?.model} × ${cpus().length}`;
  const remark = flags.quick ? ", --quick: too few rounds to quote" : "";
  console.log(`${machine}\nbinaries: ${found.join(", ")}${remark}\n`);

  await compilePeaks(found);
  const parts: OpFindings[] = [];
  if (chosen.layers.length > 0) parts.push(await measureLayers(chosen.layers, found, top));
  if (chosen.ofOps > 0) parts.push(await measureOps(chosen, top, flags.quick));
  if (chosen.choices.length > 0) parts.push(await measureChoices(chosen.choices, top));
  if (chosen.besidePeers.length > 0) {
    const { quick, chromium } = flags;
    parts.push(await measurePeers(chosen.besidePeers, { binary: top, threads, quick, chromium }));
  }

  const date = new Date().toISOString().slice(0, 10);
  const seconds = Math.round((performance.now() - started) / 1000);
  const failures = parts.flatMap((part) => part.failures);
  const sections = [
    `# simdconv bench, ${date}`,
    `${machine}, load ${loadavg()[0].toFixed(1)}, one thread unless said, ${seconds} s${remark}.`,
    ...parts.flatMap((part) => part.tables),
    figureTable(parts.flatMap((part) => part.promised)),
  ];
  if (failures.length > 0) sections.push(`Failed, not timed:\n\n${failures.join("\n")}`);
  await save(date, sections.join("\n\n"));
  return failures.length > 0 ? 1 : 0;
}

process.exitCode = flags.here ? await main() : underCurrentNode();
