/** Everything of the backend that is loaded only where a GPU is asked for. */
export { Gpu } from "./gpu.ts";
export { convolveInto, convolveOnGpu, servesOnGpu } from "./phases.ts";
export { bufferOn, readElements, writeElements } from "./placed.ts";
export { estimateMs, measureSpeed } from "./speed.ts";
