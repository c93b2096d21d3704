import { c01b, tensor } from "simdconv";

// The batch comes last: 1 channel, 3 × 3 pixels, 2 images, a spike in the middle of the first and 1 all over the second.
const images = tensor([0, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 0, 1], [1, 3, 3, 2]); // C H W N
const filters = tensor([1, 2, 3, 4], [1, 2, 2, 1]); // C h w O

const acts = await c01b.filterActs(images, filters);
console.log(acts.shape); // [ 1, 2, 2, 2 ]: O R S N
console.log(acts.data.join(" ")); // 4 10 3 10 2 10 1 10: filters are not flipped, so the spike draws them backwards; in turn with the tens
const strided = await c01b.filterActs(images, filters, { stride: 2 });
console.log(strided.shape); // [ 1, 2, 2, 2 ]: sizes are rounded up
console.log(strided.data.join(" ")); // 4 10 0 4 0 3 0 1: the last windows hang over the edge, where zeros are
