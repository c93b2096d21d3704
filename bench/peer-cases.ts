// The cases of `--peers`: the layers of cases.ts, forms that those networks lack, and C3D; and which mean each of them counts for.
import { type Case, cases, geometry } from "./cases.ts";
import { type Contest, c3dLayer, c3dLayers, movie, nnetOf, type Sum } from "./op-cases.ts";

export const groups = ["3×3 of VGG-16", "3×3 of ResNet-50", "1×1", "strided", "depthwise", "C3D", "others"] as const;
export type Group = (typeof groups)[number];

export interface PeerCase extends Contest {
  readonly group: Group;
}

export function sumOf(layer: Case): Sum {
  const { imageShape, filterShape, options } = layer;
  const [batch, channels, rows, columns] = imageShape;
  const [filters, , height, width] = filterShape;
  const { pad, outputShape } = geometry(layer);
  return {
    batch,
    channels,
    filters,
    groups: options.numGroups,
    image: [1, rows, columns],
    taps: [1, height, width],
    result: [1, outputShape[2], outputShape[3]],
    stride: [1, ...options.subsample],
    dilation: [1, 1, 1],
    low: [0, ...pad],
  };
}

function groupOf({ network, kind, name, options }: Case): Group {
  if (kind === "depthwise") return "depthwise";
  if (options.subsample[0] > 1) return "strided";
  if (kind === "pointwise") return "1×1";
  if (network === "VGG-16") return "3×3 of VGG-16";
  return network === "ResNet-50" && name.startsWith("3×3") ? "3×3 of ResNet-50" : "others";
}

interface Form {
  readonly name: string;
  readonly batch?: number;
  readonly channels: number;
  readonly filters: number;
  readonly side: number;
  readonly window: readonly [number, number];
  readonly groups?: number;
  readonly dilation?: number;
}

/** Padded so that the result is as large as the image. */
function formSum({ batch = 1, channels, filters, side, window, groups = 1, dilation = 1 }: Form): Sum {
  const half = (taps: number) => ((taps - 1) * dilation) >> 1;
  return {
    batch,
    channels,
    filters,
    groups,
    image: [1, side, side],
    taps: [1, ...window],
    result: [1, side, side],
    stride: [1, 1, 1],
    dilation: [1, dilation, dilation],
    low: [0, half(window[0]), half(window[1])],
  };
}

const forms: readonly (Form & { readonly group?: Group })[] = [
  { name: "CIFAR 5×5 3→64 @32, batch 32", batch: 32, channels: 3, filters: 64, side: 32, window: [5, 5] },
  { name: "CIFAR 5×5 64→64 @16, batch 32", batch: 32, channels: 64, filters: 64, side: 16, window: [5, 5] },
  { name: "dilated by 2, 3×3 256→256 @28", channels: 256, filters: 256, side: 28, window: [3, 3], dilation: 2 },
  { name: "ResNeXt-50 3×3 128→128 @56, 32 groups", channels: 128, filters: 128, side: 56, window: [3, 3], groups: 32 },
  { name: "Inception-v3 1×7 128→128 @17", channels: 128, filters: 128, side: 17, window: [1, 7] },
  {
    name: "ConvNeXt dw7×7 96 @56",
    channels: 96,
    filters: 96,
    side: 56,
    window: [7, 7],
    groups: 96,
    group: "depthwise",
  },
];

export const peerCases: readonly PeerCase[] = [
  ...cases.map((layer): PeerCase => {
    const of = nnetOf(`${layer.network} ${layer.name}`, sumOf(layer));
    return { of, peers: true, group: groupOf(layer) };
  }),
  ...forms.map(({ group = "others", ...form }): PeerCase => {
    return { of: nnetOf(form.name, formSum(form)), peers: true, group };
  }),
  ...c3dLayers.map((layer): PeerCase => ({ of: c3dLayer(...layer), peers: true, group: "C3D" })),
  { of: movie, peers: true, group: "others" },
];
