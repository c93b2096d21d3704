import { signal, tensor } from "simdconv";

// Every image with every filter, nothing summed. Rank decides: an axis that an argument lacks, the result lacks too.
const spike = tensor([0, 0, 1, 0, 0], [1, 5]); // H W
const batch = tensor([0, 0, 1, 0, 0, 1, 1, 1, 1, 1], [2, 1, 5]); // N H W: the spike again, and a plain
const filter = tensor([1, 2, 3], [1, 3]); // h w
const bank = tensor([1, 2, 3, 0, 1, 0], [2, 1, 3]); // F h w: the filter again, and one that takes the middle

const line = await signal.conv2d(spike, filter);
console.log(line.shape, line.data.join(" ")); // [ 1, 3 ] 1 2 3: filters are flipped, so a spike draws the filter as written
const lines = await signal.conv2d(batch, filter);
console.log(lines.shape, lines.data.join(" ")); // [ 2, 1, 3 ] 1 2 3 6 6 6: N R S
const answers = await signal.conv2d(spike, bank);
console.log(answers.shape, answers.data.join(" ")); // [ 2, 1, 3 ] 1 2 3 0 1 0: F R S
const all = await signal.conv2d(batch, bank);
console.log(all.shape, all.data.join(" ")); // [ 2, 2, 1, 3 ] 1 2 3 0 1 0 6 6 6 1 1 1: N F R S
