/** Is an answer right? Sampled elements against a plain float64 loop, and every element against another binary's. */
import { random } from "../../check.ts";
import type { Space } from "../../op-cases.ts";
import { PASSES, type Placement, type Role, sizeOf, type Task } from "./layer.ts";

/** Unit roundoff of float32. */
const U = 2 ** -24;
const SAMPLES = 200;
/** The plain loop is slow: long sums get fewer samples. */
const MOST_TERMS = 10_000_000;

export interface Finding {
  readonly right: boolean;
  /** For the table, e.g. "same bits". */
  readonly short: string;
  readonly text: string;
}

/** All three arrays, each in the op's layout; the one that is computed is given as `result` below. No value is larger than 1. */
export type Arrays = Readonly<Partial<Record<Role, Float32Array>>>;

type Place = readonly [outer: number, inner: number, z: number, y: number, x: number];

const at = ({ layout: { offset, outer, inner, space } }: Placement, [a, b, z, y, x]: Place) =>
  offset + a * outer + b * inner + z * space[0] + y * space[1] + x * space[2];

/** One element of what the pass makes, in float64, and S, the sum of the magnitudes of its terms. */
function exact(task: Task, arrays: Arrays, place: Place): { value: number; magnitude: number } {
  let [value, magnitude] = [0, 0];
  const [first, second] = PASSES[task.pass].given;
  const [left, right] = [arrays[first]!, arrays[second]!];
  eachTerm(task, place, (of) => {
    const term = left[at(task.places[first], of[first])] * right[at(task.places[second], of[second])];
    value += term;
    magnitude += Math.abs(term);
  });
  return { value, magnitude };
}

/** The sum of bench/op-cases.ts, of which each pass holds other indices fast. */
function eachTerm({ sum, pass }: Task, place: Place, visit: (of: Record<Role, Place>) => void): void {
  const { batch, channels, filters, groups, image, taps, result, stride, low } = sum;
  const stack = channels / groups;
  const perGroup = filters / groups;
  const [a, b, ...here] = place;
  const fixed = (from: number, count = 1) => Array.from({ length: count }, (_, i) => from + i);
  const ranges = {
    forward: () => ({ ns: [a], os: [b], cs: fixed(Math.floor(b / perGroup) * stack, stack) }),
    inputs: () => ({ ns: [a], os: fixed(Math.floor(b / stack) * perGroup, perGroup), cs: [b] }),
    filters: () => ({ ns: fixed(0, batch), os: [a], cs: [Math.floor(a / perGroup) * stack + b] }),
  };
  const { ns, os, cs } = ranges[pass]();
  // On each axis the pairs of tap and output that meet here, and the input where they meet.
  const pairs = here.map((index, axis) => {
    const [n, k, m] = [image[axis], taps[axis], result[axis]];
    const list: { q: number; r: number; p: number }[] = [];
    for (const r of pass === "filters" ? [index] : fixed(0, k)) {
      for (const p of pass === "forward" ? [index] : fixed(0, m)) {
        const q = p * stride[axis] + r - low[axis];
        if (q >= 0 && q < n && (pass !== "inputs" || q === index)) list.push({ q, r, p });
      }
    }
    return list;
  });
  for (const n of ns)
    for (const o of os)
      for (const c of cs)
        for (const z of pairs[0])
          for (const y of pairs[1])
            for (const x of pairs[2])
              visit({
                image: [n, c, z.q, y.q, x.q],
                filter: [o, c % stack, z.r, y.r, x.r],
                result: [n, o, z.p, y.p, x.p],
              });
}

/** Terms of one element at most. */
export function termsOf({ sum, pass }: Task): number {
  const { batch, channels, filters, groups, taps, result } = sum;
  const window = sizeOf(taps);
  return {
    forward: (channels / groups) * window,
    inputs: (filters / groups) * window,
    filters: batch * sizeOf(result),
  }[pass];
}

/** What rounding may do, as bench/op-check.ts has it, in units of S: K·u for a sum of K products, more for the small transforms of Winograd. */
function factorOf(task: Task, algorithm: string): number {
  const terms = termsOf(task);
  const [, rows, columns] = task.sum.taps;
  switch (algorithm) {
    case "winograd":
      return 16 * (terms < 64 ? 8 : 1.5 * Math.sqrt(terms)) * U;
    case "separable":
      return (rows + columns + 6) * U;
    default:
      return terms * U;
  }
}

/** A transform errs by the norms of filter and window instead, the window with as much again around it. */
function slackOf(task: Task, algorithm: string): number {
  return algorithm === "fft" ? 64 * 3 * termsOf(task) * U : 0;
}

function places(task: Task): Place[] {
  const { made } = PASSES[task.pass];
  const { batch, channels, filters, groups, image, taps, result } = task.sum;
  const extents: Record<Role, readonly [number, number, Space]> = {
    image: [batch, channels, image],
    filter: [filters, channels / groups, taps],
    result: [batch, filters, result],
  };
  const [outer, inner, space] = extents[made];
  const all = [outer, inner, ...space];
  const next = random(sizeOf(all));
  const count = Math.max(16, Math.min(SAMPLES, Math.floor(MOST_TERMS / termsOf(task))));
  // Every corner: filters may be flipped, so that the last of the array is the first of the window.
  const corners = Array.from({ length: 32 }, (_, bits) =>
    all.map((extent, axis) => ((bits >> axis) & 1) * (extent - 1)),
  );
  const within = Array.from({ length: count }, () => all.map((extent) => Math.floor(next() * extent)));
  return [...corners, ...within] as unknown as Place[];
}

export function checkSamples(task: Task, arrays: Arrays, result: Float32Array, algorithm: string): Finding {
  const { made } = PASSES[task.pass];
  const [factor, slack] = [factorOf(task, algorithm), slackOf(task, algorithm)];
  const samples = places(task);
  for (const place of samples) {
    const { value, magnitude } = exact(task, arrays, place);
    const got = result[at(task.places[made], place)];
    // Written so that NaN fails.
    if (!(Math.abs(got - value) <= factor * magnitude + slack)) {
      return {
        right: false,
        short: "wrong",
        text: `element [${place}] is ${got}, a plain float64 loop gives ${value}`,
      };
    }
  }
  return { right: true, short: "right", text: `${samples.length} elements computed again by a plain float64 loop` };
}

/** Another engine's answer, to be held against. */
export interface Answer {
  readonly name: string;
  readonly algorithm: string;
  readonly data: Float32Array;
}

/** Every element against `other`'s. As no value is larger than 1, S is at most the number of terms, and both may err. */
export function compareAll(task: Task, result: Float32Array, algorithm: string, other: Answer): Finding {
  if (sameBits(result, other.data)) return { right: true, short: "same bits", text: `every bit as ${other.name}` };
  const allowed = [algorithm, other.algorithm].reduce(
    (sum, each) => sum + factorOf(task, each) * termsOf(task) + slackOf(task, each),
    0,
  );
  let most = 0;
  // Math.max keeps a NaN, which a comparison would let slip through.
  for (let i = 0; i < result.length; i++) most = Math.max(most, Math.abs(result[i] - other.data[i]));
  const text = `off from ${other.name} by ${most.toExponential(1)} at most`;
  if (!(most <= allowed)) return { right: false, short: "wrong", text: `${text}, which rounding does not explain` };
  const share = ((100 * most) / allowed).toPrecision(2);
  return { right: true, short: "within rounding", text: `${text}, ${share} % of what rounding allows` };
}

function sameBits(a: Float32Array, b: Float32Array): boolean {
  const [left, right] = [a, b].map(({ buffer, byteOffset, length }) => new Uint32Array(buffer, byteOffset, length));
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
  return true;
}
