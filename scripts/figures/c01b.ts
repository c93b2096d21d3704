import { c01b, tensor } from "simdconv";
import { column, grid, labelled, type Piece, row, sign, windows } from "./drawing.ts";
import { planeAt } from "./planes.ts";

const SIZE = 5;
const STRIDE = 2;

/** Sizes are rounded up, so the last windows hang over; and how the batch stands in memory. */
export async function c01bFigure(): Promise<Piece> {
  const values = Array.from({ length: SIZE * SIZE }, (_, i) => i + 1);
  const filters = tensor([1, 1, 1, 1], [1, 2, 2, 1]);
  const acts = await c01b.filterActs(tensor(values, [1, SIZE, SIZE, 1]), filters, { stride: STRIDE });
  const [, rows, columns] = acts.shape;
  const places = Array.from({ length: rows * columns }, (_, i) => {
    const [r, s] = [Math.floor(i / columns), i % columns];
    return [s * STRIDE, r * STRIDE, 2, 2] as const;
  });
  const image = grid(planeAt({ data: Float32Array.from(values), shape: [] }, SIZE, SIZE));
  const pair = tensor([1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6], [1, 2, 3, 2]);
  return column(
    [
      row([
        labelled(windows(image, places), "images [1, 5, 5, 1], windows of stride 2"),
        sign("⋆"),
        labelled(grid(planeAt(filters, 2, 2)), "filters [1, 2, 2, 1]"),
        sign("="),
        labelled(grid(planeAt(acts, rows, columns)), `[${acts.shape.join(", ")}]: ⌈(5 − 2) / 2⌉ + 1 = ${rows}`),
      ]),
      labelled(
        grid(planeAt(pair, 1, 12)),
        "images [1, 2, 3, 2] in memory: a pixel of every image, then the next pixel",
      ),
    ],
    20,
  );
}
