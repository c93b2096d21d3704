// Gradients with respect to filters, beside the register peak and onnxruntime-web. It has no such operation, but the sum is a
// convolution whose images are our channels, whose filters are the outputs' gradient: where stride and batch are 1, a plain Conv.
import { type Case, cases, geometry, multiplyAdds } from "./cases.ts";
import { fill, random } from "./check.ts";
import type { Engine } from "./library.ts";
import { checkAnswer, type Numbers, plainResult } from "./op-check.ts";
import { compete, type Entrant, entrant, firstCall, type OpEffort, timesAsFast, warm } from "./op-rounds.ts";
import { peakSubject } from "./peak.ts";
import type { Challenger, Peer } from "./peers/peer.ts";
import { type Figure, geometricMean, show, table } from "./report.ts";
import { best, effort, gflops, median } from "./rounds.ts";
import type { Binary } from "./runtime.ts";

export interface FilterGradientTimes {
  readonly layer: Case;
  readonly plan: string;
  readonly checked: number;
  readonly work: number;
  readonly ms: number;
  /** Peak time of as many multiply-adds by ours, best of both, and the median of the rounds. */
  readonly ofPeak: number;
  readonly ofPeakMedian: number;
  /** How many times as fast as the peer; undefined where it has no such sum. */
  readonly ratio: number | undefined;
  readonly peerMs: number | undefined;
}

const nameOf = ({ network, name }: Case) => `gradient wrt filters, ${network} ${name}`;

const NETWORKS = ["ResNet-50", "LeNet"];
const LAYERS = ["dw3×3 144 @56"];

export const chosenFilterGradients = (matches: (name: string) => boolean): Case[] =>
  cases.filter((layer) => (NETWORKS.includes(layer.network) || LAYERS.includes(layer.name)) && matches(nameOf(layer)));

/** Operands resident, compute only. */
export async function measureFilterGradient(
  engine: Engine,
  binary: Binary,
  layer: Case,
  peers: readonly Peer[],
  budget: OpEffort,
): Promise<FilterGradientTimes> {
  const { imageShape, filterShape, options } = layer;
  const { outputShape } = geometry(layer);
  const [x, g, dw] = [engine.tensor(imageShape), engine.tensor(outputShape), engine.tensor(filterShape)];
  fill(x.data, 1);
  fill(g.data, 2);
  dw.data.fill(Number.NaN);
  const op = await engine.nnet.conv2dGradWrtWeights.compile({ imageShape, filterShape, ...options });
  let challenger: Challenger | undefined;
  try {
    const peakLoop = await peakSubject(binary, { ...effort.quick, warmMs: budget.warmMs });
    const peak = entrant("peak", () => void peakLoop.call());
    const into = { out: dw };
    const ours = entrant("gradient", () => void op.runSync(x, g, into));
    for (const one of [peak, ours]) {
      await firstCall(one);
      await warm(one, budget);
    }
    const checked = checkGradient(layer, x.data, g.data, dw.data);
    const numbers = asConvolution(layer, x.data, g.data);
    challenger = numbers && (await challengerOf(peers, numbers));
    const theirs = challenger && entrant("peer", challenger.call);
    if (theirs) {
      await firstCall(theirs);
      checkAnswer(numbers!, await challenger!.result(), plainResult(numbers!.sum), "sum");
      await warm(theirs, budget);
    }
    const field: Entrant[] = [peak, ours, ...(theirs ? [theirs] : [])];
    const times = await compete(field, budget);
    const [limit, mine] = [times.get(peak)!, times.get(ours)!];
    const work = multiplyAdds(layer);
    const share = work / peakLoop.multiplyAdds;
    return {
      layer,
      plan: op.plan.steps.map(({ kernel, tiles }) => `${kernel} ×${tiles}`).join(", "),
      checked,
      work,
      ms: best(mine),
      ofPeak: (share * best(limit)) / best(mine),
      ofPeakMedian: median(mine.map((ms, round) => (share * limit[round]) / ms)),
      ratio: theirs && timesAsFast(mine, times.get(theirs)!),
      peerMs: theirs && best(times.get(theirs)!),
    };
  } finally {
    await challenger?.dispose();
    for (const each of [op, x, g, dw]) each.dispose();
  }
}

async function challengerOf(peers: readonly Peer[], numbers: Numbers): Promise<Challenger | undefined> {
  const peer = peers.find(({ name }) => name === "onnxruntime-web");
  const prepared = await peer?.prepare(numbers);
  return prepared && "call" in prepared ? prepared : undefined;
}

/** Null where the peer's Conv is not the same sum of the same arrays. */
function asConvolution(layer: Case, x: ArrayLike<number>, g: ArrayLike<number>): Numbers | undefined {
  const { imageShape, filterShape, options } = layer;
  if (imageShape[0] !== 1 || options.subsample[0] !== 1 || options.numGroups !== 1) return undefined;
  const { pad, outputShape } = geometry(layer);
  return {
    sum: {
      batch: imageShape[1],
      groups: 1,
      channels: 1,
      filters: filterShape[0],
      image: [1, imageShape[2], imageShape[3]],
      taps: [1, outputShape[2], outputShape[3]],
      result: [1, filterShape[2], filterShape[3]],
      stride: [1, 1, 1],
      dilation: [1, 1, 1],
      low: [0, pad[0], pad[1]],
    },
    image: Float32Array.from(x),
    filter: Float32Array.from(g),
  };
}

/** The first and last and 200 places against a float64 sum over all outputs, to K·u·S. */
function checkGradient(layer: Case, x: ArrayLike<number>, g: ArrayLike<number>, dw: ArrayLike<number>): number {
  const next = random(dw.length);
  const places = [0, dw.length - 1, ...Array.from({ length: 200 }, () => Math.floor(next() * dw.length))];
  for (const place of places) {
    const { value, magnitude, terms } = exact(layer, x, g, place);
    // Written so that NaN fails.
    if (!(Math.abs(dw[place] - value) <= 2 ** -24 * terms * magnitude))
      throw new Error(`${nameOf(layer)}: weight ${place} is ${dw[place]}, expected ${value}`);
  }
  return places.length;
}

function exact(layer: Case, x: ArrayLike<number>, g: ArrayLike<number>, place: number) {
  const { imageShape, filterShape, options } = layer;
  const [batch, channels, height, width] = imageShape;
  const [kernels, stack, h, k] = filterShape;
  const { pad, outputShape } = geometry(layer);
  const [, , rows, columns] = outputShape;
  const [o, c] = [Math.floor(place / (stack * h * k)), Math.floor(place / (h * k)) % stack];
  const channel = Math.floor(o / (kernels / options.numGroups)) * stack + c;
  // Filters are flipped.
  const [i, j] = [h - 1 - (Math.floor(place / k) % h), k - 1 - (place % k)];
  let [value, magnitude, terms] = [0, 0, 0];
  for (let n = 0; n < batch; n++) {
    for (let r = 0; r < rows; r++) {
      const y = r * options.subsample[0] - pad[0] + i;
      if (y < 0 || y >= height) continue;
      for (let s = 0; s < columns; s++) {
        const z = s * options.subsample[1] - pad[1] + j;
        if (z < 0 || z >= width) continue;
        const term =
          g[((n * kernels + o) * rows + r) * columns + s] * x[((n * channels + channel) * height + y) * width + z];
        value += term;
        magnitude += Math.abs(term);
        terms++;
      }
    }
  }
  return { value, magnitude, terms };
}

export function filterGradientTable(rows: readonly FilterGradientTimes[]): string {
  const head = [
    "gradient with respect to filters",
    "plan",
    "ms",
    "GFLOP/s",
    "of peak, best",
    "median",
    "onnxruntime-web ms",
    "× as fast",
  ];
  const cells = rows.map((row) => [
    `${row.layer.network} ${row.layer.name}`,
    row.plan,
    show.digits(row.ms),
    show.digits(gflops(row.work, row.ms)),
    show.percent(row.ofPeak),
    show.percent(row.ofPeakMedian),
    row.peerMs === undefined ? "–" : show.digits(row.peerMs),
    row.ratio === undefined ? "–" : show.ratio(row.ratio),
  ]);
  return table(head, cells);
}

const REACH = { ofPeak: 0.6, ratio: 2 };
/** Below, the promise does not hold. */
const LEAST_CHANNELS = 64;

export function filterGradientFigures(rows: readonly FilterGradientTimes[]): Figure[] {
  const wide = rows.filter(({ layer: { filterShape } }) => Math.min(filterShape[0], filterShape[1]) >= LEAST_CHANNELS);
  const met = rows.filter(({ ratio }) => ratio !== undefined);
  if (wide.length === 0 || met.length === 0) return [];
  const mean = geometricMean(wide.map(({ ofPeak }) => ofPeak));
  const least = wide.reduce((a, b) => (a.ofPeak < b.ofPeak ? a : b));
  const ratio = geometricMean(met.map((row) => row.ratio!));
  const closest = met.reduce((a, b) => (a.ratio! < b.ratio! ? a : b));
  return [
    {
      what: "gradient wrt filters, layers of 64 channels and more, of the peak, geometric mean",
      reach: `≥ ${show.percent(REACH.ofPeak)}`,
      measured: `${show.percent(mean)} over ${wide.length} layers (least ${show.percent(least.ofPeak)}, ${least.layer.name})`,
      passed: mean >= REACH.ofPeak,
    },
    {
      what: "gradient wrt filters, times as fast as onnxruntime-web's equivalent Conv, geometric mean",
      reach: `≥ ${REACH.ratio}`,
      measured: `${show.ratio(ratio)} over ${met.length} layers (least ${show.ratio(closest.ratio!)}, ${closest.layer.name})`,
      passed: ratio >= REACH.ratio,
    },
  ];
}
