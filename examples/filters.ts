/**
 * Large filters over a photograph: tsx examples/filters.ts, with a picture of your own if you name one. Two of 63 × 63 with
 * signal.conv2d, each with the algorithm that the library chooses and directly; draws what came out to out/filters.png.
 */
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { gaussian, type LargeFilter, ring, SIZE } from "./filters/kernels.ts";
import { type Light, toLight } from "./filters/light.ts";
import { compare, type Outcome } from "./filters/outcome.ts";
import { drawFiltersSheet } from "./filters/sheet.ts";
import { hint } from "./shared/hint.ts";
import { askedPicture } from "./shared/picture.ts";
import "./shared/relaxed-simd.ts";
import { formatTable } from "./shared/table.ts";

const OUTPUT = "out/filters.png";
const MARGIN = (SIZE - 1) / 2;

const picture = await askedPicture(0);
const light = await toLight(picture, MARGIN);
const filters: readonly LargeFilter[] = [gaussian(), ring()];
hint("convolving with large filters …");
const outcomes: Outcome[] = [];
for (const filter of filters) outcomes.push(await compare(light, filter));
hint("");

console.log(describeTask(light));
console.log(`\n${describeTimes(outcomes)}\n`);
await mkdir(dirname(OUTPUT), { recursive: true });
const sheet = await drawFiltersSheet(picture, outcomes);
const { width, height } = await sheet.png().toFile(OUTPUT);
console.log(`written   ${OUTPUT} (${width} × ${height})`);

function describeTask({ shape }: Light): string {
  return [
    `picture   ${picture.name}; ${picture.width} × ${picture.height}, in colour`,
    `filters   ${filters.length} of ${SIZE} × ${SIZE} over [${shape.join(", ")}]: red, green and blue light, with a mirrored margin`,
  ].join("\n");
}

function describeTimes(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ filter, algorithm, chosen, direct, difference }) => [
    filter.name,
    algorithm,
    chosen.toFixed(1),
    direct.toFixed(1),
    `${(direct / chosen).toFixed(2)} ×`,
    difference === 0 ? "none" : difference.toExponential(1),
  ]);
  const right = (title: string) => ({ title, align: "right" as const });
  const columns = [right("best ms"), right("direct ms"), right("over direct"), right("largest difference")];
  return formatTable([{ title: "filter" }, { title: "chosen" }, ...columns], rows);
}
