// The built WebGPU backend alone: plain modules, which need neither the WebAssembly kernels nor an installed package.
type Kernels = typeof import("../../src/webgpu/kernels.ts");

export type Gpu = Awaited<ReturnType<Kernels["Gpu"]["open"]>>;
export type ConvProblem = Parameters<Kernels["convolveOnGpu"]>[1];

export const kernels = (): Promise<Kernels> =>
  import(new URL("../../dist/src/webgpu/kernels.js", import.meta.url).href);
