/** Equal problems in fewer words: settings that cannot matter are normalised, and rows that follow each other are one row. */
import type { ConvProblem, Space, View } from "./problem.ts";

const ROWS = 1;
const COLUMNS = 2;

/** A stride with one output, or a dilation with one tap, is never taken: 1 serves. */
function withoutIdleSteps(p: ConvProblem): ConvProblem {
  const unless = (extents: Space, steps: Space): Space =>
    mapSpace(steps, (step, axis) => (extents[axis] === 1 ? 1 : step));
  return { ...p, stride: unless(p.output, p.stride), dilation: unless(p.taps, p.dilation) };
}

function mapSpace(space: Space, f: (value: number, axis: number) => number): Space {
  return [f(space[0], 0), f(space[1], 1), f(space[2], 2)];
}

function isIdentity(p: ConvProblem, axis: number): boolean {
  return p.taps[axis] === 1 && p.stride[axis] === 1 && p.low[axis] === 0 && p.input[axis] === p.output[axis];
}

/** To a 1×1 filter a plane is one long row, if its rows follow each other without a gap in x and in y. */
function withLongRows(p: ConvProblem): ConvProblem {
  const gapless = (view: View) => view.space[ROWS] === view.space[COLUMNS] * p.input[COLUMNS];
  if (!isIdentity(p, ROWS) || !isIdentity(p, COLUMNS) || !gapless(p.x) || !gapless(p.y)) return p;
  const long: Space = [p.input[0], 1, p.input[ROWS] * p.input[COLUMNS]];
  return { ...p, input: long, output: [p.output[0], 1, long[COLUMNS]] };
}

/** Unshared filters are told apart by row and column, so their axes stay. */
export function canonical(problem: ConvProblem): ConvProblem {
  const p = withoutIdleSteps(problem);
  return p.w.position ? p : withLongRows(p);
}

/**
 * Images whose batch is the innermost axis of x and y (c01b): the batch as a third space axis with one tap, so that lanes run over
 * it whatever the stride and the padding. Null where that is not so. Nothing else changes, not even the order of a sum.
 */
export function withBatchAsColumns(p: ConvProblem): ConvProblem | null {
  const flat = p.input[0] === 1 && p.output[0] === 1 && p.taps[0] === 1 && p.low[0] === 0;
  if (!flat || p.batch < 2 || p.x.batch !== 1 || p.y.batch !== 1 || p.w.position) return null;
  const turned = ([, y, x]: Space, last: number): Space => [y, x, last];
  const [, wy, wx] = p.w.space;
  return {
    ...p,
    batch: 1,
    input: turned(p.input, p.batch),
    taps: turned(p.taps, 1),
    output: turned(p.output, p.batch),
    stride: turned(p.stride, 1),
    dilation: turned(p.dilation, 1),
    low: turned(p.low, 0),
    x: { ...p.x, batch: 0, space: turned(p.x.space, 1) },
    w: { ...p.w, space: [wy, wx, 0] },
    y: { ...p.y, batch: 0, space: turned(p.y.space, 1) },
  };
}
