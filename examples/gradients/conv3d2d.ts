import { conv3d2d, tensor } from "simdconv";

// Four frames of one pixel, a filter of two frames; the gradient of the sum of all outputs: 1 everywhere.
const signals = tensor([1, 2, 4, 8], [1, 4, 1, 1, 1]);
const filters = tensor([1, 10], [1, 2, 1, 1, 1]);
const output = await conv3d2d.conv3d(signals, filters);
console.log(output.data.join(" ")); // 12 24 48: flipped, the second tap meets the earlier frame
const outputGrad = tensor(new Float32Array(output.size).fill(1), output.shape);

const dw = await conv3d2d.conv3dGradWrtFilters(signals, outputGrad, { filtersShape: filters.shape });
console.log(dw.data.join(" ")); // 14 7: what each tap saw
const dx = await conv3d2d.conv3dGradWrtSignals(outputGrad, filters, { signalsShape: signals.shape });
console.log(dx.shape, dx.data.join(" ")); // [ 1, 4, 1, 1, 1 ] 10 11 11 1: the taps that saw each frame
