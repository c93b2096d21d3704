import * as simdconv from "simdconv";
import { prove } from "../prove.js";

const result: simdconv.Tensor = await simdconv.nnet.conv2d(
  simdconv.tensor([1, 2, 3], [1, 1, 1, 3]),
  simdconv.tensor([1, 1], [1, 1, 1, 2]),
);
console.log(result.data.join(), await prove(simdconv));
