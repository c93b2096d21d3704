/** Words on a sheet: SVG over the pixels, and the few colours that all sheets share. */
import sharp, { type Sharp } from "sharp";
import type { Rgb } from "./colour.ts";
import type { Raster } from "./raster.ts";

export const GROUND: Rgb = [13, 15, 19];
export const BRIGHT = "#f1eee7";
export const QUIET = "#9a9da6";

export type Write = (x: number, y: number, size: number, colour: string, content: string, anchor?: Anchor) => string;
type Anchor = "start" | "middle" | "end";

/** A way to write; where words would come out as empty boxes it writes nothing. */
export async function writer(): Promise<Write> {
  if (!(await canLetter())) return () => "";
  return (x, y, size, colour, content, anchor = "start") =>
    `<text x="${x}" y="${y}" font-size="${size}" fill="${colour}" text-anchor="${anchor}">${content}</text>`;
}

/** The sheet with an SVG drawing over it. */
export function drawOver({ width, height, rgb }: Raster, drawing: string): Sharp {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"
    font-family="Inter, 'Helvetica Neue', Helvetica, Arial, 'DejaVu Sans', sans-serif">${drawing}</svg>`;
  return sharp(rgb, { raw: { width, height, channels: 3 } }).composite([{ input: Buffer.from(svg) }]);
}

/** Without any installed font every letter comes out as the same box, so two unlike letters tell. */
async function canLetter(): Promise<boolean> {
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
