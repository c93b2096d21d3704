// Gradients with respect to inputs beside their forward layers: as many multiply-adds, so their rates are compared by their times,
// in the same rounds.
import { type Case, cases, geometry, multiplyAdds } from "./cases.ts";
import { fill, random } from "./check.ts";
import type { Engine } from "./library.ts";
import { compete, entrant, firstCall, type OpEffort, timesAsFast, warm } from "./op-rounds.ts";
import { type Figure, geometricMean, show, table } from "./report.ts";
import { best, gflops } from "./rounds.ts";

export interface GradientTimes {
  readonly layer: Case;
  readonly plan: string;
  readonly checked: number;
  readonly work: number;
  readonly ms: number;
  readonly forwardMs: number;
  /** Rate of the gradient by that of the forward op, median of the rounds. */
  readonly ratio: number;
}

const nameOf = ({ network, name }: Case) => `gradient wrt inputs, ${network} ${name}`;

export const chosenGradients = (matches: (name: string) => boolean): Case[] =>
  cases.filter((layer) => layer.network === "ResNet-50" && matches(nameOf(layer)));

/** Operands resident, compute only. */
export async function measureGradient(engine: Engine, layer: Case, effort: OpEffort): Promise<GradientTimes> {
  const { imageShape, filterShape, options } = layer;
  const { outputShape } = geometry(layer);
  const [x, w, y] = [engine.tensor(imageShape), engine.tensor(filterShape), engine.tensor(outputShape)];
  const [g, dx] = [engine.tensor(outputShape), engine.tensor(imageShape)];
  for (const [i, tensor] of [x, w, g].entries()) fill(tensor.data, i + 1);
  dx.data.fill(Number.NaN);
  const spec = { imageShape, filterShape, ...options };
  const forward = await engine.nnet.conv2d.compile(spec);
  const gradient = await engine.nnet.conv2dGradWrtInputs.compile(spec);
  try {
    await forward.setFilters(w);
    await gradient.setFilters(w);
    const [intoY, intoDx] = [{ out: y }, { out: dx }];
    const ahead = entrant("forward", () => void forward.runSync(x, intoY));
    const back = entrant("gradient", () => void gradient.runSync(g, intoDx));
    for (const one of [ahead, back]) {
      await firstCall(one);
      await warm(one, effort);
    }
    const checked = checkGradient(layer, g.data, w.data, dx.data, gradient.plan.algorithm);
    const times = await compete([ahead, back], effort);
    const [forwardTimes, mine] = [times.get(ahead)!, times.get(back)!];
    return {
      layer,
      plan: planOf(gradient.plan),
      checked,
      work: multiplyAdds(layer),
      ms: best(mine),
      forwardMs: best(forwardTimes),
      ratio: timesAsFast(mine, forwardTimes),
    };
  } finally {
    for (const each of [forward, gradient, x, w, y, g, dx]) each.dispose();
  }
}

function planOf({
  algorithm,
  steps,
}: {
  algorithm: string;
  steps: readonly { kernel: string; tiles: number }[];
}): string {
  const main = steps.filter(({ kernel }) => !kernel.startsWith("pack"));
  return `${algorithm}: ${main.map(({ kernel, tiles }) => `${kernel} ×${tiles}`).join(", ")}`;
}

/** Corners and 200 places against a float64 sum over all that an input was a term of: to K·u·S, or the bound of transforms. */
function checkGradient(
  layer: Case,
  g: ArrayLike<number>,
  w: ArrayLike<number>,
  dx: ArrayLike<number>,
  algorithm: string,
): number {
  const [, channels, height, width] = layer.imageShape;
  const next = random(dx.length);
  const plane = height * width;
  const corners = [0, width - 1, plane - width, plane - 1, dx.length - plane, dx.length - 1];
  const places = [...corners, ...Array.from({ length: 200 }, () => Math.floor(next() * dx.length))];
  for (const place of places) {
    const at = [Math.floor(place / plane) % channels, Math.floor(place / width) % height, place % width] as const;
    const { value, magnitude, terms, norm } = exact(layer, g, w, Math.floor(place / (plane * channels)), at);
    const summed = algorithm === "direct" || algorithm === "depthwise";
    const bound = 2 ** -24 * (summed ? terms * magnitude : 64 * norm);
    // Written so that NaN fails.
    if (!(Math.abs(dx[place] - value) <= bound))
      throw new Error(`${nameOf(layer)}: input ${place} is ${dx[place]}, expected ${value} ± ${bound}`);
  }
  return places.length;
}

function exact(
  layer: Case,
  g: ArrayLike<number>,
  w: ArrayLike<number>,
  n: number,
  [c, y, x]: readonly [number, number, number],
) {
  const { filterShape, options } = layer;
  const [kernels, stack, h, k] = filterShape;
  const { pad, outputShape } = geometry(layer);
  const [, , rows, columns] = outputShape;
  const perGroup = kernels / options.numGroups;
  const group = Math.floor(c / stack);
  let [value, magnitude, terms, ofG, ofW] = [0, 0, 0, 0, 0];
  for (let o = group * perGroup; o < (group + 1) * perGroup; o++) {
    for (let i = 0; i < h; i++) {
      for (let j = 0; j < k; j++) {
        const [r, s] = [(y + pad[0] - i) / options.subsample[0], (x + pad[1] - j) / options.subsample[1]];
        const weight = w[((o * stack + (c % stack)) * h + h - 1 - i) * k + k - 1 - j];
        ofW += weight * weight;
        if (!Number.isInteger(r) || !Number.isInteger(s) || r < 0 || s < 0 || r >= rows || s >= columns) continue;
        const gradient = g[((n * kernels + o) * rows + r) * columns + s];
        value += gradient * weight;
        magnitude += Math.abs(gradient * weight);
        ofG += gradient * gradient;
        terms++;
      }
    }
  }
  // The window of a tile is wider than that of one input.
  return { value, magnitude, terms, norm: Math.sqrt(ofW * 4 * Math.max(ofG, kernels)) };
}

export function gradientTable(rows: readonly GradientTimes[]): string {
  const head = ["gradient with respect to inputs", "plan", "ms", "GFLOP/s", "forward ms", "rate by the forward op's"];
  const cells = rows.map((row) => [
    `${row.layer.network} ${row.layer.name}`,
    row.plan,
    show.digits(row.ms),
    show.digits(gflops(row.work, row.ms)),
    show.digits(row.forwardMs),
    show.ratio(row.ratio),
  ]);
  return table(head, cells);
}

const REACH = 0.9;

export function gradientFigures(rows: readonly GradientTimes[]): Figure[] {
  if (rows.length === 0) return [];
  const mean = (of: readonly GradientTimes[]) => geometricMean(of.map(({ ratio }) => ratio));
  const strided = rows.filter(({ layer }) => layer.options.subsample[0] > 1);
  const plain = rows.filter((row) => !strided.includes(row));
  const parts = [["subsample 1", plain], ["subsample 2", strided]] as const; // biome-ignore format: one line
  const said = parts.flatMap(([name, part]) => (part.length > 0 ? [`${name} ${show.ratio(mean(part))}`] : []));
  return [
    {
      what: "rate of gradients wrt inputs by that of their forward ops, ResNet-50, geometric mean",
      reach: `≥ ${REACH}`,
      measured: `${show.ratio(mean(rows))} over ${rows.length} layers (${said.join(", ")})`,
      passed: mean(rows) >= REACH,
    },
  ];
}
