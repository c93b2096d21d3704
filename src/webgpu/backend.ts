/** The GPU as an engine sees it: opened when it is first wanted, opened again after it was lost, and the reason if there is none. */
import type { ConvProblem } from "../problem/problem.ts";
import type { GpuControls, GpuOperands } from "./convolve.ts";
import type { Gpu } from "./gpu.ts";
import type { Speed } from "./speed.ts";

export type { GpuControls, GpuOperands };

/** What a page without WebGPU never loads. */
const kernels = () => import("./kernels.ts");

export class GpuBackend {
  /** Why there is none, or why it was not taken. */
  why: string | undefined;
  private readonly own: GPUDevice | undefined;
  private opened: Promise<Gpu> | undefined;
  private current: Gpu | undefined;
  private measured: { readonly gpu: Gpu; readonly speed: Promise<Speed> } | undefined;

  constructor(own: GPUDevice | undefined) {
    this.own = own;
  }

  /** What is in use, if it is open. */
  get name(): string | undefined {
    return this.current && !this.current.lost ? this.current.name : undefined;
  }

  /** Throws a DeviceError where there is none. A device that was lost is asked for anew; the caller's own cannot be. */
  async open(): Promise<Gpu> {
    const before = this.current;
    if (before && !before.lost) return before;
    if (before && this.own) return before.check();
    this.opened ??= kernels().then(({ Gpu }) => Gpu.open(this.own));
    try {
      this.current = await this.opened;
      this.why = undefined;
      return this.current;
    } catch (error) {
      this.why = (error as Error).message;
      throw error;
    } finally {
      this.opened = undefined;
    }
  }

  /** Milliseconds that the problem would take, or the reason why it is not served. */
  async estimate(p: ConvProblem): Promise<number | string> {
    try {
      const gpu = await this.open();
      const { servesOnGpu, measureSpeed, estimateMs } = await kernels();
      if (!servesOnGpu(p, gpu)) return "the problem does not fit the GPU kernel or its buffers";
      if (this.measured?.gpu !== gpu) this.measured = { gpu, speed: measureSpeed(gpu) };
      return estimateMs(gpu, p, await this.measured.speed);
    } catch (error) {
      return (error as Error).message;
    }
  }

  /** Throws a DeviceError where there is none. */
  async serves(p: ConvProblem): Promise<boolean> {
    const gpu = await this.open();
    return (await kernels()).servesOnGpu(p, gpu);
  }

  async convolve(p: ConvProblem, operands: GpuOperands, controls: GpuControls): Promise<Float32Array> {
    const gpu = await this.open();
    return (await kernels()).convolveOnGpu(gpu, p, operands, controls);
  }

  dispose(): void {
    // The caller's own device stays the caller's.
    if (!this.own) this.current?.dispose();
  }
}
