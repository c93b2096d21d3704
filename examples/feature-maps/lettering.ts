/** Words and legend of the contact sheet, as SVG over the pixels. */
import sharp from "sharp";
import { directionColour } from "./colour.ts";
import { DIRECTIONS, type FilterBank, KINDS, SIGMAS } from "./filter-bank.ts";
import { type Layout, MARGIN } from "./layout.ts";
import type { Box, Size } from "./raster.ts";

const BRIGHT = "#f1eee7";
const QUIET = "#9a9da6";

/** The legend needs no words; the words are left out where they would come out as empty boxes. */
export function lettering(layout: Layout, picture: Size, bank: FilterBank, words: boolean): string {
  const text = (x: number, y: number, size: number, colour: string, content: string) =>
    words ? `<text x="${x}" y="${y}" font-size="${size}" fill="${colour}">${content}</text>` : "";
  const under = (box: Box, content: string) => text(box.x, box.y + box.height + 28, 20, QUIET, content);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${layout.width}" height="${layout.height}"
    font-family="Inter, 'Helvetica Neue', Helvetica, Arial, 'DejaVu Sans', sans-serif">
    ${text(MARGIN, MARGIN + 34, 44, BRIGHT, `${bank.filters.length} filters, one picture`)}
    ${text(MARGIN, MARGIN + 70, 20, QUIET, `nnet.conv2d of simdconv on ${picture.width} × ${picture.height} pixels`)}
    ${under(layout.photograph, "the picture")}
    ${under(layout.bank, `${KINDS.join("s and ")}s, ${DIRECTIONS} directions, ${SIGMAS.length} scales`)}
    ${under(layout.composite, "all in one: colour is direction, light is strength")}
    ${layout.walls.map((wall, i) => under(wall, `lines, then edges, of σ = ${SIGMAS[i]} px`)).join("")}
    ${directionStar(layout.width - MARGIN - 44, MARGIN + 40, 44)}
  </svg>`;
}

/** Strokes through one point, each in the colour of its own direction. */
function directionStar(x: number, y: number, radius: number): string {
  const strokes = Array.from({ length: 3 * DIRECTIONS }, (_, i) => {
    const angle = (Math.PI * i) / (3 * DIRECTIONS);
    const [dx, dy] = [radius * Math.cos(angle), -radius * Math.sin(angle)];
    const colour = `rgb(${directionColour(angle, 0.85, 0.17).join(",")})`;
    const half = (s: number) => `M${x + s * 0.35 * dx} ${y + s * 0.35 * dy}L${x + s * dx} ${y + s * dy}`;
    return `<path d="${half(1)}${half(-1)}" stroke="${colour}" stroke-width="4" stroke-linecap="round"/>`;
  });
  return strokes.join("");
}

/** Without any installed font every letter comes out as the same box, so two unlike letters tell. */
export async function canLetter(): Promise<boolean> {
  const draw = (letter: string) =>
    sharp(
      Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="32" height="32">
      <text x="4" y="26" font-family="sans-serif" font-size="24">${letter}</text></svg>`),
    )
      .raw()
      .toBuffer();
  const [narrow, wide] = await Promise.all([draw("i"), draw("W")]);
  return !narrow.equals(wide);
}
