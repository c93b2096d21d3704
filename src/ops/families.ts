/** The ops as a page has them before it wants one: nnet.conv2d is there, what others are is loaded when the first of them is called. */
import type { FilterActs } from "./c01b.ts";
import { type Conv2d, makeConv2d } from "./conv2d.ts";
import type { Conv3D } from "./conv3d.ts";
import type { Conv3d } from "./conv3d2d.ts";
import type { RuntimeSource } from "./forward.ts";
import type { ImageActs } from "./gradients/inputs-c01b.ts";
import type { Conv2dGradWrtInputs, Conv2dTranspose } from "./gradients/inputs-conv2d.ts";
import type { ConvTransp3D } from "./gradients/inputs-conv3d.ts";
import type { Conv3dGradWrtSignals } from "./gradients/inputs-conv3d2d.ts";
import type { SignalConv2dGradWrtInputs } from "./gradients/inputs-signal.ts";
import type { WeightActs } from "./gradients/weights-c01b.ts";
import type { Conv2dGradWrtWeights } from "./gradients/weights-conv2d.ts";
import type { ConvGrad3D } from "./gradients/weights-conv3d.ts";
import type { Conv3dGradWrtFilters } from "./gradients/weights-conv3d2d.ts";
import type { SignalConv2dGradWrtFilters } from "./gradients/weights-signal.ts";
import { onDemand } from "./on-demand.ts";
import type { SignalConv2d } from "./signal.ts";

const forward = () => import("./other-ops.ts");
const gradients = () => import("./gradients/ops.ts");

/** Theano's `nnet` convolutions. */
export interface Nnet {
  readonly conv2d: Conv2d;
  readonly conv2dGradWrtInputs: Conv2dGradWrtInputs;
  readonly conv2dTranspose: Conv2dTranspose;
  readonly conv2dGradWrtWeights: Conv2dGradWrtWeights;
}
export function makeNnet(source: RuntimeSource): Nnet {
  const conv2d: Conv2d = makeConv2d(source);
  return Object.freeze({
    conv2d,
    conv2dGradWrtInputs: onDemand<Gradients, Conv2dGradWrtInputs>(source, gradients, (m) => m.makeConv2dGradWrtInputs),
    conv2dTranspose: onDemand<Gradients, Conv2dTranspose>(source, gradients, (m) => m.makeConv2dTranspose),
    conv2dGradWrtWeights: onDemand<Gradients, Conv2dGradWrtWeights>(
      source,
      gradients,
      (m) => m.makeConv2dGradWrtWeights,
    ),
  });
}

/** Theano's `signal` convolutions: every filter over every image. */
export interface Signal {
  readonly conv2d: SignalConv2d;
  readonly conv2dGradWrtInputs: SignalConv2dGradWrtInputs;
  readonly conv2dGradWrtFilters: SignalConv2dGradWrtFilters;
}
export const makeSignal = (source: RuntimeSource): Signal =>
  Object.freeze({
    conv2d: onDemand<Forward, SignalConv2d>(source, forward, (m) => m.makeSignalConv2d),
    conv2dGradWrtInputs: onDemand<Gradients, SignalConv2dGradWrtInputs>(
      source,
      gradients,
      (m) => m.makeSignalConv2dGradWrtInputs,
    ),
    conv2dGradWrtFilters: onDemand<Gradients, SignalConv2dGradWrtFilters>(
      source,
      gradients,
      (m) => m.makeSignalConv2dGradWrtFilters,
    ),
  });

export const makeConv3D = (source: RuntimeSource): Conv3D =>
  onDemand<Forward, Conv3D>(source, forward, (m) => m.makeConv3D);
export const makeConvTransp3D = (source: RuntimeSource): ConvTransp3D =>
  onDemand<Gradients, ConvTransp3D>(source, gradients, (m) => m.makeConvTransp3D);

export const makeConvGrad3D = (source: RuntimeSource): ConvGrad3D =>
  onDemand<Gradients, ConvGrad3D>(source, gradients, (m) => m.makeConvGrad3D);

/** Theano's `conv3d2d`: time is a stride. */
export interface Conv3d2d {
  readonly conv3d: Conv3d;
  readonly conv3dGradWrtSignals: Conv3dGradWrtSignals;
  readonly conv3dGradWrtFilters: Conv3dGradWrtFilters;
}
export const makeConv3d2d = (source: RuntimeSource): Conv3d2d =>
  Object.freeze({
    conv3d: onDemand<Forward, Conv3d>(source, forward, (m) => m.makeConv3d),
    conv3dGradWrtSignals: onDemand<Gradients, Conv3dGradWrtSignals>(
      source,
      gradients,
      (m) => m.makeConv3dGradWrtSignals,
    ),
    conv3dGradWrtFilters: onDemand<Gradients, Conv3dGradWrtFilters>(
      source,
      gradients,
      (m) => m.makeConv3dGradWrtFilters,
    ),
  });

/** The ops of cuda-convnet, batch last. */
export interface C01b {
  readonly filterActs: FilterActs;
  readonly imageActs: ImageActs;
  readonly weightActs: WeightActs;
}
export const makeC01b = (source: RuntimeSource): C01b =>
  Object.freeze({
    filterActs: onDemand<Forward, FilterActs>(source, forward, (m) => m.makeFilterActs),
    imageActs: onDemand<Gradients, ImageActs>(source, gradients, (m) => m.makeImageActs),
    weightActs: onDemand<Gradients, WeightActs>(source, gradients, (m) => m.makeWeightActs),
  });

type Forward = Awaited<ReturnType<typeof forward>>;
type Gradients = Awaited<ReturnType<typeof gradients>>;
