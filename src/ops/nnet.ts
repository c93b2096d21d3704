import { type Conv2d, makeConv2d } from "./conv2d.ts";
import type { RuntimeSource } from "./forward.ts";
import { type NnetGradients, nnetGradients } from "./gradients/index.ts";

/** Theano's `nnet` convolutions. */
export interface Nnet extends NnetGradients {
  readonly conv2d: Conv2d;
}

export function makeNnet(source: RuntimeSource): Nnet {
  return Object.freeze({ conv2d: makeConv2d(source), ...nnetGradients(source) });
}
