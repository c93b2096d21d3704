import { nnet, tensor } from "simdconv";
import { column, grid, labelled, type Piece, row, sign } from "./drawing.ts";
import { planesOf } from "./planes.ts";

/** The picture and the filters of examples/conv2d.ts; then what the border modes make of the first. */
export async function conv2dFigure(): Promise<Piece> {
  const picture = tensor([0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1], [1, 1, 4, 5]);
  const filters = tensor([1, 0, -1, 2, 0, -2, 1, 0, -1, 1, 2, 1, 0, 0, 0, -1, -2, -1], [2, 1, 3, 3]);
  const [upright, level] = planesOf(filters);
  const valid = planesOf(await nnet.conv2d(picture, filters));
  const modes = await Promise.all(
    (["valid", "half", "full"] as const).map(async (borderMode) => {
      const [map] = planesOf(await nnet.conv2d(picture, filters, { borderMode }));
      return labelled(grid(map, 4), `"${borderMode}": ${map.length} × ${map[0].length}`);
    }),
  );
  const strided = planesOf(await nnet.conv2d(picture, filters, { borderMode: "half", subsample: [2, 2] }))[0];
  return column(
    [
      row([
        labelled(grid(planesOf(picture)[0]), "input [1, 1, 4, 5]"),
        sign("∗"),
        labelled(row([grid(upright), grid(level)]), "filters [2, 1, 3, 3]"),
        sign("="),
        labelled(row(valid.map((map) => grid(map, 4))), "[1, 2, 2, 3]"),
      ]),
      row([...modes, labelled(grid(strided, 4), '"half", subsample [2, 2]')], 24),
    ],
    24,
  );
}
