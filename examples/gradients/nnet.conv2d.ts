import { nnet, tensor } from "simdconv";

// One picture of 3 × 3, one filter of 2 × 2, and a loss: half the squared distance from what the maps should be.
const input = tensor([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 1, 3, 3]);
const filters = tensor([0, 1, 0, 0], [1, 1, 2, 2]);
const maps = await nnet.conv2d(input, filters);
console.log(maps.data.join(" ")); // 4 5 7 8: flipped, the filter takes the pixel below on the left
const wanted = [4, 5, 7, 6];
const outputGrad = tensor(
  Array.from(maps.data, (map, i) => map - wanted[i]),
  maps.shape,
);

const dw = await nnet.conv2dGradWrtWeights(input, outputGrad, { filterShape: filters.shape });
console.log(dw.shape, dw.data.join(" ")); // [ 1, 1, 2, 2 ] 18 16 12 10: twice the four pixels of the last window, turned round
const dx = await nnet.conv2dGradWrtInputs(outputGrad, filters, { imageShape: input.shape });
console.log(dx.shape, dx.data.join(" ")); // [ 1, 1, 3, 3 ] 0 0 0 0 0 0 0 2 0: to the pixel that was 2 too large

// The gradient of a bias is that of a filter of one tap over ones: one 1, whose strides are 0, is as many as are asked for.
const ones = { data: Float32Array.of(1), shape: [1, 1, 2, 2], stride: [0, 0, 0, 0] };
const db = await nnet.conv2dGradWrtWeights(ones, outputGrad, { filterShape: [1, 1, 1, 1] });
console.log(db.data.join(" ")); // 2: the sum over images and pixels
