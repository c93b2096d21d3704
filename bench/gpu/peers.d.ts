// What is used of the peers; written down here, so that `npm run check` needs none of them installed.

declare module "@tensorflow/tfjs-core" {
  export interface Tensor {
    data(): Promise<Float32Array>;
    dispose(): void;
  }
  type Sides = readonly [before: number, after: number];
  export const version_core: string;
  export function setBackend(name: string): Promise<boolean>;
  export function ready(): Promise<void>;
  export function backend(): { readonly device: GPUDevice };
  export function tensor(data: Float32Array, shape: readonly number[]): Tensor;
  export function conv2d(
    x: Tensor,
    filter: Tensor,
    strides: readonly number[],
    pad: "valid" | readonly Sides[],
    dataFormat: "NHWC",
  ): Tensor;
  export function conv3d(
    x: Tensor,
    filter: Tensor,
    strides: readonly number[],
    pad: "valid" | "same",
    dataFormat: "NDHWC",
  ): Tensor;
}

declare module "@tensorflow/tfjs-backend-webgpu" {}

declare module "onnxruntime-web/webgpu" {
  export class Tensor {
    constructor(type: "float32", data: Float32Array, shape: readonly number[]);
    readonly data: Float32Array;
  }
  export interface Session {
    run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>;
    release(): Promise<void>;
  }
  export const env: {
    readonly wasm: { numThreads: number };
    readonly webgpu: { powerPreference: string; readonly device: Promise<GPUDevice> | GPUDevice };
    readonly versions: { readonly web?: string };
    logLevel: string;
  };
  export const InferenceSession: { create(model: Uint8Array, options: object): Promise<Session> };
}
