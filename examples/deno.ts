// deno run --allow-read examples/deno.ts     (reading is for the kernels and the workers' script; nothing else is asked for)
import { capabilities, nnet, tensor } from "simdconv";

// 64 pictures of 8 channels, 32 × 32: at row y, column x the value is x. 16 filters that take the right neighbour from the left one.
const batch = Array.from({ length: 64 * 8 * 32 * 32 }, (_, i) => i % 32);
const pictures = tensor(batch, [64, 8, 32, 32]);
const difference = [0, 0, 0, 1, 0, -1, 0, 0, 0];
const filters = tensor(Array.from({ length: 16 * 8 }, () => difference).flat(), [16, 8, 3, 3]);

// A convolution turns the filter round, so this is (right − left), summed over 8 channels: 16 wherever the picture goes on.
const slopes = await nnet.conv2d(pictures, filters, { borderMode: "valid", openmp: true });
console.log(slopes.shape); // [ 64, 16, 30, 30 ]
console.log(new Set(slopes.data)); // Set(1) { 16 }

const { using, why } = await capabilities();
console.log(`computed by the ${using.binary} kernels; memory ${using.memory}${why.workers ? `; ${why.workers}` : ""}`);
// Deno ends here by itself: idle workers do not keep it.
