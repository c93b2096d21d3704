/** Words and legend of the contact sheet. */
import { directionColour } from "../shared/colour.ts";
import type { Box, Size } from "../shared/raster.ts";
import { BRIGHT, QUIET, type Write } from "../shared/words.ts";
import { DIRECTIONS, type FilterBank, KINDS, SIGMAS } from "./filter-bank.ts";
import { type Layout, MARGIN } from "./layout.ts";

export function lettering(layout: Layout, picture: Size, bank: FilterBank, write: Write): string {
  const under = (box: Box, content: string) => write(box.x, box.y + box.height + 28, 20, QUIET, content);
  return [
    write(MARGIN, MARGIN + 34, 44, BRIGHT, `${bank.filters.length} filters, one picture`),
    write(MARGIN, MARGIN + 70, 20, QUIET, `nnet.conv2d of simdconv on ${picture.width} × ${picture.height} pixels`),
    under(layout.photograph, "the picture"),
    under(layout.bank, `${KINDS.join("s and ")}s, ${DIRECTIONS} directions, ${SIGMAS.length} scales`),
    under(layout.composite, "all in one: colour is direction, light is strength"),
    ...layout.walls.map((wall, i) => under(wall, `lines, then edges, of σ = ${SIGMAS[i]} px`)),
    directionStar(layout.width - MARGIN - 44, MARGIN + 40, 44),
  ].join("");
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
