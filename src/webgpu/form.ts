/** A ConvProblem as the kernel takes it: fewer axes, vec4s where memory allows, and the terms of its sums as a table. */
import { canonical, withBatchAsColumns } from "../problem/canonical.ts";
import { type ConvProblem, type Space, termCount, type View } from "../problem/problem.ts";
import { type Kernel, MOST_MARKS, PIXEL_BIT } from "./shader.ts";
import { GROUP } from "./tile.ts";

export interface Form {
  readonly problem: ConvProblem;
  /** The same in units of vec4s, where x and y allow that; else `problem` itself. */
  readonly inElements: ConvProblem;
  readonly vectors: boolean;
  readonly taps: Kernel["taps"];
  /** Taps of each axis that can fall outside, of the others 0. */
  readonly marked: Space;
}

export function formOf(given: ConvProblem): Form {
  const problem = canonical(withBatchAsColumns(given) ?? given);
  const inElements = inVectors(problem);
  const marked = [0, 1, 2].map((axis) => (axisStaysInside(problem, axis) ? 0 : problem.taps[axis]!));
  return {
    problem,
    inElements: inElements ?? problem,
    vectors: inElements !== null,
    taps: marked.reduce((a, b) => a + b) <= MOST_MARKS ? "bits" : "coordinates",
    marked: marked as unknown as Space,
  };
}

function axisStaysInside(p: ConvProblem, axis: number): boolean {
  const last = (p.output[axis]! - 1) * p.stride[axis]! + (p.taps[axis]! - 1) * p.dilation[axis]! - p.low[axis]!;
  return p.low[axis]! <= 0 && last < p.input[axis]!;
}

/** Four columns as one element: every window must begin at a vec4 of x, and read whole ones. */
function inVectors(p: ConvProblem): ConvProblem | null {
  const whole = (n: number) => n % GROUP === 0;
  const rows = p.taps[2] === 1 && p.stride[2] === 1 && [p.input[2], p.output[2], p.low[2]].every(whole);
  const divides = (view: View, channels: number, [depth, height]: Space) => {
    const steps = [
      [view.batch, p.batch],
      [view.group, p.groups],
      [view.channel, channels],
      [view.space[0], depth],
      [view.space[1], height],
    ];
    return view.space[2] === 1 && whole(view.offset) && steps.every(([step, extent]) => extent! < 2 || whole(step!));
  };
  if (!rows || !divides(p.x, p.channels, p.input) || !divides(p.y, p.filters, p.output)) return null;
  const fewer = ([z, y, x]: Space): Space => [z, y, x / GROUP];
  return {
    ...p,
    input: fewer(p.input),
    output: fewer(p.output),
    low: fewer(p.low),
    x: viewInVectors(p.x),
    y: viewInVectors(p.y),
  };
}

/** Steps that are not whole are those of axes with one element. */
function viewInVectors({ offset, size, batch, group, channel, space }: View): View {
  const to = (step: number) => Math.floor(step / GROUP);
  return {
    offset: to(offset),
    size: Math.ceil(size / GROUP),
    batch: to(batch),
    group: to(group),
    channel: to(channel),
    space: [to(space[0]), to(space[1]), 1],
  };
}

/** Calls `visit` for each term in the order in which they are summed: channel, taps z, y, x. */
function forEachTerm(p: ConvProblem, visit: (c: number, z: number, y: number, x: number) => void): void {
  const channels = (z: number, y: number, x: number) => {
    for (let c = 0; c < p.channels; c++) visit(c, z, y, x);
  };
  const taps = (see: (z: number, y: number, x: number) => void) => {
    for (let z = 0; z < p.taps[0]; z++)
      for (let y = 0; y < p.taps[1]; y++) for (let x = 0; x < p.taps[2]; x++) see(z, y, x);
  };
  if (p.channelsLast) taps(channels);
  else for (let c = 0; c < p.channels; c++) taps((z, y, x) => visit(c, z, y, x));
}

/** Where each term's filter weight is, relative to the filter's origin. */
export function weightTable({ problem: p }: Form): Int32Array {
  const table = new Int32Array(Math.max(1, termCount(p)));
  let j = 0;
  forEachTerm(p, (c, z, y, x) => {
    table[j++] = c * p.w.channel + z * p.w.space[0] + y * p.w.space[1] + x * p.w.space[2];
  });
  return table;
}

/**
 * For each of `count` terms: where its operand is, relative to a pixel's window in x; then the bits of its taps, or their
 * offsets along z, y, x. Terms beyond the last are outside of everything.
 */
export function termTable({ inElements: p, taps, marked }: Form, count: number): Int32Array {
  const words = taps === "bits" ? 2 : 4;
  const table = new Int32Array(words * Math.max(1, count));
  let at = 0;
  forEachTerm(p, (c, z, y, x) => {
    const [dz, dy, dx] = [z * p.dilation[0], y * p.dilation[1], x * p.dilation[2]];
    table[at] = c * p.x.channel + dz * p.x.space[0] + dy * p.x.space[1] + dx * p.x.space[2];
    if (taps === "bits") table[at + 1] = bitsOf([z, y, x], marked);
    else table.set([dz, dy, dx], at + 1);
    at += words;
  });
  for (; at < table.length; at += words) table[at + 1] = taps === "bits" ? -1 : -(2 ** 31);
  return table;
}

function bitsOf(tap: Space, marked: Space): number {
  let [bits, first] = [1 << PIXEL_BIT, 0];
  for (let axis = 0; axis < 3; axis++) {
    if (marked[axis]! > 0) bits |= 1 << (first + tap[axis]!);
    first += marked[axis]!;
  }
  return bits;
}
