/** The GPU as an engine sees it: opened when it is first wanted, opened again after it was lost, and the reason if there is none. */
import { DeviceError, OutOfMemoryError } from "../errors.ts";
import type { ConvProblem } from "../problem/problem.ts";
import { GpuElements } from "./elements.ts";
import type { Gpu } from "./gpu.ts";
import { kernels } from "./load.ts";
import type { Speed } from "./speed.ts";

export class GpuBackend {
  /** Why there is none, or why it was not taken. */
  why: string | undefined;
  disposed = false;
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
    if (this.disposed) throw new DeviceError("device", "the engine was disposed of");
    const before = this.current;
    if (before && !before.lost) return before;
    if (before && this.own) return before.check();
    this.opened ??= kernels().then(({ Gpu }) => Gpu.open(this.own));
    try {
      const gpu = await this.opened;
      this.current = gpu;
      if (this.disposed) this.letGo(gpu);
      this.why = undefined;
      return gpu;
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

  /**
   * Elements of a tensor, so many float32; a device is opened when something is written to them. Throws a DeviceError where there
   * can be none, an OutOfMemoryError that names the shape if the one that is open has no such buffers.
   */
  elements(size: number): GpuElements {
    const { gpu } = (globalThis.navigator ?? {}) as { gpu?: unknown };
    if (!gpu && !this.own) throw new DeviceError("device", "this runtime has no WebGPU");
    const most = this.current?.device.limits.maxBufferSize ?? Number.MAX_SAFE_INTEGER;
    if (!(4 * size <= most)) throw new OutOfMemoryError("shape", `at most ${most} bytes on the GPU`);
    return new GpuElements(this, size);
  }

  dispose(): void {
    this.disposed = true;
    if (this.current) this.letGo(this.current);
  }

  /** The caller's own device stays the caller's. */
  private letGo(gpu: Gpu): void {
    if (this.own) gpu.close();
    else gpu.dispose();
  }
}
