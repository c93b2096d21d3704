// Operands and answers of the op cases: numbers, their layouts, and a plain float64 sum at some places.
import { fill, random } from "./check.ts";
import { type Layout, type OpCase, plainLayout, product, type Space, type Sum, stackOf } from "./op-cases.ts";

/** The numbers of a case in the normal form, and how far from the exact sum a result may be. */
export interface Numbers {
  readonly sum: Sum;
  /** [n, c, z, y, x] */
  readonly image: Float32Array;
  /** [o, c, z, y, x], in the order in which the window walks them. */
  readonly filter: Float32Array;
}

/** What rounding may do: a sum of K terms, two passes over a rank-one filter, a transform, or Winograd's small ones. */
export type Accuracy = "sum" | "separable" | "transform" | "winograd";

export function numbersOf({ sum, filter: kind }: OpCase): Numbers {
  const image = new Float32Array(sum.batch * sum.channels * product(sum.image));
  const filter = new Float32Array(sum.filters * stackOf(sum) * product(sum.taps));
  fill(image, 1);
  if (kind === "gaussian") fillGaussian(filter, sum.taps);
  else fill(filter, 2);
  return { sum, image, filter };
}

/** Three standard deviations to either side, adding up to 1. */
function fillGaussian(filter: Float32Array, [, rows, columns]: Space): void {
  const bell = (n: number) => {
    const values = Array.from({ length: n }, (_, i) => Math.exp(-0.5 * ((i - (n - 1) / 2) / (n / 6)) ** 2));
    const whole = values.reduce((a, b) => a + b);
    return values.map((value) => value / whole);
  };
  const [column, row] = [bell(rows), bell(columns)];
  for (let i = 0; i < filter.length; i++) filter[i] = column[Math.floor(i / columns) % rows] * row[i % columns];
}

/** Writes normal-form numbers where `to` wants them. */
export function lay(
  from: Float32Array,
  outers: number,
  inners: number,
  space: Space,
  to: { data: Float32Array | Float64Array; layout: Layout },
): void {
  const { data, layout } = to;
  const [dz, dy, dx] = layout.space;
  let i = 0;
  for (let a = 0; a < outers; a++) {
    for (let b = 0; b < inners; b++) {
      for (let z = 0; z < space[0]; z++) {
        for (let y = 0; y < space[1]; y++) {
          const row = layout.offset + a * layout.outer + b * layout.inner + z * dz + y * dy;
          for (let x = 0; x < space[2]; x++) data[row + x * dx] = from[i++];
        }
      }
    }
  }
}

interface Exact {
  readonly value: number;
  /** Σ |term|, Σ image² over the window and as much again around it, and the number of terms. */
  readonly magnitude: number;
  readonly energy: number;
  readonly terms: number;
}

type Place = readonly [n: number, o: number, z: number, y: number, x: number];

function exact({ sum, image, filter }: Numbers, [n, o, ...at]: Place, withEnergy: boolean): Exact {
  const { channels, filters, groups, taps, stride, dilation, low } = sum;
  const stack = stackOf(sum);
  const first = Math.floor((o * groups) / filters) * stack;
  const [depth, rows, columns] = sum.image;
  const [z0, y0, x0] = at.map((position, axis) => position * stride[axis] - low[axis]);
  const inside = (z: number, y: number, x: number) =>
    z >= 0 && z < depth && y >= 0 && y < rows && x >= 0 && x < columns;
  let [value, magnitude, energy] = [0, 0, 0];
  for (let c = first; c < first + stack; c++) {
    const pixel = (z: number, y: number, x: number) =>
      image[(((n * channels + c) * depth + z) * rows + y) * columns + x];
    let tap = (o * stack + c - first) * product(taps);
    for (let i = 0; i < taps[0]; i++) {
      for (let j = 0; j < taps[1]; j++) {
        for (let k = 0; k < taps[2]; k++, tap++) {
          const [z, y, x] = [z0 + i * dilation[0], y0 + j * dilation[1], x0 + k * dilation[2]];
          if (!inside(z, y, x)) continue;
          const term = pixel(z, y, x) * filter[tap];
          value += term;
          magnitude += Math.abs(term);
        }
      }
    }
    if (!withEnergy) continue;
    for (let y = Math.max(0, y0 - taps[1]); y < Math.min(rows, y0 + 2 * taps[1]); y++) {
      for (let x = Math.max(0, x0 - taps[2]); x < Math.min(columns, x0 + 2 * taps[2]); x++) {
        energy += pixel(Math.max(0, z0), y, x) ** 2;
      }
    }
  }
  return { value, magnitude, energy, terms: stack * product(taps) };
}

const UNIT = 2 ** -24;

/** `most` is ‖w‖₂ of the filter for a transform, ‖w‖∞·‖x‖∞ for Winograd: docs/numerics.md. */
function boundOf(accuracy: Accuracy, { taps }: Sum, { magnitude, energy, terms }: Exact, most: number): number {
  switch (accuracy) {
    case "sum":
      return terms * UNIT * magnitude;
    case "separable":
      return (taps[1] + taps[2] + 6) * UNIT * magnitude;
    case "transform":
      return 64 * UNIT * most * Math.sqrt(energy);
    case "winograd":
      return (taps[0] > 1 ? 12 : 6) * Math.sqrt(terms) * UNIT * terms * most;
  }
}

const largest = (values: Float32Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** Throws if one of some 200 places, the corners among them, is further from the exact sum than rounding explains. */
export function checkAnswer(numbers: Numbers, result: ArrayLike<number>, at: Layout, accuracy: Accuracy): number {
  const { sum, filter } = numbers;
  const shape = [sum.batch, sum.filters, ...sum.result];
  const size = product(shape);
  if (result.length !== size) throw new Error(`${result.length} results instead of ${size}`);
  const terms = filter.length / sum.filters;
  const norm = (o: number) =>
    Math.sqrt(filter.subarray(o * terms, (o + 1) * terms).reduce((all, value) => all + value * value, 0));
  const largestTerm = accuracy === "winograd" ? largest(numbers.image) * largest(filter) : 0;
  const most = Array.from({ length: sum.filters }, (_, o) => (accuracy === "transform" ? norm(o) : largestTerm));
  const next = random(size);
  const [, rows, columns] = sum.result;
  const plane = rows * columns;
  const corners = [0, columns - 1, plane - columns, plane - 1, size - plane, size - columns, size - 1];
  const indices = [...corners, ...Array.from({ length: 200 }, () => Math.floor(next() * size))];
  for (const index of indices) {
    let rest = index;
    const place = [0, 0, 0, 0, 0];
    for (let axis = 4; axis >= 0; axis--) {
      place[axis] = rest % shape[axis];
      rest = Math.floor(rest / shape[axis]);
    }
    const [n, o, z, y, x] = place;
    const found = exact(numbers, [n, o, z, y, x], accuracy === "transform");
    const bound = boundOf(accuracy, sum, found, most[o]);
    const got = result[at.offset + n * at.outer + o * at.inner + z * at.space[0] + y * at.space[1] + x * at.space[2]];
    // Written so that NaN fails.
    if (!(Math.abs(got - found.value) <= bound)) {
      throw new Error(`output [${place}] is ${got}, expected ${found.value} ± ${bound.toExponential(1)}`);
    }
  }
  return indices.length;
}

/** The layout of results in the normal form. */
export const plainResult = ({ batch, filters, result }: Sum): Layout => plainLayout(batch, filters, result);
