// The cases of the ops beside nnet.conv2d. Each is laid down in the op's own layout, and as one sum that every op and every peer
// understands: images [n, c, z, y, x], filters [o, c, z, y, x] in the order in which the window walks them, no flipping.
import type { Engine, Layer } from "./library.ts";

export type Space = readonly [number, number, number];

/** Where element [a, b, z, y, x] lies: offset + a·outer + b·inner + z·space[0] + y·space[1] + x·space[2]. */
export interface Layout {
  readonly offset: number;
  readonly outer: number;
  readonly inner: number;
  readonly space: Space;
}

/** result[n, o, at] = Σ image[n, c, at·stride + tap·dilation − low] · filter[o, c, tap], zeros outside; c runs over the group of o. */
export interface Sum {
  readonly batch: number;
  /** Of an image; a filter has as many as its group. */
  readonly channels: number;
  readonly filters: number;
  readonly groups: number;
  readonly image: Space;
  readonly taps: Space;
  readonly result: Space;
  readonly stride: Space;
  readonly dilation: Space;
  readonly low: Space;
}

const ONES: Space = [1, 1, 1];

/** Neither groups nor gaps between the taps. */
const dense = { groups: 1, dilation: ONES } as const;

export interface OpCase {
  readonly name: string;
  readonly op: "signal.conv2d" | "conv3D" | "conv3d2d.conv3d" | "c01b.filterActs" | "nnet.conv2d";
  readonly imageShape: readonly number[];
  readonly filterShape: readonly number[];
  readonly outputShape: readonly number[];
  readonly sum: Sum;
  readonly layouts: { readonly image: Layout; readonly filter: Layout; readonly result: Layout };
  /** A Gaussian is a column times a row. */
  readonly filter: "random" | "gaussian";
  compile(engine: Engine): Promise<Layer>;
}

/** One row of the table: an op against the peers, or against another op of ours on the same layer. */
export interface Contest {
  readonly of: OpCase;
  readonly beside?: OpCase;
  readonly peers: boolean;
  /** Which promised figure it counts for. */
  readonly figure?: "signal" | "C3D" | "c01b" | "conv3d2d";
}

export const product = (list: readonly number[]): number => list.reduce((all, n) => all * n, 1);

/** Multiply-adds of the direct sum, padding included, whatever the algorithm. */
export const workOf = (sum: Sum): number =>
  sum.batch * stackOf(sum) * sum.filters * product(sum.taps) * product(sum.result);

/** Channels of a filter. */
export const stackOf = ({ channels, groups }: Sum): number => channels / groups;

/** Zeros after each axis, as many as the last window needs. */
export const highOf = ({ image, taps, result, stride, dilation, low }: Sum): Space =>
  result.map((n, axis) =>
    Math.max(0, (n - 1) * stride[axis] + (taps[axis] - 1) * dilation[axis] + 1 - image[axis] - low[axis]),
  ) as unknown as Space;

/** Elements between neighbours along each axis, in C order. */
function strides(shape: readonly number[]): number[] {
  const steps = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) steps[axis] = steps[axis + 1] * shape[axis + 1];
  return steps;
}

/** `axes`: where outer, inner, z, y and x are among those of `shape`; −1 for one that it does not have. */
function layout(shape: readonly number[], axes: readonly number[], flipped = false): Layout {
  const all = strides(shape);
  const [outer, inner, ...space] = axes.map((axis) => (axis < 0 ? 0 : all[axis]));
  if (!flipped) return { offset: 0, outer, inner, space: space as unknown as Space };
  // A true convolution: the window walks the filter backwards.
  const last = axes.slice(2).map((axis) => (axis < 0 ? 0 : (shape[axis] - 1) * all[axis]));
  return { offset: last.reduce((a, b) => a + b), outer, inner, space: negative(space) };
}

const negative = (space: readonly number[]): Space => space.map((step) => -step) as unknown as Space;

/** The layout of the normal form. */
export function plainLayout(outer: number, inner: number, space: Space): Layout {
  return layout([outer, inner, ...space], [0, 1, 2, 3, 4]);
}

/** One image and one filter have no axis of their own. */
function signal(side: number, window: number, filter: OpCase["filter"], images = 1, filters = 1): Contest {
  const out = side - window + 1;
  const several = images > 1 || filters > 1;
  const imageShape = several ? [images, side, side] : [side, side];
  const filterShape = several ? [filters, window, window] : [window, window];
  const outputShape = several ? [images, filters, out, out] : [out, out];
  const first = several ? 0 : -1;
  const rows = imageShape.length - 2;
  const many = several ? `, ${images} images × ${filters} filters` : "";
  const of: OpCase = {
    name: `signal.conv2d ${window}×${window} ${filter} @${side}${many}`,
    op: "signal.conv2d",
    imageShape,
    filterShape,
    outputShape,
    sum: {
      ...dense,
      batch: images,
      channels: 1,
      filters,
      image: [1, side, side],
      taps: [1, window, window],
      result: [1, out, out],
      stride: [1, 1, 1],
      low: [0, 0, 0],
    },
    layouts: {
      image: layout(imageShape, [first, -1, -1, rows, rows + 1]),
      filter: layout(filterShape, [first, -1, -1, rows, rows + 1], true),
      result: several ? layout(outputShape, [0, 1, -1, 2, 3]) : layout(outputShape, [-1, -1, -1, 0, 1]),
    },
    filter,
    compile: ({ signal }) => signal.conv2d.compile({ imageShape, filterShape }),
  };
  return { of, peers: true, figure: "signal" };
}

export interface Volume {
  readonly batch?: number;
  readonly channels: number;
  readonly filters: number;
  /** Time, rows, columns. */
  readonly image: Space;
  readonly taps: Space;
  readonly mode: "valid" | "half";
}

function volumeSum({ batch = 1, channels, filters, image, taps, mode }: Volume): Sum {
  const low = taps.map((n) => (mode === "half" ? n >> 1 : 0)) as unknown as Space;
  const result = image.map((n, axis) => n + 2 * low[axis] - taps[axis] + 1) as unknown as Space;
  return { ...dense, batch, channels, filters, image, taps, result, stride: ONES, low };
}

export function conv3d2d(name: string, volume: Volume): OpCase {
  const sum = volumeSum(volume);
  const { batch, channels, filters, image, taps, result } = sum;
  const signalsShape = [batch, image[0], channels, image[1], image[2]];
  const filtersShape = [filters, taps[0], channels, taps[1], taps[2]];
  const outputShape = [batch, result[0], filters, result[1], result[2]];
  const axes = [0, 2, 1, 3, 4];
  return {
    name: `conv3d2d ${name}`,
    op: "conv3d2d.conv3d",
    imageShape: signalsShape,
    filterShape: filtersShape,
    outputShape,
    sum,
    layouts: {
      image: layout(signalsShape, axes),
      filter: layout(filtersShape, axes, true),
      result: layout(outputShape, axes),
    },
    filter: "random",
    compile: ({ conv3d2d }) => conv3d2d.conv3d.compile({ signalsShape, filtersShape, borderMode: volume.mode }),
  };
}

/** Channels and time last. */
function conv3D(name: string, volume: Volume): OpCase {
  const sum = volumeSum(volume);
  const { batch, channels, filters, image, taps, result } = sum;
  const last = (outer: number, [time, rows, columns]: Space, inner: number) => [outer, rows, columns, time, inner];
  const VShape = last(batch, image, channels);
  const WShape = last(filters, taps, channels);
  const outputShape = last(batch, result, filters);
  const axes = [0, 4, 3, 1, 2];
  return {
    name: `conv3D ${name}`,
    op: "conv3D",
    imageShape: VShape,
    filterShape: WShape,
    outputShape,
    sum,
    layouts: { image: layout(VShape, axes), filter: layout(WShape, axes), result: layout(outputShape, axes) },
    filter: "random",
    compile: (engine) => engine.conv3D.compile({ VShape, WShape, d: [1, 1, 1] }),
  };
}

export interface Planar {
  readonly batch: number;
  readonly channels: number;
  readonly filters: number;
  readonly side: number;
  readonly window: number;
  readonly pad: number;
  readonly stride: number;
  /** No window hangs over the edge. */
  readonly whole?: boolean;
}

/** As filterActs counts, unless `whole`: the last window may hang over the edge. */
function planarSum({ batch, channels, filters, side, window, pad, stride, whole }: Planar): Sum {
  const steps = (side + 2 * pad - window) / stride;
  const out = (whole ? Math.floor(steps) : Math.ceil(steps)) + 1;
  return {
    ...dense,
    batch,
    channels,
    filters,
    image: [1, side, side],
    taps: [1, window, window],
    result: [1, out, out],
    stride: [1, stride, stride],
    low: [0, pad, pad],
  };
}

const layerName = ({ batch, channels, filters, side, window, stride }: Planar) =>
  `${window}×${window}${stride === 1 ? "" : `/${stride}`} ${channels}→${filters} @${side}, batch ${batch}`;

export function nnet(layer: Planar, algorithm: "auto" | "direct" = "auto"): OpCase {
  const name = `nnet.conv2d ${layerName(layer)}${algorithm === "auto" ? "" : `, ${algorithm}`}`;
  return nnetOf(name, planarSum(layer), algorithm);
}

/** Any layer without depth. */
export function nnetOf(name: string, sum: Sum, algorithm: "auto" | "direct" = "auto"): OpCase {
  const { batch, channels, filters, groups } = sum;
  const of = ([, rows, columns]: Space) => [rows, columns] as const;
  const imageShape = [batch, channels, ...of(sum.image)];
  const filterShape = [filters, stackOf(sum), ...of(sum.taps)];
  const outputShape = [batch, filters, ...of(sum.result)];
  const axes = [0, 1, -1, 2, 3];
  const high = highOf(sum);
  const sides = (axis: number) => [sum.low[axis], high[axis]] as const;
  const borderMode = [sides(1), sides(2)] as const;
  const [subsample, filterDilation] = [of(sum.stride), of(sum.dilation)];
  const spec = { imageShape, filterShape, algorithm, borderMode, subsample, filterDilation, numGroups: groups };
  return {
    name,
    op: "nnet.conv2d",
    imageShape,
    filterShape,
    outputShape,
    sum,
    layouts: {
      image: layout(imageShape, axes),
      filter: layout(filterShape, axes, true),
      result: layout(outputShape, axes),
    },
    filter: "random",
    compile: (engine) => engine.nnet.conv2d.compile(spec),
  };
}

function c01b(layer: Planar): OpCase {
  const sum = planarSum(layer);
  const { batch, channels, filters, side, window, pad, stride } = layer;
  const [, out] = sum.result;
  const imagesShape = [channels, side, side, batch];
  const filtersShape = [channels, window, window, filters];
  const outputShape = [filters, out, out, batch];
  const axes = [3, 0, -1, 1, 2];
  return {
    name: `c01b ${layerName(layer)}`,
    op: "c01b.filterActs",
    imageShape: imagesShape,
    filterShape: filtersShape,
    outputShape,
    sum,
    layouts: {
      image: layout(imagesShape, axes),
      filter: layout(filtersShape, axes),
      result: layout(outputShape, axes),
    },
    filter: "random",
    compile: (engine) => engine.c01b.filterActs.compile({ imagesShape, filtersShape, pad, stride }),
  };
}

const cube: Space = [3, 3, 3];

/** Channels, filters, frames and side of the eight layers of C3D; the last two are one and the same. */
export const c3dLayers: readonly (readonly [number, number, number, number])[] = [
  [3, 64, 16, 112],
  [64, 128, 16, 56],
  [128, 256, 8, 28],
  [256, 256, 8, 28],
  [256, 512, 4, 14],
  [512, 512, 4, 14],
  [512, 512, 2, 7],
];

export function c3dLayer(channels: number, filters: number, frames: number, side: number): OpCase {
  const volume: Volume = { channels, filters, image: [frames, side, side], taps: cube, mode: "half" };
  return conv3d2d(`C3D ${channels}→${filters} @${frames}×${side}`, volume);
}

const c3d = c3dLayers.map((layer): Contest => ({ of: c3dLayer(...layer), peers: true, figure: "C3D" }));

/** The same numbers for both ops; conv3D cannot pad, so the zeros are taken for part of the image. */
const sameNumbers = (
  [
    [128, 256, 8, 28],
    [512, 512, 4, 14],
  ] as const
).map(([channels, filters, frames, side]): Contest => {
  const image: Space = [frames + 2, side + 2, side + 2];
  const volume: Volume = { channels, filters, image, taps: cube, mode: "valid" };
  const name = `C3D ${channels}→${filters} @${frames}×${side}, padded before`;
  return { of: conv3D(name, volume), beside: conv3d2d(name, volume), peers: true };
});

/** As many multiply-adds in 27 taps of 64 channels as in 9 taps of 192, and as large a result. */
const sameWork = (["auto", "direct"] as const).map((algorithm): Contest => {
  const volume: Volume = { channels: 64, filters: 64, image: [8, 28, 28], taps: cube, mode: "half" };
  const layer: Planar = { batch: 8, channels: 192, filters: 64, side: 28, window: 3, pad: 1, stride: 1 };
  const of = conv3d2d(`64→64 @8×28, beside nnet.conv2d${algorithm === "auto" ? "" : ` (${algorithm})`}`, volume);
  return { of, beside: nnet(layer, algorithm), peers: false, figure: "conv3d2d" };
});

/** Layers of cuda-convnet's size. Without pad the last window of the strided one hangs over the edge by a pixel. */
const batchLast = (
  [
    [3, 32, 5, 32, 2, 1],
    [32, 32, 5, 16, 2, 1],
    [64, 64, 3, 16, 1, 1],
    [64, 128, 3, 16, 0, 2],
  ] as const
).map(([channels, filters, window, side, pad, stride]): Contest => {
  const layer: Planar = { batch: 128, channels, filters, side, window, pad, stride };
  return { of: c01b(layer), beside: nnet(layer), peers: true, figure: "c01b" };
});

export const movie = conv3d2d("movie 16×3×64×64, 32 of 5×7×7", {
  channels: 3,
  filters: 32,
  image: [16, 64, 64],
  taps: [5, 7, 7],
  mode: "valid",
});

export const contests: readonly Contest[] = [
  ...[1024, 4096].flatMap((side) =>
    [3, 5, 7, 15, 31, 63, 127].flatMap((window) => [signal(side, window, "gaussian"), signal(side, window, "random")]),
  ),
  signal(256, 5, "random", 16, 8),
  ...c3d,
  { of: movie, peers: true },
  ...sameNumbers,
  ...sameWork,
  ...batchLast,
];

/** A long movie: what it takes beside its operands must stay small. */
export const longMovie = (mode: Volume["mode"]): OpCase =>
  conv3d2d(`64×3×224×224, 32 of 3×3×3, ${mode}`, {
    channels: 3,
    filters: 32,
    image: [64, 224, 224],
    taps: cube,
    mode,
  });
