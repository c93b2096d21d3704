// The gradients with respect to inputs by their definition (semantics §3.5), plain loops: with G the gradient of the output,
//   dL/dx[n, c, y, x] = Σ_{o, i, j, r, s : r·s0 − lo0 + i·d0 = y, s·s1 − lo1 + j·d1 = x} G[n, o, r, s] · w'[o, c, i, j]
// For every x all positions r are tried, ascending, and whether a tap meets: no phases, no flipped filters, no padding.
import { type Conv2dProblem, outputShape, padding } from "./conv2d.ts";
import { axesOf, definitions, extents, type OpProblem, steps } from "./ops.ts";
import type { Terms, Visit } from "./terms.ts";

/** The tap at which position r meets input x, or −1. */
function tapAt(x: number, r: number, stride: number, dilation: number, low: number, taps: number): number {
  const distance = x + low - r * stride;
  const tap = distance / dilation;
  return distance >= 0 && Number.isInteger(tap) && tap < taps ? tap : -1;
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
    forEachProduct: (visit) => forEachProduct(problem, numGroups, visit),
    filterOf: (at) => Math.floor(at / (height * width)) % channels,
  };
}

function forEachProduct(problem: Conv2dProblem, groups: number, visit: Visit): void {
  const { inputShape, filterShape, subsample = [1, 1], filterDilation = [1, 1], filterFlip = true } = problem;
  const [batch, channels, height, width] = inputShape as [number, number, number, number];
  const [stack, h, w] = filterShape.slice(-3) as [number, number, number];
  const [, outputs, rows, columns] = outputShape(problem);
  const dilated = [(h - 1) * filterDilation[0] + 1, (w - 1) * filterDilation[1] + 1] as const;
  const [[top], [left]] = padding(problem.borderMode ?? "valid", dilated);
  const perGroup = outputs / groups;
  let at = 0;
  for (let n = 0; n < batch; n++) {
    for (let c = 0; c < channels; c++) {
      const group = Math.floor(c / stack);
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++, at++) {
          for (let o = group * perGroup; o < (group + 1) * perGroup; o++) {
            for (let r = 0; r < rows; r++) {
              const i = tapAt(y, r, subsample[0], filterDilation[0], top, h);
              if (i < 0) continue;
              for (let s = 0; s < columns; s++) {
                const j = tapAt(x, s, subsample[1], filterDilation[1], left, w);
                if (j < 0) continue;
                const filter = problem.unshared ? ((o * rows + r) * columns + s) * stack : o * stack;
                const row = (filter + (c % stack)) * h + (filterFlip ? h - 1 - i : i);
                visit(at, ((n * outputs + o) * rows + r) * columns + s, row * w + (filterFlip ? w - 1 - j : j));
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
    forEachProduct: (visit) => products(problem, image, filter, visit),
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

  // Positions and taps that meet input `place` on axis i; with the places of those in G and in the filters.
  const meeting = (i: number, place: number) => {
    const { letter, k, stride, pad, outputs } = axes[i]!;
    const found: { inG: number; inW: number }[] = [];
    for (let r = 0; r < outputs; r++) {
      const tap = tapAt(place, r, stride, 1, pad, k);
      if (tap >= 0) found.push({ inG: r * g[letter]!, inW: (flips ? k - 1 - tap : tap) * w[letter]! });
    }
    return found;
  };
  const walkTaps = (axis: number, places: readonly number[], inG: number, inW: number, then: Tap): void => {
    if (axis === axes.length) {
      then(inG, inW);
      return;
    }
    for (const met of meeting(axis, places[axis]!)) walkTaps(axis + 1, places, inG + met.inG, inW + met.inW, then);
  };
  const [outside, within] = channelsLast ? [1, filter.o!] : [filter.o!, 1];
  const sumUp = (at: number, n: number, c: number, places: readonly number[]) => {
    for (let o = 0; o < outside; o++) {
      walkTaps(0, places, n * g.n! + o * g.o!, c * w.c! + o * w.o!, (inG, inW) => {
        for (let last = 0; last < within; last++) visit(at, inG + last * g.o!, inW + last * w.o!);
      });
    }
  };
  const walkPlaces = (at: number, n: number, c: number, places: readonly number[]): void => {
    if (places.length === axes.length) {
      sumUp(at, n, c, places);
      return;
    }
    const { letter, n: extent } = axes[places.length]!;
    for (let place = 0; place < extent; place++) walkPlaces(at + place * x[letter]!, n, c, [...places, place]);
  };
  for (let n = 0; n < image.n!; n++) for (let c = 0; c < image.c!; c++) walkPlaces(n * x.n! + c * x.c!, n, c, []);
}

type Tap = (inG: number, inW: number) => void;
