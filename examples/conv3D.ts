import { conv3D, tensor } from "simdconv";

// One pixel over five times, a spike in the middle one: 1 movie, 1 row, 1 column, 5 times, 1 channel (last).
const V = tensor([0, 0, 1, 0, 0], [1, 1, 1, 5, 1]);
// Two filters over three times, and a bias for each.
const W = tensor([1, 2, 3, 0, 1, 0], [2, 1, 1, 3, 1]);
const b = tensor([10, 20], [2]);

// Strides over row, column and time. Filters are not flipped, so a spike draws them backwards: 3 2 1, and 0 1 0.
const H = await conv3D(V, W, b, [1, 1, 1]);
console.log(H.shape, H.data.join(" ")); // [ 1, 1, 1, 3, 2 ] 13 20 12 21 11 20: both filters at the first time, then at the second …
const every2nd = await conv3D(V, W, b, [1, 1, 2]);
console.log(every2nd.shape, every2nd.data.join(" ")); // [ 1, 1, 1, 2, 2 ] 13 20 11 20: the first and the third time
