import { createEngine } from "simdconv";

// An engine of your own: its memory, kernels and settings are apart from those of the module-level ops.
await using engine = await createEngine({ float: "reproducible", maximumMemory: 2 ** 28 });
using layer = await engine.nnet.conv2d.compile({
  imageShape: [8, 3, 32, 32],
  filterShape: [16, 3, 3, 3],
  borderMode: "half",
});
using filters = engine.tensor([16, 3, 3, 3]); // in the engine's memory, all zero
filters.data.fill(1); // .data is a view of that memory: take it anew after other calls
await layer.setFilters(filters); // packed once

using images = engine.tensor([8, 3, 32, 32]);
await images.write(new Float32Array(images.size).fill(1));
using maps = engine.tensor(layer.plan.outputShape);
await layer.run(images, { out: maps }); // any number of times, also at once; no operand is copied
console.log(maps.shape, maps.data[0], maps.data[33]); // [ 8, 16, 32, 32 ] 12 27: a corner, and where the filter is wholly inside
const same = layer.runSync(images); // never leaves the thread
console.log(same.data.every((value, i) => value === maps.data[i])); // true
console.log(layer.plan.algorithm, layer.plan.multiplyAdds); // direct 3538944: plan.describe() says the tiles and the memory too
