import { c01b, tensor } from "simdconv";

// Two lines of 5 pixels, windows of 2 × 2 with stride 2: the third hangs over the edge. The gradient of the sum of all outputs: 1 everywhere.
const images = tensor([1, 2, 4, 8, 16, 0, 0, 0, 0, 0], [1, 2, 5, 1]); // C H W N
const filters = tensor([1, 10, 0, 0], [1, 2, 2, 1]); // C h w O
const acts = await c01b.filterActs(images, filters, { stride: 2 });
console.log(acts.shape, acts.data.join(" ")); // [ 1, 1, 3, 1 ] 21 84 16: O R S N
const hidGrads = tensor(new Float32Array(acts.size).fill(1), acts.shape);

const dw = await c01b.weightActs(images, hidGrads, { stride: 2, outputShape: [2, 2] });
console.log(dw.shape, dw.data.join(" ")); // [ 1, 2, 2, 1 ] 21 10 0 0: what each tap saw
const dx = await c01b.imageActs(hidGrads, filters, { stride: 2, outputShape: [2, 5] });
console.log(dx.shape, dx.data.join(" ")); // [ 1, 2, 5, 1 ] 1 10 1 10 1 0 0 0 0 0: the tap that saw each pixel
