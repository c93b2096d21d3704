import { sharedRuntime } from "./engine-facade.ts";
import { makeNnet } from "./ops/nnet.ts";

export type { Capabilities } from "./capabilities.ts";
export { type Config, config } from "./config.ts";
export { capabilities, createEngine, type Engine, type EngineOptions } from "./engine-facade.ts";
export {
  ConvError,
  DeviceError,
  DisposedError,
  DTypeError,
  OptionError,
  OutOfMemoryError,
  ShapeError,
  WorkerError,
} from "./errors.ts";
export type { CompiledOp, Conv2d, Conv2dSpec } from "./ops/conv2d.ts";
export type { BorderMode, Conv2dOptions, Pad } from "./ops/conv2d-options.ts";
export type { Nnet } from "./ops/nnet.ts";
export type { RunOptions } from "./ops/options.ts";
export type { PlanView } from "./plan/plan.ts";
export { type DType, type Operand, Tensor, tensor } from "./tensor.ts";

/** The ops of the shared engine, which is made on first use. */
export const nnet = makeNnet(sharedRuntime);
