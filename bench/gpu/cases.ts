// The cases of the GPU benches: C3D's layers, a movie, and layers of ResNet-50.
import { c3dLayer, c3dLayers, conv3d2d, movie, nnet, type OpCase } from "../op-cases.ts";

/** A layer of ResNet-50, batch 1. */
function resnet(window: number, channels: number, filters: number, side: number, stride = 1): OpCase {
  return nnet({ batch: 1, channels, filters, side, window, pad: window >> 1, stride, whole: true });
}

const full: readonly OpCase[] = [
  ...c3dLayers.map((layer) => c3dLayer(...layer)),
  movie,
  resnet(7, 3, 64, 224, 2),
  resnet(1, 64, 256, 56),
  resnet(3, 64, 64, 56),
  resnet(3, 128, 128, 28),
  resnet(1, 1024, 256, 14),
  resnet(3, 256, 256, 14),
  resnet(3, 512, 512, 7),
];

/** The same kinds, shrunk to less than 3e7 multiply-adds: a software adapter does some 1e9 in a second. */
const quick: readonly OpCase[] = [
  c3dLayer(3, 16, 4, 20),
  c3dLayer(16, 32, 4, 14),
  c3dLayer(64, 64, 2, 7),
  conv3d2d("movie 6×3×20×20, 16 of 5×7×7", {
    channels: 3,
    filters: 16,
    image: [6, 20, 20],
    taps: [5, 7, 7],
    mode: "valid",
  }),
  resnet(7, 3, 16, 56, 2),
  resnet(1, 64, 128, 14),
  resnet(3, 32, 32, 14),
];

/** `pattern` matches names, × and → may be written x and ->. */
export function chosenCases(isQuick: boolean, pattern: string): OpCase[] {
  const wanted = new RegExp(pattern, "i");
  const plain = (name: string) => name.replaceAll("×", "x").replaceAll("→", "->");
  return (isQuick ? quick : full).filter(({ name }) => wanted.test(name) || wanted.test(plain(name)));
}
