import { signal, tensor } from "simdconv";
import { column, grid, labelled, type Piece, row } from "./drawing.ts";
import { planesOf } from "./planes.ts";

const IMAGES = [
  [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  [0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0],
];
const FILTERS = [
  [1, 2, 3, 4, 5, 6, 7, 8, 9],
  [1, 1, 1, 1, 1, 1, 1, 1, 1],
  [1, 0, -1, 2, 0, -2, 1, 0, -1],
];

/** A table: images down, filters across, in each cell what becomes of the two. */
export async function signalFigure(): Promise<Piece> {
  const images = tensor(IMAGES.flat(), [2, 5, 5]);
  const filters = tensor(FILTERS.flat(), [3, 3, 3]);
  const results = planesOf(await signal.conv2d(images, filters));
  const heading = row([space(130), ...planesOf(filters).map((w) => grid(w, 9))], 40);
  const lines = planesOf(images).map((x, n) =>
    row([grid(x), ...FILTERS.map((_, f) => labelled(grid(results[n * 3 + f], 9), `[${n}, ${f}]`))], 40),
  );
  return column([heading, ...lines], 20);
}

function space(width: number): Piece {
  return { width, height: 0, svg: "" };
}
