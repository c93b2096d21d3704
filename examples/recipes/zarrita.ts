import { signal } from "simdconv";
import * as zarr from "zarrita";

// Sections of a stack on a store; in a page it might be new zarr.FetchStore("https://…").
const stack = await zarr.create(zarr.root(new Map<string, Uint8Array>()), {
  shape: [2, 3, 4],
  chunkShape: [1, 3, 4],
  dtype: "uint16",
});
const counts = Uint16Array.from({ length: 24 }, (_, i) => i);
await zarr.set(stack, null, { data: counts, shape: [2, 3, 4], stride: [12, 4, 1] });

// A chunk is an operand as it is where its data are float32 or float64; other numbers are converted first.
const section = await zarr.get(stack, [1, null, null]);
const box = { data: new Float32Array(9).fill(1), shape: [3, 3] };
const sums = await signal.conv2d({ ...section, data: Float32Array.from(section.data) }, box);
console.log(sums.shape, sums.data.join(" ")); // [ 1, 2 ] 153 162
