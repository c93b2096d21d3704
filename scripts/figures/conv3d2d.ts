import { conv3d2d, tensor } from "simdconv";
import { column, grid, labelled, type Piece, row, sign } from "./drawing.ts";
import { planesOf } from "./planes.ts";

/** Movies as rows of frames: a dot that moves right, what looks for it, and the answers with and without padding in time. */
export async function conv3d2dFigure(): Promise<Piece> {
  const dot = tensor([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1], [1, 4, 1, 1, 4]);
  const rightward = tensor([1, 0, 0, 1], [1, 2, 1, 1, 2]);
  const leftward = tensor([0, 1, 1, 0], [1, 2, 1, 1, 2]);
  const right = await conv3d2d.conv3d(dot, rightward);
  const left = await conv3d2d.conv3d(dot, leftward);
  const padded = await conv3d2d.conv3d(dot, rightward, { borderMode: ["full", "valid", "valid"] });
  const movie = (frames: number[][][], label: string, strongest = 1) =>
    labelled(row(frames.map((frame, t) => labelled(grid(frame, strongest), `t ${t}`))), label);
  return column([
    movie(planesOf(dot), "signals [1, 4, 1, 1, 4]: a dot that moves right"),
    row([
      sign("∗"),
      movie(planesOf(rightward), "rightward, [1, 2, 1, 1, 2]"),
      sign("="),
      movie(planesOf(right), "[1, 3, 1, 1, 3]", 2),
    ]),
    row([
      sign("∗"),
      movie(planesOf(leftward), "leftward, [1, 2, 1, 1, 2]"),
      sign("="),
      movie(planesOf(left), "[1, 3, 1, 1, 3]", 2),
    ]),
    movie(planesOf(padded), 'rightward, borderMode ["full", "valid", "valid"]: [1, 5, 1, 1, 3]', 2),
  ]);
}
