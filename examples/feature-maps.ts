/**
 * From a photograph to feature maps: tsx examples/feature-maps.ts, with a picture of your own if you name one.
 * Convolves it with a bank of oriented filters through every binary that this machine can run, checks that they
 * agree, says how long each took, and draws what came out to out/feature-maps.png.
 */
import { mkdir } from "node:fs/promises";
import { cpus } from "node:os";
import { dirname } from "node:path";
import { checkAgreement } from "./feature-maps/agreement.ts";
import { drawContactSheet } from "./feature-maps/contact-sheet.ts";
import { BINARIES, type Entry, enter, isReady, measure, median, type Ready, speedUp } from "./feature-maps/entries.ts";
import { buildBank, DIRECTIONS, type FilterBank, SIGMAS } from "./feature-maps/filter-bank.ts";
import { hint } from "./shared/hint.ts";
import { askedPicture, type Picture } from "./shared/picture.ts";
import "./shared/relaxed-simd.ts";
import { formatTable } from "./shared/table.ts";

const OUTPUT = "out/feature-maps.png";

const bank = buildBank();
const margin = (bank.size - 1) / 2;
const picture = await askedPicture(margin);
console.log(describeTask(picture, bank));

const entries: Entry[] = [];
for (const binary of BINARIES) entries.push(await enter(binary, picture, bank));
const ready = entries.filter(isReady);
try {
  hint("convolving with each binary in turn …");
  // The first run of each warms it up, and its answer is the one that is checked.
  for (const entry of ready) await entry.run();
  const findings = checkAgreement(ready, picture, bank);
  await measure(ready);
  hint("");
  console.log(`\n${describeTimes(entries, ready[0])}\n`);
  console.log(`checked   ${findings.join("\n          ")}`);

  await mkdir(dirname(OUTPUT), { recursive: true });
  const sheet = await drawContactSheet(picture, bank, ready[0].maps);
  const { width, height } = await sheet.png().toFile(OUTPUT);
  console.log(`written   ${OUTPUT} (${width} × ${height})`);
} finally {
  for (const { engine } of ready) await engine.dispose();
}

function describeTask({ name, width, height }: Picture, { filters, size }: FilterBank): string {
  const { node, v8 } = process.versions;
  const processor = cpus()[0]?.model.trim() ?? "an unknown processor";
  return [
    `picture   ${name}; ${width} × ${height}, grey`,
    `filters   ${filters.length} of ${size} × ${size}: lines and edges in ${DIRECTIONS} directions at ${SIGMAS.length} scales`,
    `runtime   Node ${node} (V8 ${v8.split(".", 2).join(".")}), ${cpus().length} × ${processor}`,
  ].join("\n");
}

function describeTimes(entries: readonly Entry[], reference: Ready): string {
  const rows = entries.map((entry) => {
    if (!isReady(entry)) return [entry.binary, `not available here: ${entry.why}`];
    const { plan } = entry.layer;
    const best = Math.min(...entry.times);
    const steps = plan.steps.map(({ kernel, tiles }) => `${kernel} × ${tiles}`).join(", ");
    return [
      entry.binary,
      milliseconds(best),
      milliseconds(median(entry.times)),
      ((2 * plan.multiplyAdds) / best / 1e6).toFixed(1),
      `${speedUp(entry, reference).toFixed(2)} ×`,
      `${plan.algorithm}: ${steps}`,
    ];
  });
  const right = (title: string) => ({ title, align: "right" as const });
  const columns = [right("best ms"), right("median ms"), right("GFLOP/s"), right("over scalar")];
  return formatTable([{ title: "binary" }, ...columns, { title: "plan (kernel × tiles)" }], rows);
}

function milliseconds(time: number): string {
  return time.toFixed(time < 100 ? 2 : 0);
}
