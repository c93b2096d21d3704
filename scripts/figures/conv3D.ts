import { conv3D, convTransp3D, tensor } from "simdconv";
import { column, grid, labelled, type Piece, row, sign, words } from "./drawing.ts";
import { planeAt } from "./planes.ts";

/** A movie of one row: columns downwards, time to the right, as they stand in memory. A dot moves by one column a frame. */
export async function conv3DFigure(): Promise<Piece> {
  const V = tensor([1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1], [1, 1, 5, 5, 1]);
  const W = tensor([3, 0, 0, 0, 2, 0, 0, 0, 1], [1, 1, 3, 3, 1]);
  const b = tensor([1], [1]);
  const H = await conv3D(V, W, b, [1, 1, 1]);
  const strided = await conv3D(V, W, b, [1, 2, 2]);
  const R = await convTransp3D(W, tensor([0], [1]), [1, 2, 2], strided);
  return column(
    [
      words("one row of pixels; columns run down, time runs to the right"),
      row([
        labelled(grid(planeAt(V, 5, 5)), "V [1, 1, 5, 5, 1]"),
        sign("⋆"),
        labelled(grid(planeAt(W, 3, 3)), "W [1, 1, 3, 3, 1]"),
        sign("+"),
        labelled(grid(planeAt(b, 1, 1)), "b"),
        sign("="),
        labelled(grid(planeAt(H, 3, 3), 7), "H, d = [1, 1, 1]"),
        labelled(grid(planeAt(strided, 2, 2), 7), "d = [1, 2, 2]"),
        sign("→"),
        labelled(grid(planeAt(R, 5, 5), 21), "its convTransp3D, b = 0"),
      ]),
    ],
    10,
  );
}
