import { conv3D, convGrad3D, convTransp3D, tensor } from "simdconv";

// One pixel over four times, a filter over two; the gradient of the sum of all outputs: 1 everywhere.
const V = tensor([1, 2, 4, 8], [1, 1, 1, 4, 1]);
const W = tensor([1, 10], [1, 1, 1, 2, 1]);
const H = await conv3D(V, W, tensor([0], [1]), [1, 1, 1]);
console.log(H.data.join(" ")); // 21 42 84: not flipped
const dCdH = tensor(new Float32Array(H.size).fill(1), H.shape);

const dW = await convGrad3D(V, [1, 1, 1], W.shape, dCdH);
console.log(dW.data.join(" ")); // 7 14: what each tap saw
const dV = await convTransp3D(W, tensor([0], [1]), [1, 1, 1], dCdH);
console.log(dV.shape, dV.data.join(" ")); // [ 1, 1, 1, 4, 1 ] 1 11 11 10: the taps that saw each time
