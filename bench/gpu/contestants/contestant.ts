// What every one that takes part looks like to the GPU bench in the browser.
import type { Layout, OpCase } from "../../op-cases.ts";
import type { Numbers } from "../../op-check.ts";

/** A case made ready: filters are where the library wants them, as those of a network's layer are. */
export interface Ready {
  /** All of it: the image from an ordinary array, the result in another. */
  call(): Promise<Float32Array>;
  /** Where the result's elements lie. */
  readonly layout: Layout;
  /** What it dispatches on: compute only is recorded there. */
  readonly device?: GPUDevice;
  /** Compute only, where nothing is dispatched. */
  compute?(): Promise<unknown>;
  dispose(): unknown;
}

export interface Contestant {
  readonly name: string;
  /** Throws where it has no such operation. */
  prepare(of: OpCase, numbers: Numbers): Promise<Ready>;
}

export interface Opened {
  readonly contestant: Contestant;
  readonly version: string;
}
