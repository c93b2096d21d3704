/** The picture that `npm start` leaves behind: the photograph, the filters, what they answered, and the sum of it. */
import type { Sharp } from "sharp";
import { reliefColour } from "../shared/colour.ts";
import type { Picture } from "../shared/picture.ts";
import { type Box, fitInside, Raster, type Size } from "../shared/raster.ts";
import { drawOver, GROUND, writer } from "../shared/words.ts";
import { DIRECTIONS, type FilterBank, SIGMAS } from "./filter-bank.ts";
import { arrange, type Layout, PER_SCALE, TILE_GAP, tileOf } from "./layout.ts";
import { lettering } from "./lettering.ts";
import { FAINT, orientationPicture, percentile } from "./orientation.ts";

export async function drawContactSheet(picture: Picture, bank: FilterBank, maps: Float32Array): Promise<Sharp> {
  const layout = arrange(picture.width / picture.height);
  const sheet = new Raster(layout.width, layout.height, GROUND);
  await sheet.place(fitInside(layout.photograph, picture), picture);
  await sheet.place(fitInside(layout.composite, picture), {
    ...picture,
    rgb: orientationPicture(maps, bank),
  });
  await drawFilters(sheet, layout.bank, bank);
  drawMaps(sheet, layout, picture, maps);
  return drawOver(sheet, lettering(layout, picture, bank, await writer()));
}

/** A row of filters per scale. */
async function drawFilters(sheet: Raster, box: Box, { filters, weights, size }: FilterBank): Promise<void> {
  const side = Math.floor((box.width - (PER_SCALE - 1) * TILE_GAP) / PER_SCALE);
  for (let k = 0; k < filters.length; k++) {
    const taps = weights.subarray(k * size ** 2, (k + 1) * size ** 2);
    const peak = taps.reduce((most, tap) => Math.max(most, Math.abs(tap)), 0);
    const rgb = Buffer.from(Array.from(taps, (tap) => reliefColour(tap / peak)).flat());
    const tile = tileOf(box, k, PER_SCALE, SIGMAS.length, { width: side, height: side });
    await sheet.place(tile, { width: size, height: size, rgb });
  }
}

/** Maps of one scale and kind share a range, so that directions can be compared with each other. */
function drawMaps(sheet: Raster, layout: Layout, picture: Picture, maps: Float32Array): void {
  const pixels = picture.width * picture.height;
  const { columns, walls } = layout;
  const rows = PER_SCALE / columns;
  const width = Math.floor((walls[0].width - (columns - 1) * TILE_GAP) / columns);
  const height = Math.floor((walls[0].height - (rows - 1) * TILE_GAP) / rows);
  walls.forEach((wall, s) => {
    for (let first = 0; first < PER_SCALE; first += DIRECTIONS) {
      const group = Array.from({ length: DIRECTIONS }, (_, d) => {
        const box = fitInside(tileOf(wall, first + d, columns, rows, { width, height }), picture);
        const k = s * PER_SCALE + first + d;
        return { box, values: shrink(maps.subarray(k * pixels, (k + 1) * pixels), picture, box) };
      });
      const range = Math.max(FAINT, ...group.map(({ values }) => percentile(values.map(Math.abs), 0.985)));
      for (const { box, values } of group) {
        sheet.paint(box, (x, y) => reliefColour(values[y * box.width + x] / range));
      }
    }
  });
}

/** A map made smaller by averaging blocks. */
function shrink(map: Float32Array, from: Size, { width, height }: Size): Float32Array {
  const small = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    const [top, bottom] = block(y, height, from.height);
    for (let x = 0; x < width; x++) {
      const [left, right] = block(x, width, from.width);
      let sum = 0;
      for (let r = top; r < bottom; r++) {
        for (let c = left; c < right; c++) sum += map[r * from.width + c];
      }
      small[y * width + x] = sum / ((bottom - top) * (right - left));
    }
  }
  return small;
}

/** The i-th of `parts` blocks of a length; never empty, so that small pictures can be made larger too. */
function block(i: number, parts: number, length: number): [number, number] {
  const first = Math.floor((i * length) / parts);
  return [first, Math.max(first + 1, Math.floor(((i + 1) * length) / parts))];
}
