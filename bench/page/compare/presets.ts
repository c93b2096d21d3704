/** Shapes to start from: a few that differ in what limits them, at least one for each family of ops, and the layers of bench/cases.ts. */
import { type Case, cases } from "../../cases.ts";
import type { Layer } from "./layer.ts";
import { familyOf, type OpId } from "./ops.ts";

export interface Preset {
  readonly label: string;
  readonly title: string;
  readonly layer: Layer;
}

export function layerOf({ imageShape, filterShape, options }: Case, op: OpId = "nnet.conv2d"): Layer {
  const [batch, channels, height, width] = imageShape;
  const [filters, , filterHeight, filterWidth] = filterShape;
  const { borderMode: border, subsample, numGroups: groups } = options;
  return {
    op,
    batch,
    channels,
    frames: 1,
    height,
    width,
    filters,
    groups,
    filterFrames: 1,
    filterHeight,
    filterWidth,
    border,
    subsample: subsample[0],
  };
}

function ofNetwork(label: string, network: Case["network"], name: string, what: string): Preset {
  const found = cases.find((entry) => entry.network === network && entry.name === name);
  if (!found) throw new Error(`bench/cases.ts has no ${network} ${name}`);
  return { label, title: `${what} (${network} ${name})`, layer: layerOf(found) };
}

const ONE: Layer = {
  op: "nnet.conv2d",
  batch: 1,
  channels: 1,
  frames: 1,
  height: 1,
  width: 1,
  filters: 1,
  groups: 1,
  filterFrames: 1,
  filterHeight: 1,
  filterWidth: 1,
  border: "valid",
  subsample: 1,
};

/** A square picture, or a cube of frames, and windows of one side. */
function cube(side: number, window: number, rest: Partial<Layer>): Layer {
  const inTime = rest.frames !== undefined;
  const time = inTime ? { filterFrames: window } : {};
  return { ...ONE, height: side, width: side, filterHeight: window, filterWidth: window, ...time, ...rest };
}

export const presets: readonly Preset[] = [
  ofNetwork("ResNet 3×3", "ResNet-50", "3×3 64→64 @56", "The work-horse of image networks"),
  ofNetwork("7×7/2", "ResNet-50", "7×7/2 3→64 @224", "A photograph's colours into 64 maps"),
  ofNetwork("1×1", "ResNet-50", "1×1 64→256 @56", "A matrix product in disguise"),
  ofNetwork("depthwise", "MobileNetV2", "dw3×3 144 @56", "One filter per channel: limited by memory"),
  ofNetwork("seed 6×6", "seed", "4×4 1→1 @6, batch 1", "So small that workers cannot help"),
  {
    label: "picture 15×15",
    title: "A picture of a quarter of a million pixels, one large filter",
    layer: cube(512, 15, { op: "signal.conv2d" }),
  },
  {
    label: "movie C3D",
    title: "16 frames, as C3D has them, with half the sides and channels of its second layer",
    layer: cube(28, 3, { op: "conv3d2d.conv3d", channels: 32, filters: 64, frames: 16, border: "half" }),
  },
  {
    label: "volume",
    title: "Channels last, as conv3D wants them",
    layer: cube(30, 3, { op: "conv3D", channels: 32, filters: 64, frames: 10 }),
  },
  {
    label: "batch of 128",
    title: "cuda-convnet's layer: the batch is the innermost axis",
    layer: cube(16, 5, { op: "c01b.filterActs", batch: 128, channels: 32, filters: 32, border: 2 }),
  },
];

/** What the form shows when an op of another family is chosen. */
export function startOf(op: OpId): Layer {
  const family = familyOf(op);
  const { layer } = presets.find((preset) => familyOf(preset.layer.op) === family)!;
  return { ...layer, op };
}
