/** The plate: Eadweard Muybridge, Animal Locomotion, 1887 (digital image: Getty Open Content), cut into its 24 photographs. */
import { otsu } from "./otsu.ts";

/** The plate, or one of its photographs. */
export interface Photograph {
  readonly width: number;
  readonly height: number;
  /** Three bytes a pixel. */
  readonly rgb: Uint8Array;
  /** A byte a pixel. */
  readonly grey: Uint8Array;
}

/** Grey pixels blurred by a Gaussian of `sigma` pixels: by whatever decodes pictures here. */
export type Blur = (picture: Pick<Photograph, "width" | "height" | "grey">, sigma: number) => Promise<Uint8Array>;

const ROWS = 4;
const COLUMNS = 6;
/**
 * Cut off from each print, in pixels: the prints of a row are pasted edge to edge, so that where one ends cannot be told from
 * brightness. The seams, seen in the picture, lie within 5 of equal parts of the row.
 */
const INSET = { side: 6, top: 3, bottom: 3 };

/** In the order of the numbers that are written on them: row by row, from the left. */
export function cutPlate({ width: across, height: down, rgb, grey }: Photograph): Photograph[] {
  const rows = brightStretches(down, across, (y, x) => grey[y * across + x]);
  if (rows.length !== ROWS) throw new Error(`the plate should have ${ROWS} rows of prints, not ${rows.length}`);
  const height = Math.min(...rows.map(([top, bottom]) => bottom - top)) - INSET.top - INSET.bottom;

  const photographs: Photograph[] = [];
  for (const [top, bottom] of rows) {
    const sides = brightStretches(across, bottom - top, (x, y) => grey[(top + y) * across + x]);
    const [left, right] = [sides[0][0], sides[sides.length - 1][1]];
    const pitch = (right - left) / COLUMNS;
    const width = Math.floor(across / COLUMNS) - 2 * INSET.side - 4;
    for (let i = 0; i < COLUMNS; i++) {
      const x = Math.round(left + i * pitch) + INSET.side;
      const crop = (bytes: Uint8Array, channels: number) => {
        const print = new Uint8Array(height * width * channels);
        for (let y = 0; y < height; y++) {
          const from = ((top + INSET.top + y) * across + x) * channels;
          print.set(bytes.subarray(from, from + width * channels), y * width * channels);
        }
        return print;
      };
      photographs.push({ width, height, rgb: crop(rgb, 3), grey: crop(grey, 1) });
    }
  }
  return photographs;
}

/** Prints are bright and the mount between them is dark: the stretches of lines whose upper quartile is that of a print. */
function brightStretches(lines: number, length: number, at: (line: number, i: number) => number): [number, number][] {
  const level = Array.from({ length: lines }, (_, line) => {
    const sorted = Float64Array.from({ length }, (_, i) => at(line, i)).sort();
    return sorted[Math.floor(0.75 * length)];
  });
  const threshold = otsu(level);
  const found: [number, number][] = [];
  for (let line = 0; line < lines; line++) {
    if (level[line] <= threshold) continue;
    if (line > 0 && level[line - 1] > threshold) found[found.length - 1][1] = line + 1;
    else found.push([line, line + 1]);
  }
  return found;
}
