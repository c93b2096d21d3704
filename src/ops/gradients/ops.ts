/** All that is loaded when the first of these ops is wanted: one module, or a page's bundle would fall into many small files. */
export { makeImageActs } from "./inputs-c01b.ts";
export { makeConv2dGradWrtInputs, makeConv2dTranspose } from "./inputs-conv2d.ts";
export { makeConvTransp3D } from "./inputs-conv3d.ts";
export { makeConv3dGradWrtSignals } from "./inputs-conv3d2d.ts";
export { makeSignalConv2dGradWrtInputs } from "./inputs-signal.ts";
export { makeWeightActs } from "./weights-c01b.ts";
export { makeConv2dGradWrtWeights } from "./weights-conv2d.ts";
export { makeConvGrad3D } from "./weights-conv3d.ts";
export { makeConv3dGradWrtFilters } from "./weights-conv3d2d.ts";
export { makeSignalConv2dGradWrtFilters } from "./weights-signal.ts";
