// nnet.conv2d by its definition (semantics.md §3): float64, one loop per index, one addition at a time.
//   out[n,o,r,s] = Σ_{c,i,j} xpad[n, g·Cg + c, r·s0 + i·d0, s·s1 + j·d1] · w'[o,c,i,j]      g = floor(o / (O / G))
// w' is w flipped in i and j where filterFlip. Positions in the padding are skipped, not multiplied.
import { type OracleResult, sum, type Terms, tapsInside, type Visit } from "./terms.ts";

export type Pad = number | readonly [number, number];
export type BorderMode = "valid" | "full" | "half" | number | readonly [Pad, Pad];

export interface Conv2dProblem {
  readonly input: ArrayLike<number>; // N C H W, C order
  readonly inputShape: readonly number[];
  readonly filters: ArrayLike<number>; // O C/G h w, or unshared O R S C/G h w
  readonly filterShape: readonly number[];
  readonly bias?: ArrayLike<number> | undefined; // O
  readonly borderMode?: BorderMode | undefined;
  readonly subsample?: readonly [number, number] | undefined;
  readonly filterDilation?: readonly [number, number] | undefined;
  readonly filterFlip?: boolean | undefined;
  readonly numGroups?: number | undefined;
  readonly unshared?: boolean | undefined;
}

export function padding(mode: BorderMode, dilated: readonly [number, number]): [[number, number], [number, number]] {
  const [h, w] = dilated;
  if (mode === "valid") return [both(0), both(0)];
  if (mode === "full") return [both(h - 1), both(w - 1)];
  if (mode === "half") return [both(Math.floor(h / 2)), both(Math.floor(w / 2))];
  if (typeof mode === "number") return [both(mode), both(mode)];
  const [rows, columns] = mode;
  return [
    typeof rows === "number" ? both(rows) : [rows[0], rows[1]],
    typeof columns === "number" ? both(columns) : [columns[0], columns[1]],
  ];
}

function both(pad: number): [number, number] {
  return [pad, pad];
}

export function outputShape(problem: Conv2dProblem): [number, number, number, number] {
  const { filterShape, subsample = [1, 1], filterDilation = [1, 1], borderMode = "valid" } = problem;
  const [n, , height, width] = problem.inputShape as [number, number, number, number];
  const kh = (filterShape.at(-2)! - 1) * filterDilation[0] + 1;
  const kw = (filterShape.at(-1)! - 1) * filterDilation[1] + 1;
  const [[top, bottom], [left, right]] = padding(borderMode, [kh, kw]);
  const rows = Math.floor((height + top + bottom - kh) / subsample[0]) + 1;
  const columns = Math.floor((width + left + right - kw) / subsample[1]) + 1;
  if (rows < 1 || columns < 1) throw new Error(`oracle: an output of ${rows} x ${columns}`);
  return [n, filterShape[0]!, rows, columns];
}

function forEachLine(problem: Conv2dProblem, visit: Visit): void {
  const { filterShape, subsample = [1, 1], filterDilation = [1, 1], numGroups = 1, filterFlip = true } = problem;
  const [, channels, height, width] = problem.inputShape as [number, number, number, number];
  const [h, w] = [filterShape.at(-2)!, filterShape.at(-1)!];
  const stack = filterShape.at(-3)!;
  const dilated = [(h - 1) * filterDilation[0] + 1, (w - 1) * filterDilation[1] + 1] as const;
  const [[top], [left]] = padding(problem.borderMode ?? "valid", dilated);
  const [batch, outputs, rows, columns] = outputShape(problem);
  const reach = Array.from({ length: columns }, (_, s) =>
    tapsInside(s * subsample[1] - left, filterDilation[1], w, width),
  );
  let output = 0;
  for (let n = 0; n < batch; n++) {
    for (let o = 0; o < outputs; o++) {
      const group = Math.floor(o / (outputs / numGroups));
      for (let r = 0; r < rows; r++) {
        for (let s = 0; s < columns; s++) {
          const [from, to] = reach[s]!;
          const x = s * subsample[1] + from * filterDilation[1] - left;
          const filter = problem.unshared ? ((o * rows + r) * columns + s) * stack : o * stack;
          for (let c = 0; c < stack; c++) {
            const image = (n * channels + group * stack + c) * height;
            for (let i = 0; i < h; i++) {
              const y = r * subsample[0] + i * filterDilation[0] - top;
              if (y < 0 || y >= height) continue;
              const row = (filter + c) * h + (filterFlip ? h - 1 - i : i);
              const [tap, step] = filterFlip ? [w - 1 - from, -1] : [from, 1];
              visit(output, (image + y) * width + x, row * w + tap, to - from, 0, filterDilation[1], step);
            }
          }
          output++;
        }
      }
    }
  }
}

export function conv2dTerms(problem: Conv2dProblem): Terms {
  const { input, filters, bias } = problem;
  const shape = outputShape(problem);
  const pixels = shape[2] * shape[3];
  return {
    shape,
    input,
    filters,
    bias,
    forEachLine: (visit) => forEachLine(problem, visit),
    filterOf: (output) => Math.floor(output / pixels) % shape[1],
  };
}

export function conv2d(problem: Conv2dProblem): OracleResult {
  return sum(conv2dTerms(problem));
}
