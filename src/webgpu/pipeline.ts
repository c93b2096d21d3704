/** Shaders and their dispatch: one pipeline for each text, workgroups spread over the axes of a dispatch. */
import { DeviceError } from "../errors.ts";
import { checked } from "./checked.ts";
import { type Gpu, USAGE } from "./gpu.ts";

/** Of every device: nobody asks for more. */
const MOST_ALONG_AXIS = 65535;

/** Throws a DeviceError where the device refuses the shader. */
export function pipelineOf(gpu: Gpu, code: string): Promise<GPUComputePipeline> {
  return gpu.pipeline(code, async () => {
    const { device } = gpu;
    const refused = (cause: Error) => {
      throw new DeviceError("device", `the shader was refused: ${cause.message}`, { cause });
    };
    // The scope has what the compiler said.
    const { made } = await checked(gpu, () => {
      const module = device.createShaderModule({ code });
      const made = device.createComputePipelineAsync({ layout: "auto", compute: { module, entryPoint: "main" } });
      made.catch(() => {}); // awaited below, if nothing else was wrong
      return { made };
    }).catch(refused);
    return made.catch(refused);
  });
}

export interface Dispatch {
  readonly pipeline: GPUComputePipeline;
  /** Storage buffers in the order of their bindings; the uniform buffer comes after them. */
  readonly buffers: readonly GPUBuffer[];
  /** What the uniform buffer holds. */
  readonly words: Int32Array<ArrayBuffer>;
  readonly workgroups: number;
}

/** `uniform` must stay as it is until this was submitted. The shader knows its workgroup as id.x + id.y · (workgroups along x). */
export function encode(
  { device }: Gpu,
  pass: GPUComputePassEncoder,
  { pipeline, buffers, words, workgroups }: Dispatch,
  uniform: GPUBuffer,
): void {
  device.queue.writeBuffer(uniform, 0, words);
  const entries = [...buffers, uniform].map((buffer, binding) => ({ binding, resource: { buffer } }));
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  const rows = Math.max(1, Math.ceil(workgroups / MOST_ALONG_AXIS));
  pass.dispatchWorkgroups(Math.ceil(workgroups / rows), rows);
}

/** A buffer of constants. */
export function tableOn({ device }: Gpu, table: Int32Array): GPUBuffer {
  const usage = USAGE.STORAGE | USAGE.COPY_DST;
  const buffer = device.createBuffer({ size: Math.max(16, table.byteLength), usage });
  device.queue.writeBuffer(buffer, 0, table as Int32Array<ArrayBuffer>);
  return buffer;
}
