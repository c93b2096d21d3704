/** Problems larger than a buffer, cut into pieces: runs of images, or of one image's outputs along z. */
import type { ConvProblem } from "../problem/problem.ts";

export interface Range {
  readonly from: number;
  readonly to: number;
}

export interface Piece {
  readonly images: Range;
  readonly depth: Range;
  /** Elements of x that it reads and of y that it writes. */
  readonly x: Range;
  readonly y: Range;
}

/** Null where no cut fits, or outputs of pieces would interleave (c01b's batch). */
export function piecesOf(p: ConvProblem, mostElements: number): Piece[] | null {
  if (p.w.size > mostElements) return null;
  const whole = pieceOf(p, { from: 0, to: p.batch }, { from: 0, to: p.output[0] });
  const fits = (piece: Piece) => sizeOf(piece.x) <= mostElements && sizeOf(piece.y) <= mostElements;
  if (fits(whole)) return [whole];
  const pieces: Piece[] = [];
  for (let n = 0; n < p.batch; n++) {
    const image = { from: n, to: n + 1 };
    for (let z = 0; z < p.output[0]; ) {
      let depth = p.output[0] - z;
      let piece = pieceOf(p, image, { from: z, to: z + depth });
      while (!fits(piece) && depth > 1) {
        depth = Math.ceil(depth / 2);
        piece = pieceOf(p, image, { from: z, to: z + depth });
      }
      if (!fits(piece)) return null;
      pieces.push(piece);
      z += depth;
    }
  }
  const apart = pieces.every((piece, i) => i === 0 || piece.y.from >= pieces[i - 1]!.y.to);
  return apart ? pieces : null;
}

export function sizeOf({ from, to }: Range): number {
  return Math.max(0, to - from);
}

function pieceOf(p: ConvProblem, images: Range, depth: Range): Piece {
  const top = Math.max(0, depth.from * p.stride[0] - p.low[0]);
  const bottom = Math.min(p.input[0], (depth.to - 1) * p.stride[0] - p.low[0] + (p.taps[0] - 1) * p.dilation[0] + 1);
  const frames = { from: Math.min(top, p.input[0] - 1), to: Math.max(bottom, Math.min(top, p.input[0] - 1) + 1) };
  return {
    images,
    depth,
    x: spanOf(p.x, p.groups, p.channels, images, frames, p.input),
    y: spanOf(p.y, p.groups, p.filters, images, depth, p.output),
  };
}

/** First and last element of a part of a view. */
function spanOf(
  view: ConvProblem["x"],
  groups: number,
  channels: number,
  images: Range,
  depth: Range,
  extents: readonly number[],
): Range {
  let [from, to] = [view.offset, view.offset];
  const reach = (stride: number, first: number, last: number) => {
    from += Math.min(stride * first, stride * last);
    to += Math.max(stride * first, stride * last);
  };
  reach(view.batch, images.from, images.to - 1);
  reach(view.group, 0, groups - 1);
  reach(view.channel, 0, Math.max(0, channels - 1));
  reach(view.space[0], depth.from, depth.to - 1);
  reach(view.space[1], 0, extents[1]! - 1);
  reach(view.space[2], 0, extents[2]! - 1);
  return { from, to: to + 1 };
}
