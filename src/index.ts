import { sharedRuntime } from "./engine-facade.ts";
import type { Conv3D } from "./ops/conv3d.ts";
import {
  type C01b,
  type Conv3d2d,
  makeC01b,
  makeConv3D,
  makeConv3d2d,
  makeConvGrad3D,
  makeConvTransp3D,
  makeNnet,
  makeSignal,
  type Nnet,
  type Signal,
} from "./ops/families.ts";
import type { ConvTransp3D } from "./ops/gradients/inputs-conv3d.ts";
import type { ConvGrad3D } from "./ops/gradients/weights-conv3d.ts";

export type { Capabilities } from "./capabilities.ts";
export { type Config, config } from "./config.ts";
export type { TuningData } from "./engine/tunings.ts";
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
export type { FilterActs, FilterActsOptions, FilterActsSpec } from "./ops/c01b.ts";
export type { CompiledOp } from "./ops/compiled.ts";
export type { Conv2d, Conv2dSpec } from "./ops/conv2d.ts";
export type { BorderMode, Conv2dOptions, Pad } from "./ops/conv2d-options.ts";
export type { CompiledConv3D, Conv3D, Conv3DOptions, Conv3DSpec } from "./ops/conv3d.ts";
export type { Conv3d, Conv3dOptions, Conv3dSpec, Mode3d } from "./ops/conv3d2d.ts";
export type { C01b, Conv3d2d, Nnet, Signal } from "./ops/families.ts";
export type { ImageActs, ImageActsOptions } from "./ops/gradients/inputs-c01b.ts";
export type {
  Conv2dGradWrtInputs,
  Conv2dGradWrtInputsOptions,
  Conv2dGradWrtInputsSpec,
  Conv2dTranspose,
  Conv2dTransposeOptions,
  Conv2dTransposeSpec,
} from "./ops/gradients/inputs-conv2d.ts";
export type { ConvTransp3D, ConvTransp3DSpec } from "./ops/gradients/inputs-conv3d.ts";
export type {
  Conv3dGradWrtSignals,
  Conv3dGradWrtSignalsOptions,
  Conv3dGradWrtSignalsSpec,
} from "./ops/gradients/inputs-conv3d2d.ts";
export type {
  SignalConv2dGradWrtInputs,
  SignalConv2dGradWrtInputsOptions,
  SignalConv2dGradWrtInputsSpec,
} from "./ops/gradients/inputs-signal.ts";
export type { CompiledFilterGradient } from "./ops/gradients/weights.ts";
export type { WeightActs, WeightActsOptions } from "./ops/gradients/weights-c01b.ts";
export type {
  Conv2dGradWrtWeights,
  Conv2dGradWrtWeightsOptions,
  Conv2dGradWrtWeightsSpec,
} from "./ops/gradients/weights-conv2d.ts";
export type { ConvGrad3D, ConvGrad3DSpec } from "./ops/gradients/weights-conv3d.ts";
export type {
  Conv3dGradWrtFilters,
  Conv3dGradWrtFiltersOptions,
  Conv3dGradWrtFiltersSpec,
} from "./ops/gradients/weights-conv3d2d.ts";
export type {
  SignalConv2dGradWrtFilters,
  SignalConv2dGradWrtFiltersOptions,
  SignalConv2dGradWrtFiltersSpec,
} from "./ops/gradients/weights-signal.ts";
export type { RunOptions, TuningOptions } from "./ops/options.ts";
export type { SignalConv2d, SignalConv2dOptions, SignalConv2dSpec } from "./ops/signal.ts";
export type { TunableOp, Tuned, TuneSpec } from "./ops/tune.ts";
export type { PlanView } from "./plan/plan.ts";
export { type DType, type Operand, Tensor, tensor } from "./tensor.ts";

// The ops of the shared engine, which is made on first use.

/**
 * Convolutions of neural networks, [N, C, H, W], summed over channels: `conv2d`, its gradients, its transpose.
 *
 * @example const maps = await nnet.conv2d(images, filters, { borderMode: "half" });
 */
export const nnet: Nnet = makeNnet(sharedRuntime);
/**
 * Every filter over every image, nothing summed: `conv2d` and its gradients.
 *
 * @example const blurred = await signal.conv2d(picture, gaussian);
 */
export const signal: Signal = makeSignal(sharedRuntime);
/**
 * Three axes, channels last, filters not flipped, with a bias.
 *
 * @example const H = await conv3D(V, W, b, [1, 1, 1]);
 */
export const conv3D: Conv3D = makeConv3D(sharedRuntime);
/**
 * The transpose of `conv3D`, which is its gradient with respect to V.
 *
 * @example const R = await convTransp3D(W, b, [2, 2, 2], H);
 */
export const convTransp3D: ConvTransp3D = makeConvTransp3D(sharedRuntime);
/**
 * The gradient of `conv3D` with respect to W.
 *
 * @example const dW = await convGrad3D(V, [1, 1, 1], W.shape, dCdH);
 */
export const convGrad3D: ConvGrad3D = makeConvGrad3D(sharedRuntime);
/**
 * Movies [N, T, C, H, W], filters flipped in time too: `conv3d` and its gradients.
 *
 * @example const answers = await conv3d2d.conv3d(movie, filters);
 */
export const conv3d2d: Conv3d2d = makeConv3d2d(sharedRuntime);
/**
 * The ops of cuda-convnet, batch last: `filterActs`, `imageActs`, `weightActs`.
 *
 * @example const acts = await c01b.filterActs(images, filters, { pad: 2 });
 */
export const c01b: C01b = makeC01b(sharedRuntime);
