/**
 * Which way does the cat run, and how fast? tsx examples/motion.ts. Cuts a plate of 24 photographs into a movie, puts it through filters that
 * are oriented in space-time with conv3d2d.conv3d, and draws what they answer to out/motion.png.
 */
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { conv3d2d, tensor } from "simdconv";
import { buildMotionBank } from "./motion/bank.ts";
import { type Energies, energiesOf, likeliestSpeed, shareToTheRight, totals } from "./motion/energy.ts";
import { makeMovie, reorder } from "./motion/movie.ts";
import { blur, readPlate } from "./motion/read-plate.ts";
import { drawMotionSheet } from "./motion/sheet.ts";
import { findCat } from "./motion/silhouette.ts";
import { correlation, meanAndDeviation, slope } from "./motion/statistics.ts";
import { findWall } from "./motion/wall.ts";
import { hint } from "./shared/hint.ts";
import "./shared/relaxed-simd.ts";
import { permutation } from "./shared/random.ts";
import { formatTable } from "./shared/table.ts";

const OUTPUT = "out/motion.png";
/** Movies of the same photographs in random order: what the filters say where there is no motion to be seen. */
const CONTROLS = 10;
/** Rows of the table. */
const PARTS = 4;

const photographs = await readPlate();
const cats = await Promise.all(photographs.map((photograph) => findCat(photograph, blur)));
const wall = await findWall(photographs, cats, blur);
const movie = makeMovie(photographs, cats, wall);
const bank = buildMotionBank();
const { speeds } = bank;

// No padding in time, so that every answer has seen all its frames; in space the movie has faded to 0 at the border anyway.
using layer = await conv3d2d.conv3d.compile({
  signalsShape: movie.shape,
  filtersShape: bank.shape,
  borderMode: ["valid", "half", "half"],
});
await layer.setFilters(tensor(bank.weights, bank.shape));
const { plan } = layer;
const out = tensor(new Float32Array(plan.outputShape.reduce((product, n) => product * n, 1)), plan.outputShape);

hint("convolving the movie, and the same pictures in random order …");
const times: number[] = [];
const energies = await energiesOfMovie(movie.brightness);
const perFrame = totals(energies);
const toTheRight = shareToTheRight(perFrame, speeds);
const controls: number[] = [];
for (let i = 0; i < CONTROLS; i++) {
  const mixed = await energiesOfMovie(reorder(movie, permutation(movie.frames, i)));
  controls.push(shareToTheRight(totals(mixed), speeds));
}
hint("");

// The frame in the middle of each answer, and two estimates of the speed there; the silhouette knows nothing of the filters, but lies on the same wall.
const seen = bank.shape[1];
const first = (seen - 1) / 2;
const byFilters = perFrame.map((frame) => likeliestSpeed(frame, speeds));
const places = cats.map((cat, t) => cat.x + wall.positions[t]);
const bySilhouette = perFrame.map((_, t) => slope(places.slice(t, t + seen)));

console.log(describeTask());
console.log(`\n${describeMotion()}\n`);
console.log(describeFindings());
await mkdir(dirname(OUTPUT), { recursive: true });
const sheet = await drawMotionSheet({ photographs, wall, movie, bank, energies, perFrame, byFilters, bySilhouette });
const { width, height } = await sheet.png().toFile(OUTPUT);
console.log(`written   ${OUTPUT} (${width} × ${height})`);

async function energiesOfMovie(brightness: Float32Array): Promise<Energies> {
  const start = performance.now();
  const responses = await layer.run({ data: brightness, shape: movie.shape }, { out });
  times.push(performance.now() - start);
  return energiesOf(responses.data as Float32Array, plan.outputShape, bank);
}

function describeTask(): string {
  const [filters, ...size] = bank.shape;
  const best = Math.min(...times);
  const [moved, drifted] = [wall.positions, cats.map((cat) => cat.x)].map((xs) => Math.max(...xs) - Math.min(...xs));
  return [
    `movie     a cat, Eadweard Muybridge, 1887; ${movie.frames} photographs of ${photographs[0].width} × ${photographs[0].height}`,
    `          in print the cat keeps its place within ${drifted.toFixed(0)} pixels while the wall slides by ${moved.toFixed(0)}: laid onto the wall`,
    `          by its heavy lines, each found at least ${Math.min(...wall.clarity).toFixed(1)} times as dark as any other place`,
    `filters   ${filters} of ${[size[0], size[2], size[3]].join(" × ")} (frames × rows × columns): pairs for ${speeds.length} speeds, ${speeds[0]} to ${speeds[speeds.length - 1]} pixels per frame`,
    `computed  by conv3d2d.conv3d, ${plan.algorithm}: ${best.toFixed(0)} ms, ${((2 * plan.multiplyAdds) / best / 1e6).toFixed(1)} GFLOP/s`,
  ].join("\n");
}

function describeMotion(): string {
  const size = Math.ceil(perFrame.length / PARTS);
  const mean = (values: readonly number[]) => meanAndDeviation(values).mean;
  const rows = Array.from({ length: PARTS }, (_, part) => {
    const range = [part * size, Math.min(perFrame.length, (part + 1) * size)] as const;
    const speed = mean(byFilters.slice(...range));
    return [
      `${first + 1 + range[0]} – ${first + range[1]}`,
      speed > 0 ? "right" : "left",
      percent(shareToTheRight(perFrame.slice(...range), speeds)),
      speed.toFixed(1),
      mean(bySilhouette.slice(...range)).toFixed(1),
    ];
  });
  const right = (title: string) => ({ title, align: "right" as const });
  const columns = [right("energy to the right"), right("px per frame, filters"), right("by silhouette")];
  return formatTable([{ title: "photographs" }, { title: "motion" }, ...columns], rows);
}

function describeFindings(): string {
  const { mean, deviation } = meanAndDeviation(controls);
  const apart = meanAndDeviation(byFilters.map((speed, t) => Math.abs(speed - bySilhouette[t]))).mean;
  const most = Math.max(...controls);
  return [
    `direction ${toTheRight > 0.5 ? "right" : "left"}: ${percent(toTheRight)} of the energy; in ${CONTROLS} random orders ${percent(mean)} ± ${percent(deviation)}, never above ${percent(most)}`,
    `speed     ${byFilters[0].toFixed(0)} to ${byFilters[byFilters.length - 1].toFixed(0)} pixels per frame, walk to gallop; silhouette and filters differ by ${apart.toFixed(1)} (correlation ${correlation(byFilters, bySilhouette).toFixed(2)})`,
  ].join("\n");
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}
