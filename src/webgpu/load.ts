/** What a page without WebGPU never loads. */
export const kernels = (): Promise<typeof import("./kernels.ts")> => import("./kernels.ts");
