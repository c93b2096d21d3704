/**
 * A dilated convolution as some that are not: outputs a dilation apart meet inputs a dilation apart. Output f + d·u of an axis is a sum over taps r of
 * inputs f − lo + d·(u + r), so each *phase* f of the axis is a convolution of neighbours whose x and y are strided views.
 */
import type { ConvProblem, Space, View } from "./problem.ts";

/** Phases in rows and columns, which write every element of y once between them; none where outputs are strided. A phase may have no inputs. */
export function phasesOfDilated(p: ConvProblem): ConvProblem[] {
  const [, stepY, stepX] = p.dilation;
  if ((stepY > 1 && p.stride[1] !== 1) || (stepX > 1 && p.stride[2] !== 1)) return [];
  const phases: ConvProblem[] = [];
  for (let y = 0; y < Math.min(stepY, p.output[1]); y++) {
    for (let x = 0; x < Math.min(stepX, p.output[2]); x++) phases.push(phaseOf(p, [0, y, x]));
  }
  return phases;
}

function phaseOf(p: ConvProblem, first: Space): ConvProblem {
  const { input, output, low, x, y } = p;
  const step: Space = [1, p.dilation[1], p.dilation[2]];
  const space = (of: (axis: 0 | 1 | 2) => number): Space => [of(0), of(1), of(2)];
  // The first input of the phase, and how many of its steps that is after the first one of the window.
  const start = space((axis) => modulo(first[axis] - low[axis], step[axis]));
  const from = (view: View, at: Space): View => ({
    ...view,
    offset: view.offset + at.reduce((sum, position, axis) => sum + position * view.space[axis]!, 0),
    space: space((axis) => step[axis] * view.space[axis]),
  });
  return {
    ...p,
    input: space((axis) => Math.max(0, Math.ceil((input[axis] - start[axis]) / step[axis]))),
    output: space((axis) => Math.ceil((output[axis] - first[axis]) / step[axis])),
    dilation: [p.dilation[0], 1, 1],
    low: space((axis) => (low[axis] - first[axis] + start[axis]) / step[axis]),
    x: from(x, start),
    y: from(y, first),
  };
}

function modulo(a: number, b: number): number {
  return ((a % b) + b) % b;
}
