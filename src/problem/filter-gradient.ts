/**
 * The gradient with respect to the filters as a convolution: with ȳ that of the outputs,
 *
 *   w̄[g,k,c,r] = Σ_n Σ_p  ȳ[n,g,k,p] · x[n,g,c, d·r + s·p − lo]
 *
 * is the canonical sum over x with ȳ as its filters, in which images and channels, outputs and taps, strides and dilations have changed
 * places. Doing that twice gives the forward problem back, whose w is then what is asked for.
 */
import type { ConvProblem } from "./problem.ts";

export function filterGradientOf(forward: ConvProblem): ConvProblem {
  return { ...changedPlaces(forward), filterGradient: true };
}

export function forwardOf(gradient: ConvProblem): ConvProblem {
  return changedPlaces(gradient);
}

function changedPlaces({ dtype, groups, filters, input, low, x, w, y, ...p }: ConvProblem): ConvProblem {
  return {
    dtype,
    batch: p.channels,
    groups,
    filters,
    channels: p.batch,
    input,
    taps: p.output,
    output: p.taps,
    stride: p.dilation,
    dilation: p.stride,
    low,
    x: { ...x, batch: x.channel, channel: x.batch },
    w: { ...y, filter: y.channel, channel: y.batch },
    y: { ...w, batch: w.channel, channel: w.filter },
    bias: false,
    activation: "linear",
  };
}
