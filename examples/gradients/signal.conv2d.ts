import { signal, tensor } from "simdconv";

// Two filters on one line. The gradient of the sum of all answers: 1 everywhere.
const line = tensor([1, 2, 4, 8], [1, 4]); // H W
const bank = tensor([1, 2, 3, 4], [2, 1, 2]); // F h w
const answers = await signal.conv2d(line, bank);
const outputGrad = tensor(new Float32Array(answers.size).fill(1), answers.shape);

const dw = await signal.conv2dGradWrtFilters(line, outputGrad, { filterShape: bank.shape });
console.log(dw.shape, dw.data.join(" ")); // [ 2, 1, 2 ] 14 7 14 7: what each tap saw, the later tap the earlier pixels
const dx = await signal.conv2dGradWrtInputs(outputGrad, bank, { imageShape: line.shape });
console.log(dx.shape, dx.data.join(" ")); // [ 1, 4 ] 6 10 10 4: summed over the filters
