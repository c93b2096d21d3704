import ndarray from "ndarray";
import { signal } from "simdconv";

// An ndarray is an operand as it is, and so is every view of it: transposed, stepped, reversed, without a copy.
const picture = ndarray(new Float32Array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]), [3, 4]);
const difference = ndarray(new Float32Array([1, -1]), [1, 2]);
const down = await signal.conv2d(picture.transpose(1, 0), difference);
console.log(down.shape, down.data.join(" ")); // [ 4, 2 ] 4 4 4 4 4 4 4 4: rows became columns

const result = ndarray(down.data, [...down.shape]); // a result as an ndarray
await signal.conv2d(picture.step(-1, 1).transpose(1, 0), difference, { out: result }); // or as one that is there
console.log(result.get(3, 1)); // -4: upside down
