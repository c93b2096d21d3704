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
  type Planes = (
    x: Tensor,
    filter: Tensor,
    strides: readonly number[],
    pad: "valid" | readonly Sides[],
    dataFormat: "NHWC",
    dilations: readonly number[],
  ) => Tensor;
  export const conv2d: Planes;
  /** Its filters are [y, x, channel, multiplier]. */
  export const depthwiseConv2d: Planes;
  export function conv3d(
    x: Tensor,
    filter: Tensor,
    strides: readonly number[],
    pad: "valid" | "same",
    dataFormat: "NDHWC",
  ): Tensor;
}

declare module "@tensorflow/tfjs-backend-webgpu" {}

declare module "@tensorflow/tfjs-backend-wasm" {
  export function setWasmPaths(folder: string): void;
  export function setThreadsCount(threads: number): void;
}

declare module "@litertjs/core" {
  export class Tensor {
    constructor(data: Float32Array, shape: readonly number[]);
    toTypedArray(): Float32Array;
    delete(): void;
  }
  interface CompiledModel {
    run(inputs: readonly Tensor[]): Promise<Tensor[]>;
    delete(): void;
  }
  interface CompileOptions {
    readonly accelerator: "wasm";
    readonly cpuOptions: { readonly numThreads: number };
  }
  export function loadLiteRt(folder: string, options: { readonly threads: boolean }): Promise<unknown>;
  export function unloadLiteRt(): void;
  export function loadAndCompile(model: Uint8Array, options: CompileOptions): Promise<CompiledModel>;
}

declare module "onnxruntime-node" {
  export class Tensor {
    constructor(type: "float32", data: Float32Array, shape: readonly number[]);
  }
  interface Session {
    run(
      feeds: Readonly<Record<string, Tensor>>,
      fetches?: Readonly<Record<string, Tensor>>,
    ): Promise<Record<string, { readonly data: Float32Array }>>;
    release(): Promise<void>;
  }
  export const env: { readonly versions: { readonly node?: string } };
  export const InferenceSession: { create(model: Uint8Array, options: object): Promise<Session> };
}

declare module "onnxruntime-web";

declare module "onnxruntime-web/wasm";

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
    readonly wasm: { numThreads?: number };
    readonly webgpu: { powerPreference: string; readonly device: Promise<GPUDevice> | GPUDevice };
    readonly versions: { readonly web?: string };
    logLevel: string;
  };
  export const InferenceSession: { create(model: Uint8Array, options: object): Promise<Session> };
}
