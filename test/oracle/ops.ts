// signal.conv2d, conv3D, conv3d2d.conv3d and filterActs by their definitions (semantics §2, §4, §5, §6): plain loops, float64.
// On one axis, with n image points, k taps, stride s and p zeros on both sides, output r and tap i meet at r·s − p + i;
// where the op flips, that is tap k − 1 − i of the filter. Outputs: ⌊(n + 2p − k) / s⌋ + 1, of filterActs ⌈…⌉ + 1.
import { type OracleResult, sum, type Terms, tapsInside, type Visit } from "./terms.ts";

export type SmallOp = "signal.conv2d" | "conv3D" | "conv3d2d.conv3d" | "c01b.filterActs";
export type Mode = "valid" | "half" | "full";

interface Definition {
  /** Axes slowest first: n batch, o filter, c channel, t y x space. signal.conv2d may lack n and o. */
  readonly input: string;
  readonly filters: string;
  readonly output: string;
  /** The space axes in the order in which their taps are summed, inside of the channels, or outside if these come last. */
  readonly space: string;
  readonly channelsLast?: boolean;
  readonly flips: boolean;
  readonly round: (quotient: number) => number;
}

/** The table of semantics §1. */
export const definitions: Readonly<Record<SmallOp, Definition>> = {
  "signal.conv2d": { input: "nyx", filters: "oyx", output: "noyx", space: "yx", flips: true, round: Math.floor },
  conv3D: {
    input: "nyxtc",
    filters: "oyxtc",
    output: "nyxto",
    space: "yxt",
    channelsLast: true,
    flips: false,
    round: Math.floor,
  },
  "conv3d2d.conv3d": {
    input: "ntcyx",
    filters: "otcyx",
    output: "ntoyx",
    space: "tyx",
    flips: true,
    round: Math.floor,
  },
  "c01b.filterActs": { input: "cyxn", filters: "cyxo", output: "oyxn", space: "yx", flips: false, round: Math.ceil },
};

export interface OpProblem {
  readonly op: SmallOp;
  readonly input: ArrayLike<number>;
  readonly inputShape: readonly number[];
  readonly filters: ArrayLike<number>;
  readonly filterShape: readonly number[];
  readonly bias?: ArrayLike<number> | undefined;
  /** For each space axis of the definition. */
  readonly stride?: readonly number[] | undefined;
  /** For each space axis: a mode, or zeros on both sides. */
  readonly border?: readonly (Mode | number)[] | undefined;
}

interface Axis {
  readonly letter: string;
  readonly n: number;
  readonly k: number;
  readonly stride: number;
  readonly pad: number;
  readonly outputs: number;
}

export function padOf(border: Mode | number, k: number): number {
  if (typeof border === "number") return border;
  return border === "valid" ? 0 : border === "full" ? k - 1 : Math.floor(k / 2);
}

type ByLetter = Readonly<Record<string, number>>;

/** Extents by letter; 1 for an axis that the array has not. */
export function extents(letters: string, shape: readonly number[]): ByLetter {
  const found = [...letters].map((letter, axis) => [letter, shape[axis]!]);
  return { n: 1, o: 1, c: 1, ...Object.fromEntries(found) };
}

/** Distances in C order by letter; 0 for an axis that the array has not. */
export function steps(letters: string, shape: readonly number[]): ByLetter {
  const behind = (axis: number) => shape.slice(axis + 1).reduce((product, extent) => product * extent, 1);
  const found = [...letters].map((letter, axis) => [letter, behind(axis)]);
  return { n: 0, o: 0, c: 0, none: 0, ...Object.fromEntries(found) };
}

export function axesOf(
  { op, inputShape, filterShape, stride, border }: OpProblem,
  input: string,
  filters: string,
): Axis[] {
  const { space, round } = definitions[op];
  const [image, filter] = [extents(input, inputShape), extents(filters, filterShape)];
  return [...space].map((letter, i) => {
    const [n, k, s] = [image[letter]!, filter[letter]!, stride?.[i] ?? 1];
    const pad = padOf(border?.[i] ?? "valid", k);
    const outputs = round((n + 2 * pad - k) / s) + 1;
    if (k > n + 2 * pad) throw new Error(`oracle: a filter of ${k} on ${n} points with ${pad} zeros around`);
    return { letter, n, k, stride: s, pad, outputs };
  });
}

export function opTerms(problem: OpProblem): Terms {
  const { op, inputShape, filterShape } = problem;
  const definition = definitions[op];
  const [input, filters] = [definition.input.slice(-inputShape.length), definition.filters.slice(-filterShape.length)];
  const output = [...definition.output].filter((letter) => input.includes(letter) || filters.includes(letter)).join("");
  const axes = axesOf(problem, input, filters);
  const [image, filter] = [extents(input, inputShape), extents(filters, filterShape)];
  const shape = [...output].map((letter) => {
    const axis = axes.find((one) => one.letter === letter);
    return axis ? axis.outputs : letter === "n" ? image.n! : filter.o!;
  });
  const [y, o] = [steps(output, shape).o!, filter.o!];
  return {
    shape,
    input: problem.input,
    filters: problem.filters,
    bias: problem.bias,
    filterOf: (at) => (y === 0 ? 0 : Math.floor(at / y) % o),
    forEachLine: (visit) => products(problem, { input, filters, output, shape }, axes, visit),
  };
}

interface Letters {
  readonly input: string;
  readonly filters: string;
  readonly output: string;
  readonly shape: readonly number[];
}

function products(problem: OpProblem, letters: Letters, axes: readonly Axis[], visit: Visit): void {
  const { op, inputShape, filterShape } = problem;
  const none: Axis = { letter: "none", n: 1, k: 1, stride: 1, pad: 0, outputs: 1 };
  const [a, b, c] = axes.length === 3 ? (axes as [Axis, Axis, Axis]) : ([none, ...axes] as [Axis, Axis, Axis]);
  const x = steps(letters.input, inputShape);
  const w = steps(letters.filters, filterShape);
  const y = steps(letters.output, letters.shape);
  const [xa, xb, xc, xChannel] = [x[a.letter]!, x[b.letter]!, x[c.letter]!, x.c!];
  const [wa, wb, wc, wChannel] = [w[a.letter]!, w[b.letter]!, w[c.letter]!, w.c!];
  const [ya, yb, yc] = [y[a.letter]!, y[b.letter]!, y[c.letter]!];
  const batch = extents(letters.input, inputShape).n!;
  const { o: count, c: channels } = extents(letters.filters, filterShape) as { o: number; c: number };
  const [outside, within] = definitions[op].channelsLast ? [1, channels] : [channels, 1];
  // Where tap 0 is in a filter, and how far from one to the next.
  const tapsOf = ({ k }: Axis, step: number) => (definitions[op].flips ? [(k - 1) * step, -step] : [0, step]);
  const [[va = 0, ta = 0], [vb = 0, tb = 0], [vc = 0, tc = 0]] = [tapsOf(a, wa), tapsOf(b, wb), tapsOf(c, wc)];
  const reachOf = ({ n, k, stride, pad, outputs }: Axis) =>
    Array.from({ length: outputs }, (_, r) => tapsInside(r * stride - pad, 1, k, n));
  const [reachA, reachB, reachC] = [reachOf(a), reachOf(b), reachOf(c)];

  const sumUp = (output: number, image: number, filter: number, ra: number, rb: number, rc: number) => {
    const [[fromA, toA], [fromB, toB], [fromC, toC]] = [reachA[ra]!, reachB[rb]!, reachC[rc]!];
    const [pa, pb, pc] = [ra * a.stride - a.pad, rb * b.stride - b.pad, rc * c.stride - c.pad];
    for (let channel = 0; channel < outside; channel++) {
      const [xFrom, wFrom] = [image + channel * xChannel, filter + channel * wChannel];
      for (let i = fromA; i < toA; i++) {
        for (let j = fromB; j < toB; j++) {
          const xRow = xFrom + (pa + i) * xa + (pb + j) * xb + pc * xc;
          const wRow = wFrom + va + i * ta + vb + j * tb + vc;
          if (within === 1) visit(output, xRow + fromC * xc, wRow + fromC * tc, toC - fromC, 0, xc, tc);
          else
            for (let l = fromC; l < toC; l++)
              visit(output, xRow + l * xc, wRow + l * tc, within, 0, xChannel, wChannel);
        }
      }
    }
  };
  for (let n = 0; n < batch; n++)
    for (let o = 0; o < count; o++)
      for (let ra = 0; ra < a.outputs; ra++)
        for (let rb = 0; rb < b.outputs; rb++)
          for (let rc = 0; rc < c.outputs; rc++) {
            const output = n * y.n! + o * y.o! + ra * ya + rb * yb + rc * yc;
            sumUp(output, n * x.n!, o * w.o!, ra, rb, rc);
          }
}

export function opOracle(problem: OpProblem): OracleResult {
  return sum(opTerms(problem));
}
