/** The figures of docs/ops/, by the name of their file in docs/images/. What they show is computed by the library. */
import { c01bFigure } from "./c01b.ts";
import { conv3DFigure } from "./conv3D.ts";
import { conv3d2dFigure } from "./conv3d2d.ts";
import { type Piece, picture } from "./drawing.ts";
import { conv2dFigure } from "./nnet.conv2d.ts";
import { signalFigure } from "./signal.conv2d.ts";

const figures: Readonly<Record<string, { readonly title: string; draw(): Promise<Piece> }>> = {
  "nnet.conv2d.svg": {
    title: "A picture and two filters give two maps; the border modes of the first",
    draw: conv2dFigure,
  },
  "signal.conv2d.svg": { title: "A table of two images and three filters", draw: signalFigure },
  "conv3D.svg": {
    title: "A moving dot, a filter in space and time, and what conv3D makes of them",
    draw: conv3DFigure,
  },
  "conv3d2d.svg": { title: "A dot that moves right, and filters for both directions", draw: conv3d2dFigure },
  "c01b.svg": { title: "Windows of stride 2 that hang over the edge; the batch last in memory", draw: c01bFigure },
};

export const figureFiles = Object.keys(figures);

export async function drawFigure(file: string): Promise<string> {
  const { title, draw } = figures[file];
  return picture(await draw(), title);
}
