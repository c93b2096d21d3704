// `npm run bench`: our layers on every binary, against the register peak. How to read it: README.md.
import { spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Case, cases } from "./cases.ts";
import { crossoverFigures, crossoverTable, measureCrossover } from "./crossover.ts";
import { figures, markedLayers } from "./figures.ts";
import { type Benches, Limits, measure, prepareBenches } from "./measure.ts";
import { compilePeaks } from "./peak.ts";
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
    here: { type: "boolean", default: false },
  },
});
const budget = flags.quick ? effort.quick : effort.full;

/** Relaxed figures come from a current Node; this file starts itself there unless told to stay. */
function underCurrentNode(): number {
  const node = fileURLToPath(new URL("node_modules/node/bin/node", import.meta.url));
  const self = fileURLToPath(import.meta.url);
  const child = spawnSync(node, [self, ...process.argv.slice(2), "--here"], { stdio: "inherit" });
  if (child.error) throw child.error;
  return child.status ?? 1;
}

/** `--filter` matches "ResNet-50 3×3 64→64 @56" and its plain spelling "ResNet-50 3x3 64->64 @56". */
function chosenCases(): Case[] {
  const pattern = new RegExp(flags.filter, "i");
  const chosen = cases.filter(({ network, name }) => {
    const full = `${network} ${name}`;
    return pattern.test(full) || pattern.test(full.replaceAll("×", "x").replaceAll("→", "->"));
  });
  if (chosen.length === 0) throw new Error(`no case matches --filter ${flags.filter}`);
  return chosen;
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

/** Measures the chosen cases one after the other; a case that fails is reported and does not stop the others. */
async function measureAll(benches: Benches, limits: Limits, top: Binary) {
  const results: CaseTimes[] = [];
  const failures: string[] = [];
  for (const layer of chosenCases()) {
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
  if (results.length === 0) throw new Error("no case could be measured");
  return { results, failures };
}

async function save(date: string, text: string): Promise<void> {
  const folder = new URL("results/", import.meta.url);
  // A part of the bench must not overwrite a whole one.
  const part = flags.quick ? "-quick" : flags.filter !== "" || flags.binary.length > 0 ? "-part" : "";
  const file = new URL(`${date}-${runtimeName}${part}.md`, folder);
  await mkdir(folder, { recursive: true });
  await writeFile(file, `${text}\n`);
  console.log(`\n${text}\n\nwritten to ${fileURLToPath(file)}`);
}

async function main(): Promise<number> {
  allowRelaxed();
  const wanted = (await availableBinaries()).filter((name) => flags.binary.length === 0 || flags.binary.includes(name));
  const top = wanted.at(-1);
  if (!top) throw new Error(`no binary to run: --binary is one of ${binaries.join(", ")}`);
  const started = performance.now();
  const machine = `${runtimeName}, V8 ${process.versions.v8}, ${cpus()[0]?.model} × ${cpus().length}`;
  const remark = flags.quick ? ", --quick: too few rounds to quote" : "";
  console.log(`${machine}\nbinaries: ${wanted.join(", ")}${remark}\n`);

  await compilePeaks(wanted);
  const benches = await prepareBenches(wanted, budget);
  const { engine } = benches.get(top)!;
  const tiny = await timeTiny(engine, flags.quick);
  const memory = await memoryOverRuns(engine);
  const pool = await measurePool(top);
  const limits = new Limits(benches);
  const { results, failures } = await measureAll(benches, limits, top);
  for (const bench of benches.values()) await bench.engine.dispose();

  const topPeak = limits.peak(top);
  const { l1SimdToRelaxed } = limits;
  const promised = figures({ cases: results, top, topPeak, l1: limits.l1(top), l1SimdToRelaxed, tiny, memory });
  const date = new Date().toISOString().slice(0, 10);
  const seconds = Math.round((performance.now() - started) / 1000);
  const sections = [
    `# simdconv bench, ${date}`,
    `${machine}, load ${loadavg()[0].toFixed(1)}, one thread unless said, ${seconds} s${remark}.`,
    limitTable(limits.rows()),
    caseTable(results, wanted, topPeak),
    networkTable(results, wanted, topPeak),
    ...pool.tables,
    figureTable([...promised, ...pool.promised]),
  ];
  if (failures.length > 0) sections.push(`Failed, not timed:\n\n${failures.join("\n")}`);
  await save(date, sections.join("\n\n"));
  return failures.length > 0 ? 1 : 0;
}

process.exitCode = flags.here ? await main() : underCurrentNode();
