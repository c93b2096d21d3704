/**
 * The gradient with respect to the input as convolutions. Input u of an axis meets output r at tap i where s·r + d·i − lo = u. So
 * inputs s apart have the same taps, every s / gcd(s, d)-th: a *phase* of the axis is a convolution of subsample 1 whose y is a
 * strided view, and no zeros are put between operands. A phase may have no taps; its outputs are sums of nothing.
 */
import { type ConvProblem, product, type Space } from "./problem.ts";

/** The transposed problem of a forward one: x and y change places, and so do filters and channels. Plain if it has one phase only. */
export function transposedOf(forward: ConvProblem): ConvProblem {
  const { x, y, w, input, output, filters, channels } = forward;
  const p: ConvProblem = {
    ...forward,
    input: output,
    output: input,
    filters: channels,
    channels: filters,
    x: y,
    y: x,
    w: { ...w, filter: w.channel, channel: w.filter },
    transposed: true,
  };
  return product(p.stride) === 1 && !w.position ? phasesOf(p)[0]! : p;
}

/** Phases on all axes together. */
export function phaseCount(p: ConvProblem): number {
  return product(p.output.map((extent, axis) => Math.min(extent, p.stride[axis]!)));
}

/** One phase of one axis: y's `first + u · step`. */
interface Phase {
  readonly first: number;
  readonly step: number;
  readonly outputs: number;
  /** In the order in which x is walked: the highest tap first, `tapStep` down to the next. None: nothing but the outputs counts. */
  readonly taps: number;
  readonly lastTap: number;
  readonly tapStep: number;
  readonly dilation: number;
  readonly low: number;
}

/** Plain problems that write every element of y once between them. Those without taps have no channels either. */
export function phasesOf(p: ConvProblem): ConvProblem[] {
  const phases: ConvProblem[] = [];
  // Where an axis has no taps the others need not be cut.
  for (const z of axisPhases(p, 0)) {
    for (const y of z.taps > 0 ? axisPhases(p, 1) : [wholeAxis(p, 1)]) {
      for (const x of y.taps > 0 ? axisPhases(p, 2) : [wholeAxis(p, 2)]) phases.push(phaseOf(p, [z, y, x]));
    }
  }
  return phases;
}

function axisPhases(p: ConvProblem, axis: 0 | 1 | 2): Phase[] {
  const [extent, taps, stride, dilation] = [p.output[axis], p.taps[axis], p.stride[axis], p.dilation[axis]];
  const common = greatestCommonDivisor(stride, dilation);
  const tapStep = stride / common;
  return Array.from({ length: Math.min(stride, extent) }, (_, first) => {
    const outputs = Math.ceil((extent - first) / stride);
    const position = first + p.low[axis];
    let tap = 0;
    while (tap < Math.min(taps, tapStep) && (position - dilation * tap) % stride !== 0) tap++;
    if (tap >= Math.min(taps, tapStep)) return { ...wholeAxis(p, axis), first, step: stride, outputs };
    const count = Math.ceil((taps - tap) / tapStep);
    const lastTap = tap + (count - 1) * tapStep;
    const low = (dilation * lastTap - position) / stride;
    return { first, step: stride, outputs, taps: count, lastTap, tapStep, dilation: dilation / common, low };
  });
}

/** An axis of outputs without taps. */
function wholeAxis(p: ConvProblem, axis: 0 | 1 | 2): Phase {
  return { first: 0, step: 1, outputs: p.output[axis], taps: 0, lastTap: 0, tapStep: 1, dilation: 1, low: 0 };
}

function phaseOf(p: ConvProblem, axes: readonly [Phase, Phase, Phase]): ConvProblem {
  const { transposed: _, ...plain } = p;
  const empty = axes.some(({ taps }) => taps === 0);
  const space = (of: (phase: Phase, axis: number) => number): Space => [of(axes[0], 0), of(axes[1], 1), of(axes[2], 2)];
  const steps = space(({ tapStep }, axis) => -tapStep * p.w.space[axis]!);
  return {
    ...plain,
    channels: empty ? 0 : p.channels,
    output: space(({ outputs }) => outputs),
    taps: space(({ taps }) => (empty ? 1 : taps)),
    stride: [1, 1, 1],
    dilation: space(({ dilation }) => dilation),
    low: space(({ low }) => (empty ? 0 : low)),
    w: {
      ...p.w,
      offset: p.w.offset + axes.reduce((sum, { lastTap }, axis) => sum + lastTap * p.w.space[axis]!, 0),
      space: steps,
    },
    y: {
      ...p.y,
      offset: p.y.offset + axes.reduce((sum, { first }, axis) => sum + first * p.y.space[axis]!, 0),
      space: space(({ step }, axis) => step * p.y.space[axis]!),
    },
  };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
