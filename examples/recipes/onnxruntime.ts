import { Tensor } from "onnxruntime-common"; // what onnxruntime-web and onnxruntime-node give too
import { nnet } from "simdconv";

const x = new Tensor("float32", new Float32Array([1, 2, 3, 4, 5, 6, 7, 8, 9]), [1, 1, 3, 3]);
const w = new Tensor("float32", new Float32Array([0, 1, 0, 0]), [1, 1, 2, 2]);

// data and dims, in C order. ONNX's Conv does not flip.
const operand = (t: Tensor) => ({ data: t.data as Float32Array, shape: t.dims });
const maps = await nnet.conv2d(operand(x), operand(w), { filterFlip: false });
const y = new Tensor("float32", maps.data as Float32Array, maps.shape);
console.log(y.dims, y.data.join(" ")); // [ 1, 1, 2, 2 ] 2 3 5 6
