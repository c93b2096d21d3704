/** What a page without WebGPU never loads. */
export const kernels = () => import("./kernels.ts");
