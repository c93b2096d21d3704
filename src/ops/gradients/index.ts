/** The gradient ops of each family, as a page has them before any is loaded: a row says what an op is and how it is made. */
import type { RuntimeSource } from "../forward.ts";
import type { ImageActs } from "./inputs-c01b.ts";
import type { Conv2dGradWrtInputs, Conv2dTranspose } from "./inputs-conv2d.ts";
import type { ConvTransp3D } from "./inputs-conv3d.ts";
import type { Conv3dGradWrtSignals } from "./inputs-conv3d2d.ts";
import type { SignalConv2dGradWrtInputs } from "./inputs-signal.ts";
import { onDemand } from "./on-demand.ts";
import type { WeightActs } from "./weights-c01b.ts";
import type { Conv2dGradWrtWeights } from "./weights-conv2d.ts";
import type { ConvGrad3D } from "./weights-conv3d.ts";
import type { Conv3dGradWrtFilters } from "./weights-conv3d2d.ts";
import type { SignalConv2dGradWrtFilters } from "./weights-signal.ts";

export type NnetGradients = ReturnType<typeof nnetGradients>;
export const nnetGradients = (source: RuntimeSource) => ({
  conv2dGradWrtInputs: onDemand<Conv2dGradWrtInputs>(source, (ops) => ops.makeConv2dGradWrtInputs),
  conv2dTranspose: onDemand<Conv2dTranspose>(source, (ops) => ops.makeConv2dTranspose),
  conv2dGradWrtWeights: onDemand<Conv2dGradWrtWeights>(source, (ops) => ops.makeConv2dGradWrtWeights),
});

export type SignalGradients = ReturnType<typeof signalGradients>;
export const signalGradients = (source: RuntimeSource) => ({
  conv2dGradWrtInputs: onDemand<SignalConv2dGradWrtInputs>(source, (ops) => ops.makeSignalConv2dGradWrtInputs),
  conv2dGradWrtFilters: onDemand<SignalConv2dGradWrtFilters>(source, (ops) => ops.makeSignalConv2dGradWrtFilters),
});

export const makeConvTransp3D = (source: RuntimeSource) =>
  onDemand<ConvTransp3D>(source, (ops) => ops.makeConvTransp3D);
export const makeConvGrad3D = (source: RuntimeSource) => onDemand<ConvGrad3D>(source, (ops) => ops.makeConvGrad3D);

export type Conv3d2dGradients = ReturnType<typeof conv3d2dGradients>;
export const conv3d2dGradients = (source: RuntimeSource) => ({
  conv3dGradWrtSignals: onDemand<Conv3dGradWrtSignals>(source, (ops) => ops.makeConv3dGradWrtSignals),
  conv3dGradWrtFilters: onDemand<Conv3dGradWrtFilters>(source, (ops) => ops.makeConv3dGradWrtFilters),
});

export type C01bGradients = ReturnType<typeof c01bGradients>;
export const c01bGradients = (source: RuntimeSource) => ({
  imageActs: onDemand<ImageActs>(source, (ops) => ops.makeImageActs),
  weightActs: onDemand<WeightActs>(source, (ops) => ops.makeWeightActs),
});
