// `npm run bench:gpu`: our WebGPU backend in Chromium, beside TensorFlow.js and onnxruntime-web on theirs and our own wasm. How to read
// it: ../README.md.
import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { inChromium } from "../browser/run.ts";
import { missing } from "../browser/server.ts";
import { geometricMean, show, table } from "../report.ts";
import { gflops } from "../rounds.ts";
import { type CaseResult, OURS, type Span } from "./contest.ts";
import type { Asked, Findings } from "./page/main.ts";

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    filter: { type: "string", default: "" },
    /** With a window: some drivers give headless browsers no GPU. */
    headed: { type: "boolean", default: false },
    /** More of Chromium's own, e.g. --chromium=--enable-features=Vulkan. */
    chromium: { type: "string", multiple: true, default: [] },
  },
});

const TFJS = ["@tensorflow/tfjs-core", "@tensorflow/tfjs-backend-webgpu"];
const packages = { bundled: TFJS, asTheyAre: ["onnxruntime-web"] };

/** Of a peer on the GPU about 1, of wasm beside a software adapter 0.002. */
const timesFaster = (value: number) => (Number.isFinite(value) ? `${Number(value.toPrecision(3))} ×` : "–");

function caseRows({ name, work, standings }: CaseResult): string[][] {
  const cells = (span: Span | undefined) =>
    span ? [show.digits(span.ms), show.digits(gflops(work, span.ms)), timesFaster(span.ratio)] : ["–", "–", "–"];
  return standings.map((one, i) => [
    i === 0 ? name : "",
    i === 0 ? (work / 1e9).toPrecision(3) : "",
    one.name,
    ...cells(one.call),
    ...cells(one.compute),
    String(one.dispatches ?? "–"),
  ]);
}

/** How many times as fast ours is as each of the others, over all cases that both are in. */
function means(results: readonly CaseResult[]): string {
  const both = results.filter(({ standings }) => standings.some(({ name }) => name === OURS));
  const names = new Set(both.flatMap(({ standings }) => standings.map(({ name }) => name)));
  const rows = [...names]
    .filter((name) => name !== OURS)
    .map((name) => {
      const theirs = both.flatMap(({ standings }) => standings.filter((one) => one.name === name));
      const computed = theirs.flatMap(({ compute }) => (compute ? [compute.ratio] : []));
      const calls = theirs.map(({ call }) => call.ratio);
      return [name, String(theirs.length), timesFaster(geometricMean(calls)), timesFaster(geometricMean(computed))];
    });
  return table([`${OURS} against`, "cases", "as fast, whole call", "compute"], rows);
}

async function main(): Promise<number> {
  const args = ["--enable-unsafe-webgpu", ...flags.chromium];
  const { browser, adapter, notes, results } = await inChromium<Asked, Findings>(
    { folder: "gpu/page", packages, headed: flags.headed, args },
    { quick: flags.quick, filter: flags.filter, missing: missing(packages) },
  );
  if (results.length === 0) throw new Error(`no case matches --filter ${flags.filter}`);
  const head = ["case", "G mult-adds", "who", "call ms", "GFLOP/s", "ours as fast"];
  const rows = results.flatMap(caseRows);
  const absent = results.flatMap((result) => result.absent.map((why) => `- ${result.name}: ${why}`));
  const remark = flags.quick ? "; --quick: shrunken shapes, too few rounds to quote" : "";
  const date = new Date().toISOString().slice(0, 10);
  const sections = [
    `# simdconv GPU bench, ${date}`,
    `${browser}, adapter: ${adapter}${remark}. ${notes.join("; ")}.`,
    table([...head, "compute ms", "GFLOP/s", "ours as fast", "dispatches"], rows),
    means(results),
  ];
  if (absent.length > 0) sections.push(`Not in the rounds:\n\n${absent.join("\n")}`);
  const text = sections.join("\n\n");
  const folder = new URL("../results/", import.meta.url);
  const part = flags.quick ? "-quick" : flags.filter ? "-part" : "";
  const file = new URL(`${date}-gpu${part}.md`, folder);
  await mkdir(folder, { recursive: true });
  await writeFile(file, `${text}\n`);
  console.log(`\n${text}\n\nwritten to ${fileURLToPath(file)}`);
  // A wrong answer of a peer is its own affair; ours is not.
  return results.every(({ standings }) => standings.some(({ name }) => name === OURS)) ? 0 : 1;
}

process.exitCode = await main();
