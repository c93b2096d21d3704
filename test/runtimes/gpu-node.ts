// gpu.ts under Node, whose WebGPU is the npm package `webgpu`. Dawn's threads keep a process alive, so it is told when to end.
import { createGpu } from "../../bench/gpu-node/open.ts";

const gpu = await createGpu([]);
const { navigator = {} } = globalThis;
Object.defineProperty(navigator, "gpu", { value: gpu });
Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });
await import("./gpu.ts").then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
