import { nnet, tensor } from "simdconv";

// One grey picture, dark on the left and bright on the right: 1 image, 1 channel, 4 rows, 5 columns.
const picture = tensor([0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1], [1, 1, 4, 5]);

// Two filters of 1 channel, 3 × 3: Sobel's for upright and for level edges.
const upright = [1, 0, -1, 2, 0, -2, 1, 0, -1];
const level = [1, 2, 1, 0, 0, 0, -1, -2, -1];
const filters = tensor([...upright, ...level], [2, 1, 3, 3]);

const maps = await nnet.conv2d(picture, filters, { borderMode: "valid" });

console.log(maps.shape); // [ 1, 2, 2, 3 ]: a map per filter
console.log(maps.data.join(" ")); // 4 4 0 4 4 0 0 0 0 0 0 0: six values where upright edges are, then six of no level ones
