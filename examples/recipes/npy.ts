import { dump, load, type NpyArray } from "npyjs";
import { signal } from "simdconv";

// The bytes of a .npy file; in Node they might be await readFile("picture.npy"), in a page fetch's arrayBuffer().
const file = dump(new Float32Array([1, 2, 3, 4, 5, 6]), [2, 3]);

// Fortran order, the first axis fastest, is a matter of strides.
export function operandOf({ data, shape, fortranOrder }: NpyArray) {
  const stride = shape.map((_, axis) => shape.slice(0, axis).reduce((step, extent) => step * extent, 1));
  return { data: data as Float32Array, shape, ...(fortranOrder && { stride }) };
}

const difference = { data: new Float32Array([1, -1]), shape: [1, 2] };
const slopes = await signal.conv2d(operandOf(await load(file)), difference);
const saved = dump(slopes.data, [...slopes.shape]);
console.log(await load(saved).then(({ shape, data }) => [shape, data])); // [ [ 2, 2 ], Float32Array(4) [ 1, 1, 1, 1 ] ]
