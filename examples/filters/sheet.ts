/** The picture of the large filters: the photograph, what each filter made of it, and the filters themselves. */
import type { Sharp } from "sharp";
import { fromLab } from "../shared/colour.ts";
import type { Picture } from "../shared/picture.ts";
import { type Box, fitInside, Raster } from "../shared/raster.ts";
import { BRIGHT, drawOver, GROUND, QUIET, writer } from "../shared/words.ts";
import { SIZE } from "./kernels.ts";
import { toPicture } from "./light.ts";
import type { Outcome } from "./outcome.ts";

const MARGIN = 54;
const GAP = 24;
const CAPTION = 52;
const WIDE = 974;
const TOP = MARGIN + 104;

export async function drawFiltersSheet(picture: Picture, outcomes: readonly Outcome[]): Promise<Sharp> {
  const { width, height } = picture;
  const tall = Math.round(WIDE / Math.min(3, Math.max(0.8, width / height)));
  const box = (i: number): Box => ({
    x: MARGIN + (i % 2) * (WIDE + GAP),
    y: TOP + Math.floor(i / 2) * (tall + CAPTION),
    width: WIDE,
    height: tall,
  });
  const sheet = new Raster(2 * WIDE + GAP + 2 * MARGIN, TOP + 2 * (tall + CAPTION) + MARGIN / 2, GROUND);
  const write = await writer();
  const under = ({ x, y, height: h }: Box, content: string) => write(x, y + h + 30, 20, QUIET, content);
  await sheet.place(fitInside(box(0), picture), picture);
  const words = [
    write(MARGIN, MARGIN + 34, 44, BRIGHT, `Filters of ${SIZE} × ${SIZE}`),
    write(MARGIN, MARGIN + 70, 20, QUIET, `signal.conv2d of simdconv on ${width} × ${height} pixels, three colours`),
    under(box(0), "the picture"),
    under(box(3), `the filters, enlarged, and in the corner as large as they are in the pictures`),
  ];
  for (const [i, outcome] of outcomes.entries()) {
    await sheet.place(fitInside(box(i + 1), picture), { width, height, rgb: toPicture(outcome.result) });
    words.push(under(box(i + 1), `${outcome.filter.caption}: ${outcome.algorithm}, ${outcome.chosen.toFixed(0)} ms`));
    await drawFilter(sheet, box(3), i, outcome.filter.taps, fitInside(box(0), picture).width / width);
  }
  return drawOver(sheet, words.join(""));
}

/** The i-th of two filters, enlarged; in the corner of its square once more at the scale of the pictures. */
async function drawFilter(sheet: Raster, box: Box, i: number, taps: Float32Array, zoom: number): Promise<void> {
  const peak = Math.max(...taps);
  const rgb = Buffer.from(
    Array.from(taps, (tap) => [...fromLab([0.2 + 0.76 * (tap / peak), 0, 0.03 * (tap / peak)])]).flat(),
  );
  const square = { width: 1, height: 1 };
  const half = { ...box, width: (box.width - GAP) / 2, x: box.x + i * ((box.width + GAP) / 2) };
  const tile = fitInside(half, square);
  await sheet.place(tile, { width: SIZE, height: SIZE, rgb });
  const side = Math.max(1, Math.round(SIZE * zoom));
  if (side * 3 < tile.width) {
    const corner = { x: tile.x + tile.width - side, y: tile.y + tile.height - side, width: side, height: side };
    await sheet.place(corner, { width: SIZE, height: SIZE, rgb });
  }
}
