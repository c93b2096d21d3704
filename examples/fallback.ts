import { ConvError, capabilities, nnet, tensor } from "simdconv";

const { using, why } = await capabilities();
console.log(typeof using.binary, typeof why); // string object: which kernels run, and the reason for each "no"

const picture = tensor([1, 2, 3, 4], [1, 1, 2, 2]);
const tooLarge = tensor([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 1, 3, 3]);
const error = await nnet.conv2d(picture, tooLarge).catch((reason: unknown) => reason);
console.log(error instanceof ConvError && [error.name, error.code, error.argument]); // [ 'ShapeError', 'SHAPE', 'filters' ]

const late = AbortSignal.abort(new Error("too late"));
console.log(await nnet.conv2d(picture, picture, { signal: late }).catch((reason: Error) => reason.message)); // too late
