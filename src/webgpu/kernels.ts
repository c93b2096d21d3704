/** Everything of the backend that is loaded only where a GPU is asked for. */
export { convolveOnGpu, servesOnGpu } from "./convolve.ts";
export { Gpu } from "./gpu.ts";
export { estimateMs, measureSpeed } from "./speed.ts";
