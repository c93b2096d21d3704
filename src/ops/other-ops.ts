/** Loaded when the first of these ops is wanted. */
export { makeFilterActs } from "./c01b.ts";
export { makeConv3D } from "./conv3d.ts";
export { makeConv3d } from "./conv3d2d.ts";
export { makeSignalConv2d } from "./signal.ts";
