/** How a problem is computed on a device: its form, its tile, the pieces that fit; and a piece as the kernel reads it. */
import type { ConvProblem } from "../problem/problem.ts";
import { product } from "../problem/problem.ts";
import { type Form, formOf } from "./form.ts";
import type { Gpu } from "./gpu.ts";
import { type Piece, piecesOf, sizeOf } from "./pieces.ts";
import type { Dispatch } from "./pipeline.ts";
import { type Kernel, PIECE } from "./shader.ts";
import { type Choice, chooseTile, filtersOf, GROUP, groupsOf, paddedTerms, pixelsOf } from "./tile.ts";

export interface GpuPlan extends Choice {
  readonly form: Form;
  readonly pieces: readonly Piece[];
}

const FLOAT = 4;
/** Addresses are i32. */
const MOST_ELEMENTS = 2 ** 31 - 1;

/** Null where the kernel does not serve the problem, or the device cannot hold it. */
export function planOnGpu(p: ConvProblem, { device, mostBytes, tiles }: Gpu): GpuPlan | null {
  if (p.dtype !== "float32" || p.w.position || p.filterGradient) return null;
  const most = Math.min(MOST_ELEMENTS, Math.floor(mostBytes / FLOAT));
  const form = formOf(p);
  const choice = chooseTile(form.problem, device.limits, {
    mostElements: most,
    tiles,
    subgroups: device.features.has("subgroups"),
  });
  const pieces = piecesOf(form.problem, most);
  if (!choice || !pieces) return null;
  // Parts are added element by element, so nothing else may stand between the outputs: not those of other phases.
  const { batch, groups, filters, output, y } = form.problem;
  const dense = y.size === batch * groups * filters * product(output);
  const fewest = pieces.length > 1 || !dense ? 1 : Math.min(choice.parts, Math.floor(most / Math.max(1, p.y.size)));
  return { form, pieces, tile: choice.tile, parts: Math.max(1, fewest) };
}

export function kernelOf({ form, tile, parts }: GpuPlan): Kernel {
  const activation = parts > 1 ? "linear" : form.problem.activation;
  return { tile, vectors: form.vectors, taps: form.taps, activation };
}

/** The uniform words of a piece, and its workgroups; `first` is which elements of x and y their buffers begin with. */
export function dispatchOf(
  { form, tile, parts }: GpuPlan,
  piece: Piece,
  first: { readonly x: number; readonly y: number },
): Pick<Dispatch, "words" | "workgroups"> {
  const { inElements: p, vectors, marked } = form;
  const lanes = vectors ? 1 : GROUP;
  const depth = sizeOf(piece.depth);
  const output = [depth, p.output[1], p.output[2]];
  const elements = sizeOf(piece.images) * product(output);
  const terms = paddedTerms(p, tile);
  const tiles = [
    Math.ceil(p.filters / filtersOf(tile)),
    Math.ceil((elements * GROUP) / lanes / pixelsOf(tile)),
    p.groups,
  ];
  const workgroups = product(tiles) * parts;
  // The first image of the piece is image 0 to the kernel, its first z is 0 of y.
  const unit = vectors ? GROUP : 1;
  const x0 = p.x.offset + piece.images.from * p.x.batch - first.x / unit;
  const y0 = p.y.offset + piece.images.from * p.y.batch + piece.depth.from * p.y.space[0] - first.y / unit;
  const low = [p.low[0] - piece.depth.from * p.stride[0], p.low[1], p.low[2]];
  const rows: Record<keyof typeof PIECE, readonly number[]> = {
    counts: [elements, p.filters, terms, workgroups],
    tiles: [...tiles, Math.ceil(terms / tile.step / parts) * tile.step],
    output: [...output, sizeOf(piece.y) / unit],
    hop: digits(groupsOf(tile), output),
    stride: p.stride,
    low,
    input: p.input,
    dilation: p.dilation,
    marked,
    x: [x0, p.x.batch, p.x.group],
    xSpace: p.x.space,
    y: [y0, p.y.batch, p.y.group, p.y.channel],
    ySpace: p.y.space,
  };
  const words = new Int32Array(4 * Object.keys(PIECE).length);
  for (const [name, at] of Object.entries(PIECE)) words.set(rows[name as keyof typeof PIECE], 4 * at);
  return { words, workgroups };
}

/** n as a number whose last digits have these bases. */
function digits(n: number, bases: readonly number[]): number[] {
  let rest = n;
  const lower = [...bases].reverse().map((base) => {
    const digit = rest % base;
    rest = Math.floor(rest / base);
    return digit;
  });
  return [rest, ...lower.reverse()];
}
