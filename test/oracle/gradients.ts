// The gradients with respect to inputs by their definition (semantics §3.5), plain loops: with G the gradient of the output,
//   dL/dx[n, c, y, x] = Σ_{o, i, j, r, s : r·s0 − lo0 + i·d0 = y, s·s1 − lo1 + j·d1 = x} G[n, o, r, s] · w'[o, c, i, j]
// For every x all positions r are tried, ascending, and whether a tap meets: no phases, no flipped filters, no padding.
import { type Conv2dProblem, outputShape, padding } from "./conv2d.ts";
import { axesOf, definitions, extents, type OpProblem, steps } from "./ops.ts";
import type { Terms, Visit } from "./terms.ts";

interface Meeting {
  readonly position: number;
  readonly tap: number;
}

/** The positions, ascending, at which a tap meets input x. */
function meetings(
  x: number,
  positions: number,
  stride: number,
  dilation: number,
  low: number,
  taps: number,
): Meeting[] {
  const found: Meeting[] = [];
  for (let position = 0; position < positions; position++) {
    const distance = x + low - position * stride;
    const tap = distance / dilation;
    if (distance >= 0 && Number.isInteger(tap) && tap < taps) found.push({ position, tap });
  }
  return found;
}

/** Of nnet.conv2d, whose input has the shape `inputShape`; `problem.input` is G. */
export function conv2dInputGradientTerms(problem: Conv2dProblem): Terms {
  const { input, filters, bias, inputShape, numGroups = 1 } = problem;
  const [, channels, height, width] = inputShape as [number, number, number, number];
  return {
    shape: inputShape,
    input,
    filters,
    bias,
    forEachLine: (visit) => forEachLine(problem, numGroups, visit),
    filterOf: (at) => Math.floor(at / (height * width)) % channels,
  };
}

function forEachLine(problem: Conv2dProblem, groups: number, visit: Visit): void {
  const { inputShape, filterShape, subsample = [1, 1], filterDilation = [1, 1], filterFlip = true } = problem;
  const [batch, channels, height, width] = inputShape as [number, number, number, number];
  const [stack, h, w] = filterShape.slice(-3) as [number, number, number];
  const [, outputs, rows, columns] = outputShape(problem);
  const dilated = [(h - 1) * filterDilation[0] + 1, (w - 1) * filterDilation[1] + 1] as const;
  const [[top], [left]] = padding(problem.borderMode ?? "valid", dilated);
  const perGroup = outputs / groups;
  const inRows = Array.from({ length: height }, (_, y) => meetings(y, rows, subsample[0], filterDilation[0], top, h));
  const inColumns = Array.from({ length: width }, (_, x) =>
    meetings(x, columns, subsample[1], filterDilation[1], left, w),
  );
  let at = 0;
  for (let n = 0; n < batch; n++) {
    for (let c = 0; c < channels; c++) {
      const group = Math.floor(c / stack);
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++, at++) {
          for (let o = group * perGroup; o < (group + 1) * perGroup; o++) {
            for (const { position: r, tap: i } of inRows[y]!) {
              for (const { position: s, tap: j } of inColumns[x]!) {
                const filter = problem.unshared ? ((o * rows + r) * columns + s) * stack : o * stack;
                const inW = ((filter + (c % stack)) * h + (filterFlip ? h - 1 - i : i)) * w;
                const inG = ((n * outputs + o) * rows + r) * columns + s;
                visit(at, inG, inW + (filterFlip ? w - 1 - j : j), 1, 0, 0, 0);
              }
            }
          }
        }
      }
    }
  }
}

/** Of the other ops: `inputShape` is that of the forward op's input, `problem.input` is G. */
export function opInputGradientTerms(problem: OpProblem): Terms {
  const { op, inputShape, filterShape } = problem;
  const definition = definitions[op];
  const [image, filter] = [definition.input.slice(-inputShape.length), definition.filters.slice(-filterShape.length)];
  const channel = steps(image, inputShape).c!;
  const channels = extents(image, inputShape).c!;
  return {
    shape: inputShape,
    input: problem.input,
    filters: problem.filters,
    bias: problem.bias,
    forEachLine: (visit) => products(problem, image, filter, visit),
    filterOf: (at) => (channel === 0 ? 0 : Math.floor(at / channel) % channels),
  };
}

function products(problem: OpProblem, imageLetters: string, filterLetters: string, visit: Visit): void {
  const { op, inputShape, filterShape } = problem;
  const { output, flips, channelsLast } = definitions[op];
  const axes = axesOf(problem, imageLetters, filterLetters);
  const present = [...output].filter((letter) => imageLetters.includes(letter) || filterLetters.includes(letter));
  const [image, filter] = [extents(imageLetters, inputShape), extents(filterLetters, filterShape)];
  const gradientShape = present.map((letter) => {
    const axis = axes.find((one) => one.letter === letter);
    return axis ? axis.outputs : letter === "n" ? image.n! : filter.o!;
  });
  const [x, w] = [steps(imageLetters, inputShape), steps(filterLetters, filterShape)];
  const g = steps(present.join(""), gradientShape);

  // For each axis and each input on it the positions and taps that meet: their places in G and in the filters.
  const met = axes.map(({ letter, n, k, stride, pad, outputs }) =>
    Array.from({ length: n }, (_, place) =>
      meetings(place, outputs, stride, 1, pad, k).map(({ position, tap }) => ({
        inG: position * g[letter]!,
        inW: (flips ? k - 1 - tap : tap) * w[letter]!,
      })),
    ),
  );
  const [outside, within] = channelsLast ? [1, filter.o!] : [filter.o!, 1];
  const walkTaps = (axis: number, places: readonly number[], at: number, inG: number, inW: number): void => {
    if (axis === axes.length) {
      visit(at, inG, inW, within, 0, g.o!, w.o!);
      return;
    }
    for (const one of met[axis]![places[axis]!]!) walkTaps(axis + 1, places, at, inG + one.inG, inW + one.inW);
  };
  const walkPlaces = (at: number, n: number, c: number, places: readonly number[]): void => {
    if (places.length === axes.length) {
      for (let o = 0; o < outside; o++) walkTaps(0, places, at, n * g.n! + o * g.o!, c * w.c! + o * w.o!);
      return;
    }
    const { letter, n: extent } = axes[places.length]!;
    for (let place = 0; place < extent; place++) walkPlaces(at + place * x[letter]!, n, c, [...places, place]);
  };
  for (let n = 0; n < image.n!; n++) for (let c = 0; c < image.c!; c++) walkPlaces(n * x.n! + c * x.c!, n, c, []);
}
