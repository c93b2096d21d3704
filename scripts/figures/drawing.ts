/** The little that the figures are drawn with: grids of numbers, words and signs, put side by side, as SVG. */

/** Something with an extent, drawn with its top left corner at the origin. */
export interface Piece {
  readonly width: number;
  readonly height: number;
  readonly svg: string;
}

const CELL = 26;
const GAP = 16;
const WORDS = 12;
const INK = "#26282e";
const QUIET = "#6b6f78";
const GROUND = "#fbfaf7";
/** Letters of a sans serif are about this part of their size wide. */
const LETTER = 0.56;

/** Numbers as cells, the more colourful the larger: amber above zero, blue below. `strongest` is what has the full colour. */
export function grid(values: readonly (readonly number[])[], strongest = largest(values)): Piece {
  const svg = values.flatMap((row, y) =>
    row.map((value, x) => {
      const box = `<rect x="${x * CELL}" y="${y * CELL}" width="${CELL}" height="${CELL}" fill="${colour(value / strongest)}" stroke="#fff"/>`;
      return box + letters(String(value), (x + 0.5) * CELL, (y + 0.66) * CELL, value === 0 ? "#b3b2ac" : INK, "middle");
    }),
  );
  return { width: (values[0]?.length ?? 0) * CELL, height: values.length * CELL, svg: svg.join("") };
}

export function largest(values: readonly (readonly number[])[]): number {
  return Math.max(1, ...values.flat().map(Math.abs));
}

/** A dashed outline over cells, also such as lie outside of the grid. */
export function windows(
  piece: Piece,
  boxes: readonly (readonly [x: number, y: number, width: number, height: number])[],
): Piece {
  const svg = boxes.map(([x, y, width, height]) => {
    const [left, top, w, h] = [x, y, width, height].map((n) => n * CELL) as [number, number, number, number];
    return `<rect x="${left + 2}" y="${top + 2}" width="${w - 4}" height="${h - 4}" rx="4" fill="none" stroke="#b0472f" stroke-width="1.5" stroke-dasharray="4 3"/>`;
  });
  const width = Math.max(piece.width, ...boxes.map(([x, , w]) => (x + w) * CELL));
  const height = Math.max(piece.height, ...boxes.map(([, y, , h]) => (y + h) * CELL));
  return { width, height, svg: piece.svg + svg.join("") };
}

export function words(content: string): Piece {
  const svg = letters(content, 0, WORDS, QUIET, "start");
  return { width: content.length * WORDS * LETTER, height: WORDS + 4, svg };
}

/** Between grids: ∗ for a convolution, ⋆ (which fonts draw small) for a correlation, =. */
export function sign(content: string): Piece {
  return {
    width: 18,
    height: 26,
    svg: `<text x="9" y="20" font-size="${content === "⋆" ? 28 : 20}" fill="${QUIET}" text-anchor="middle">${content}</text>`,
  };
}

/** A piece with words below it. */
export function labelled(piece: Piece, label: string): Piece {
  return column([piece, words(label)], 5);
}

export function row(pieces: readonly Piece[], gap = GAP): Piece {
  const height = Math.max(...pieces.map((piece) => piece.height));
  let x = 0;
  const svg = pieces.map((piece) => {
    const placed = moved(piece, x, 0);
    x += piece.width + gap;
    return placed;
  });
  return { width: x - gap, height, svg: svg.join("") };
}

export function column(pieces: readonly Piece[], gap = GAP): Piece {
  const width = Math.max(...pieces.map((piece) => piece.width));
  let y = 0;
  const svg = pieces.map((piece) => {
    const placed = moved(piece, 0, y);
    y += piece.height + gap;
    return placed;
  });
  return { width, height: y - gap, svg: svg.join("") };
}

/** A whole file, on a ground of its own, so that it can be read on dark pages too. `title` is for who cannot see it. */
export function picture(piece: Piece, title: string): string {
  const [width, height] = [piece.width, piece.height].map((n) => Math.ceil(n + 2 * GAP));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="Inter, 'Helvetica Neue', Helvetica, Arial, 'DejaVu Sans', sans-serif" font-size="${WORDS}">`,
    `<title>${title}</title>`,
    `<rect width="${width}" height="${height}" rx="8" fill="${GROUND}"/>`,
    moved(piece, GAP, GAP),
    "</svg>\n",
  ].join("\n");
}

function moved(piece: Piece, x: number, y: number): string {
  return `<g transform="translate(${round(x)} ${round(y)})">${piece.svg}</g>`;
}

function letters(content: string, x: number, y: number, fill: string, anchor: "start" | "middle"): string {
  return `<text x="${round(x)}" y="${round(y)}" fill="${fill}" text-anchor="${anchor}">${content}</text>`;
}

function colour(strength: number): string {
  const [r, g, b] = strength < 0 ? [74, 127, 199] : [232, 156, 52];
  const mix = (end: number, ground: number) => Math.round(ground + (end - ground) * Math.min(1, Math.abs(strength)));
  return `rgb(${mix(r, 238)} ${mix(g, 237)} ${mix(b, 232)})`;
}

function round(n: number): number {
  return Math.round(n * 10) / 10;
}
