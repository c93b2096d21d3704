/** The layers whose sizes are gone through. */
import { cases } from "../../cases.ts";
import type { Layer } from "../compare/layer.ts";
import { layerOf, startOf } from "../compare/presets.ts";

export interface Kind {
  readonly label: string;
  /** Of the image, in pixels. */
  readonly sides: readonly number[];
  layer(side: number): Layer;
}

const network = layerOf(cases.find(({ name }) => name === "3×3 64→64 @56")!);
const picture = startOf("signal.conv2d");
const sized = (layer: Layer, side: number, rest: Partial<Layer> = {}): Layer => ({
  ...layer,
  height: side,
  width: side,
  ...rest,
});

export const KINDS: readonly Kind[] = [
  {
    label: "3×3, 32 to 32 channels",
    sides: [2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192],
    layer: (side) => sized(network, side, { channels: 32, filters: 32 }),
  },
  {
    label: "one picture, one 15×15 filter",
    sides: [16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768],
    layer: (side) => sized(picture, side),
  },
  {
    label: "one picture, one 4×4 filter",
    sides: [6, 12, 24, 48, 96, 192, 384, 768, 1536],
    layer: (side) => sized(picture, side, { filterHeight: 4, filterWidth: 4 }),
  },
];
