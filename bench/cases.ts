// The one list of layers: the bench times it, tests run it, a page may show it.
// Distinct convolution layers only; a layer that a network repeats stands here once, under the first block that has it.

export type Quad = readonly [number, number, number, number];

export interface Case {
  /** As in the papers: window, subsample, channels, @ image side. */
  readonly name: string;
  readonly network: "ResNet-50" | "VGG-16" | "MobileNetV2" | "LeNet" | "seed";
  readonly kind: "dense" | "pointwise" | "depthwise";
  readonly imageShape: Quad;
  readonly filterShape: Quad;
  readonly options: {
    readonly borderMode: "valid" | "half";
    readonly subsample: readonly [number, number];
    readonly numGroups: number;
  };
}

type Network = Case["network"];

/** A layer with a side × side window, "half" padding (odd windows keep the image's size), batch 1. */
function conv(network: Network, side: number, from: number, to: number, image: number, stride = 1): Case {
  return {
    name: `${side}×${side}${stride === 1 ? "" : `/${stride}`} ${from}→${to} @${image}`,
    network,
    kind: side === 1 ? "pointwise" : "dense",
    imageShape: [1, from, image, image],
    filterShape: [to, from, side, side],
    options: { borderMode: side === 1 ? "valid" : "half", subsample: [stride, stride], numGroups: 1 },
  };
}

/** One 3×3 filter per channel. */
function depthwise(network: Network, channels: number, image: number, stride = 1): Case {
  return {
    name: `dw3×3${stride === 1 ? "" : `/${stride}`} ${channels} @${image}`,
    network,
    kind: "depthwise",
    imageShape: [1, channels, image, image],
    filterShape: [channels, 1, 3, 3],
    options: { borderMode: "half", subsample: [stride, stride], numGroups: channels },
  };
}

/** No padding, any batch: LeNet and the seed. */
function valid(network: Network, side: number, from: number, to: number, image: number, batch: number): Case {
  return {
    name: `${side}×${side} ${from}→${to} @${image}, batch ${batch}`,
    network,
    kind: "dense",
    imageShape: [batch, from, image, image],
    filterShape: [to, from, side, side],
    options: { borderMode: "valid", subsample: [1, 1], numGroups: 1 },
  };
}

const R = "ResNet-50";
const V = "VGG-16";
const M = "MobileNetV2";

export const cases: readonly Case[] = [
  valid("seed", 4, 1, 1, 6, 1),
  valid("seed", 4, 1, 1, 6, 10),

  valid("LeNet", 5, 1, 20, 28, 64),
  valid("LeNet", 5, 20, 50, 12, 64),

  // ResNet-50 v1.5: the subsampling is in the 3×3 and in the shortcut.
  conv(R, 7, 3, 64, 224, 2),
  conv(R, 1, 64, 64, 56),
  conv(R, 3, 64, 64, 56),
  conv(R, 1, 64, 256, 56),
  conv(R, 1, 256, 64, 56),
  conv(R, 1, 256, 128, 56),
  conv(R, 3, 128, 128, 56, 2),
  conv(R, 1, 128, 512, 28),
  conv(R, 1, 256, 512, 56, 2),
  conv(R, 1, 512, 128, 28),
  conv(R, 3, 128, 128, 28),
  conv(R, 1, 512, 256, 28),
  conv(R, 3, 256, 256, 28, 2),
  conv(R, 1, 256, 1024, 14),
  conv(R, 1, 512, 1024, 28, 2),
  conv(R, 1, 1024, 256, 14),
  conv(R, 3, 256, 256, 14),
  conv(R, 1, 1024, 512, 14),
  conv(R, 3, 512, 512, 14, 2),
  conv(R, 1, 512, 2048, 7),
  conv(R, 1, 1024, 2048, 14, 2),
  conv(R, 1, 2048, 512, 7),
  conv(R, 3, 512, 512, 7),

  conv(V, 3, 3, 64, 224),
  conv(V, 3, 64, 64, 224),
  conv(V, 3, 64, 128, 112),
  conv(V, 3, 128, 128, 112),
  conv(V, 3, 128, 256, 56),
  conv(V, 3, 256, 256, 56),
  conv(V, 3, 256, 512, 28),
  conv(V, 3, 512, 512, 28),
  conv(V, 3, 512, 512, 14),

  // MobileNetV2, width 1: expand (1×1), filter (depthwise), project (1×1).
  conv(M, 3, 3, 32, 224, 2),
  depthwise(M, 32, 112),
  conv(M, 1, 32, 16, 112),
  conv(M, 1, 16, 96, 112),
  depthwise(M, 96, 112, 2),
  conv(M, 1, 96, 24, 56),
  conv(M, 1, 24, 144, 56),
  depthwise(M, 144, 56),
  conv(M, 1, 144, 24, 56),
  depthwise(M, 144, 56, 2),
  conv(M, 1, 144, 32, 28),
  conv(M, 1, 32, 192, 28),
  depthwise(M, 192, 28),
  conv(M, 1, 192, 32, 28),
  depthwise(M, 192, 28, 2),
  conv(M, 1, 192, 64, 14),
  conv(M, 1, 64, 384, 14),
  depthwise(M, 384, 14),
  conv(M, 1, 384, 64, 14),
  conv(M, 1, 384, 96, 14),
  conv(M, 1, 96, 576, 14),
  depthwise(M, 576, 14),
  conv(M, 1, 576, 96, 14),
  depthwise(M, 576, 14, 2),
  conv(M, 1, 576, 160, 7),
  conv(M, 1, 160, 960, 7),
  depthwise(M, 960, 7),
  conv(M, 1, 960, 160, 7),
  conv(M, 1, 960, 320, 7),
  conv(M, 1, 320, 1280, 7),
];

/** Zeros before and after each row and column, and the shape of the result. */
export function geometry({ imageShape, filterShape, options }: Case): { pad: [number, number]; outputShape: Quad } {
  const pad = (k: number) => (options.borderMode === "half" ? Math.floor(k / 2) : 0);
  const size = (n: number, k: number, s: number) => Math.floor((n + 2 * pad(k) - k) / s) + 1;
  const [batch, , rows, columns] = imageShape;
  const [kernels, , height, width] = filterShape;
  return {
    pad: [pad(height), pad(width)],
    outputShape: [batch, kernels, size(rows, height, options.subsample[0]), size(columns, width, options.subsample[1])],
  };
}

/** Multiply-adds of the direct sum, padding included: what GFLOP/s is counted in, whatever the algorithm. */
export function multiplyAdds(layer: Case): number {
  const [, channels, height, width] = layer.filterShape;
  return geometry(layer).outputShape.reduce((product, n) => product * n, channels * height * width);
}
