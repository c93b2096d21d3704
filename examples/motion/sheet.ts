/** The picture of the motion: photographs with their answers below, the filters, the movie as a slice through space-time, the speeds. */
import type { Sharp } from "sharp";
import { fromLab, type Rgb, reliefColour } from "../shared/colour.ts";
import { type Box, Raster } from "../shared/raster.ts";
import { BRIGHT, drawOver, GROUND, QUIET, type Write, writer } from "../shared/words.ts";
import type { MotionBank } from "./bank.ts";
import type { Energies } from "./energy.ts";
import { type Movie, SCALE } from "./movie.ts";
import type { Photograph } from "./plate.ts";
import type { Wall } from "./wall.ts";

export interface Findings {
  readonly photographs: readonly Photograph[];
  readonly wall: Wall;
  readonly movie: Movie;
  readonly bank: MotionBank;
  readonly energies: Energies;
  readonly perFrame: readonly (readonly number[])[];
  readonly byFilters: readonly number[];
  readonly bySilhouette: readonly number[];
}

const MARGIN = 54;
const GAP = 8;
const CAPTION = 58;
const COLUMNS = 10;
const WIDE = 190;
const ACROSS = COLUMNS * WIDE + (COLUMNS - 1) * GAP;
const TOP = MARGIN + 104;
const FILTERS_HIGH = 60;
const CHARTS_HIGH = 360;
/** Rows of the movie that the slice through space-time shows the mean of: those of the cat's trunk. */
const TRUNK = [0.42, 0.62] as const;

/**
 * Between the ends of a body, a filter sees a little of both and follows neither: a rigid bar that moves right leaves a twentieth of the energy
 * of its ends in its middle, and that goes left (test/examples/motion.test.ts has it).
 */
const WAIST = "; the faint blue inside the trunk is of the filters' making: a rigid bar that moves right has it too";
const LEGEND =
  " as printed; below each what moves over the wall: colour is direction and speed, light (on what is dark above) is energy";

export async function drawMotionSheet(findings: Findings): Promise<Sharp> {
  const { photographs, energies } = findings;
  const tall = Math.round((WIDE * photographs[0].height) / photographs[0].width);
  const pair = 2 * tall + GAP;
  const sets = Math.ceil(energies.frames / COLUMNS);
  const filtersTop = TOP + sets * (pair + CAPTION);
  const chartsTop = filtersTop + FILTERS_HIGH + CAPTION + 24;
  const chart = (side: 0 | 1): Box => {
    const width = (ACROSS - 96) / 2;
    return { x: MARGIN + side * (width + 96), y: chartsTop, width, height: CHARTS_HIGH };
  };
  const sheet = new Raster(ACROSS + 2 * MARGIN, chartsTop + CHARTS_HIGH + CAPTION + 24, GROUND);
  const write = await writer();
  const words = [
    write(MARGIN, MARGIN + 34, 44, BRIGHT, "Which way does the cat run, and how fast?"),
    write(
      MARGIN,
      MARGIN + 70,
      20,
      QUIET,
      `conv3d2d.conv3d of simdconv on ${photographs.length} photographs, Eadweard Muybridge, 1887`,
    ),
  ];
  await drawPairs(sheet, findings, tall);
  for (let set = 0; set < sets; set++) {
    const from = (photographs.length - energies.frames) / 2 + 1 + set * COLUMNS;
    const to = Math.min(from + COLUMNS, (photographs.length + energies.frames) / 2 + 1) - 1;
    const remark = set === 0 ? LEGEND : WAIST;
    const caption = `photographs ${from} to ${to}${remark}`;
    words.push(write(MARGIN, TOP + set * (pair + CAPTION) + pair + 28, 20, QUIET, caption));
  }
  words.push(await drawFilters(sheet, findings.bank, filtersTop, write));
  words.push(drawSlice(sheet, chart(0), findings.movie, write), drawSpeeds(sheet, chart(1), findings, write));
  return drawOver(sheet, words.join(""));
}

/** Still is white, left is blue, right is orange, and the more so the faster. */
function motionColour(speed: number, strength: number): Rgb {
  const way = Math.tanh(speed / 6);
  const chroma = 0.17 * strength ** 0.7 * Math.abs(way);
  const [a, b] = way > 0 ? [0.45, 0.9] : [-0.35, -0.94];
  return fromLab([0.1 + 0.76 * strength, chroma * a, chroma * b]);
}

/** Every photograph that has an answer, and the answer of the same part of the wall under it. */
async function drawPairs(sheet: Raster, { photographs, wall, movie, energies }: Findings, tall: number): Promise<void> {
  const { speeds, pixels, values, frames } = energies;
  const strengths = Float32Array.from({ length: frames * pixels }, (_, i) => {
    const [t, p] = [Math.floor(i / pixels), i % pixels];
    return speeds.reduce((sum, _, s) => sum + values[(t * speeds.length + s) * pixels + p], 0);
  });
  const full = [...strengths].sort((a, b) => a - b)[Math.floor(0.96 * strengths.length)];
  const first = (movie.frames - frames) / 2;
  for (let t = 0; t < frames; t++) {
    const photograph = photographs[first + t];
    const box = {
      x: MARGIN + (t % COLUMNS) * (WIDE + GAP),
      y: TOP + Math.floor(t / COLUMNS) * (2 * tall + GAP + CAPTION),
      width: WIDE,
      height: tall,
    };
    await sheet.place(box, photograph);
    const left = Math.floor(wall.positions[first + t] / SCALE);
    const width = Math.floor(photograph.width / SCALE);
    const rgb = Array.from({ length: movie.rows * width }, (_, i) => {
      const p = Math.floor(i / width) * movie.columns + left + (i % width);
      return motionColour(speedAt(energies, t, p), Math.min(1, strengths[t * pixels + p] / full));
    });
    const answer = { width, height: movie.rows, rgb: Buffer.from(rgb.flat()) };
    const below = { ...box, y: box.y + tall + GAP };
    await sheet.place(below, answer);
    lightUp(sheet, below, box);
  }
}

/** What is dark in the photograph above is lit by the answer, so that one sees the cat in it. */
function lightUp(sheet: Raster, answer: Box, photograph: Box): void {
  const at = (box: Box, x: number, y: number) => ((box.y + y) * sheet.width + box.x + x) * 3;
  sheet.paint(answer, (x, y) => {
    const light = 1.5 - sheet.rgb[at(photograph, x, y)] / 170;
    const [r, g, b] = sheet.rgb.subarray(at(answer, x, y));
    return [r, g, b].map((byte) => Math.max(0, Math.min(255, byte * light))) as unknown as Rgb;
  });
}

/** The mean of all speeds weighed by the square of their energy, made smaller where right and left contradict each other. */
function speedAt({ speeds, pixels, values }: Energies, t: number, p: number): number {
  let [sum, weight, right, left] = [0, 0, 0, 0];
  speeds.forEach((speed, s) => {
    const energy = values[(t * speeds.length + s) * pixels + p];
    sum += energy ** 2 * speed;
    weight += energy ** 2;
    if (speed > 0) right += energy;
    if (speed < 0) left += energy;
  });
  const agreement = Math.abs(right - left) / (right + left);
  return weight > 0 ? (agreement * sum) / weight : 0;
}

/** The even filter of every speed: its middle row over time, downwards. */
async function drawFilters(
  sheet: Raster,
  { speeds, shape, weights }: MotionBank,
  top: number,
  write: Write,
): Promise<string> {
  const [, frames, , rows, columns] = shape;
  const wide = Math.floor((ACROSS - (speeds.length - 1) * GAP) / speeds.length);
  const words: string[] = [];
  for (const [s, speed] of speeds.entries()) {
    const slice = Array.from({ length: frames * columns }, (_, i) => {
      const [t, x] = [Math.floor(i / columns), i % columns];
      return weights[((2 * s * frames + t) * rows + (rows >> 1)) * columns + x];
    });
    const peak = Math.max(...slice.map(Math.abs));
    const rgb = Buffer.from(slice.flatMap((tap) => [...reliefColour(tap / peak)]));
    const x = MARGIN + s * (wide + GAP);
    await sheet.place({ x, y: top, width: wide, height: FILTERS_HIGH }, { width: columns, height: frames, rgb });
    const colour = `rgb(${motionColour(speed, 0.9).join()})`;
    const label = speed === 0 ? "still" : `${speed > 0 ? "+" : "−"}${Math.abs(speed)}`;
    words.push(write(x + wide / 2, top + FILTERS_HIGH + 26, 20, colour, label, "middle"));
  }
  const caption = `the filters, a line of each over its ${frames} frames (time runs down), and their speeds in pixels per frame: blue left, white still, orange right`;
  return words.join("") + write(MARGIN, top + FILTERS_HIGH + 54, 20, QUIET, caption);
}

/** One line of the movie, frame under frame: what stands still is upright and what moves is slanted. */
function drawSlice(sheet: Raster, box: Box, { rows, columns, frames, brightness }: Movie, write: Write): string {
  const [from, to] = TRUNK.map((share) => Math.round(share * rows));
  sheet.paint(box, (x, y) => {
    const [t, c] = [Math.floor((y * frames) / box.height), Math.floor((x * columns) / box.width)];
    let sum = 0;
    for (let r = from; r < to; r++) sum += brightness[(t * rows + r) * columns + c];
    return reliefColour((2 * sum) / (to - from));
  });
  const bottom = box.y + box.height;
  return [
    write(box.x - 12, box.y + 18, 18, QUIET, "1", "end"),
    write(box.x - 12, bottom - 4, 18, QUIET, String(frames), "end"),
    write(
      box.x,
      bottom + 30,
      20,
      QUIET,
      "one line of the movie at the height of the trunk, photograph under photograph:",
    ),
    write(box.x, bottom + 56, 20, QUIET, "the steeper the streak, the slower the cat"),
  ].join("");
}

/** Energy over time and speed; rings are the filters' answer, the line is the silhouette's. */
function drawSpeeds(sheet: Raster, box: Box, findings: Findings, write: Write): string {
  const { perFrame, movie, byFilters, bySilhouette } = findings;
  const { speeds } = findings.bank;
  const step = speeds[1] - speeds[0];
  const highest = speeds[speeds.length - 1] + step / 2;
  const xOf = (t: number) => box.x + ((t + 0.5) * box.width) / perFrame.length;
  const yOf = (speed: number) => box.y + ((highest - speed) * box.height) / (2 * highest);
  sheet.paint(box, (x, y) => {
    const energies = perFrame[Math.floor((x * perFrame.length) / box.width)];
    const s = speeds.length - 1 - Math.floor((y * speeds.length) / box.height);
    return motionColour(speeds[s], energies[s] / Math.max(...energies));
  });
  const line = bySilhouette.map((speed, t) => `${t === 0 ? "M" : "L"}${xOf(t)} ${yOf(speed)}`).join("");
  const rings = byFilters.map((speed, t) => `<circle cx="${xOf(t)}" cy="${yOf(speed)}" r="7" fill="none"/>`).join("");
  const first = (movie.frames - perFrame.length) / 2 + 1;
  const ticks = speeds
    .filter((speed) => speed % 8 === 0)
    .map((speed) => {
      const label = speed === 0 ? "0" : `${speed > 0 ? "+" : "−"}${Math.abs(speed)}`;
      return write(box.x - 12, yOf(speed) + 6, 18, QUIET, label, "end");
    });
  const bottom = box.y + box.height;
  return [
    `<g stroke="${BRIGHT}" fill="none"><path d="${line}" stroke-width="2" stroke-dasharray="6 5"/>`,
    `<g stroke-width="3">${rings}</g></g>`,
    ...ticks,
    write(box.x + 10, box.y + box.height - 12, 18, QUIET, `photograph ${first}`),
    write(box.x + box.width - 10, box.y + box.height - 12, 18, QUIET, String(first + perFrame.length - 1), "end"),
    write(
      box.x,
      bottom + 30,
      20,
      QUIET,
      "pixels per frame: light is energy, the likeliest speed of each photograph 1; rings are its peak,",
    ),
    write(
      box.x,
      bottom + 56,
      20,
      QUIET,
      "dashed the speed of the silhouette's centre on the same wall, found without the filters",
    ),
  ].join("");
}
