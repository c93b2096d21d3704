// Gradients with respect to inputs beside their forward layers, as many multiply-adds, so that rates are compared by times; and beside
// the transposed convolutions of other libraries. All in the same rounds.
import { type Case, cases, geometry, multiplyAdds } from "./cases.ts";
import { fill } from "./check.ts";
import { checkGradient } from "./gradient-check.ts";
import { Opponents, type PeerTime } from "./gradient-peers.ts";
import type { Engine } from "./library.ts";
import { plainLayout } from "./op-cases.ts";
import { compete, entrant, firstCall, type OpEffort, timesAsFast, warm } from "./op-rounds.ts";
import { sumOf } from "./peer-cases.ts";
import type { Backward, Peer } from "./peers/peer.ts";
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
  /** The fastest first. */
  readonly peers: readonly PeerTime[];
  /** Who did not run with the others, and why. */
  readonly absent: readonly string[];
}

const nameOf = ({ network, name }: Case) => `gradient wrt inputs, ${network} ${name}`;

export const chosenGradients = (matches: (name: string) => boolean): Case[] =>
  cases.filter((layer) => layer.network === "ResNet-50" && matches(nameOf(layer)));

/** Operands resident, compute only. */
export async function measureGradient(
  engine: Engine,
  layer: Case,
  peers: readonly Peer[],
  effort: OpEffort,
): Promise<GradientTimes> {
  const { imageShape, filterShape, options } = layer;
  const { outputShape } = geometry(layer);
  const [x, w, y] = [engine.tensor(imageShape), engine.tensor(filterShape), engine.tensor(outputShape)];
  const [g, dx] = [engine.tensor(outputShape), engine.tensor(imageShape)];
  for (const [i, tensor] of [x, w, g].entries()) fill(tensor.data, i + 1);
  dx.data.fill(Number.NaN);
  const spec = { imageShape, filterShape, ...options };
  const forward = await engine.nnet.conv2d.compile(spec);
  const gradient = await engine.nnet.conv2dGradWrtInputs.compile(spec);
  const opponents = new Opponents();
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
    const backward = backwardOf(layer, g.data, w.data);
    const { batch, channels, image } = backward.sum;
    const accuracy = SUMMED.includes(gradient.plan.algorithm) ? "sum" : "transform";
    const checked = checkGradient(backward, dx.data, plainLayout(batch, channels, image), accuracy);
    for (const peer of isFirst(layer) ? [] : peers) await opponents.admit(peer, backward, effort);
    const times = await compete([ahead, back, ...opponents.entrants], effort);
    const [forwardTimes, mine] = [times.get(ahead)!, times.get(back)!];
    return {
      layer,
      plan: planOf(gradient.plan),
      checked,
      work: multiplyAdds(layer),
      ms: best(mine),
      forwardMs: best(forwardTimes),
      ratio: timesAsFast(mine, forwardTimes),
      peers: opponents.times(times, mine),
      absent: opponents.absent,
    };
  } finally {
    await opponents.close();
    for (const each of [forward, gradient, x, w, y, g, dx]) each.dispose();
  }
}

const SUMMED: readonly string[] = ["direct", "depthwise"];

/** Nobody asks for the gradient with respect to a photograph. */
const isFirst = ({ imageShape }: Case) => imageShape[1] === 3;

function backwardOf(layer: Case, outputGrad: ArrayLike<number>, weights: ArrayLike<number>): Backward {
  const area = layer.filterShape[2] * layer.filterShape[3];
  const filter = new Float32Array(weights.length);
  // A window walks a flipped filter.
  for (let i = 0; i < filter.length; i++) filter[i] = weights[i - (i % area) + area - 1 - (i % area)];
  return { sum: sumOf(layer), outputGrad: Float32Array.from(outputGrad), filter };
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

export function gradientTable(rows: readonly GradientTimes[]): string {
  const names = [...new Set(rows.flatMap(({ peers }) => peers.map(({ name }) => name)))];
  const head = [
    "gradient with respect to inputs",
    "plan",
    "ms",
    "GFLOP/s",
    "forward ms",
    "rate by the forward op's",
    ...names.flatMap((name) => [`${name} ms`, "× as fast"]),
    "not in the rounds",
  ];
  const cells = rows.map((row) => [
    `${row.layer.network} ${row.layer.name}`,
    row.plan,
    show.digits(row.ms),
    show.digits(gflops(row.work, row.ms)),
    show.digits(row.forwardMs),
    show.ratio(row.ratio),
    ...names.flatMap((name) => {
      const peer = row.peers.find((one) => one.name === name);
      return peer ? [show.digits(peer.ms), show.ratio(peer.ratio)] : ["–", "–"];
    }),
    isFirst(row.layer) ? "peers not tried: nobody asks for a first layer's" : row.absent.join("; "),
  ]);
  return names.length > 0 ? `${table(head, cells)}\n\n${NOT_SERVED}` : table(head, cells);
}

const NOT_SERVED =
  "LiteRT's transposed convolution has neither groups nor dilation; these layers have none. Its padding has the odd zero last: where a layer has it first, its operands are laid down mirrored.";

const REACH = { forward: 0.9, peers: 1.5 };

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
      reach: `≥ ${REACH.forward}`,
      measured: `${show.ratio(mean(rows))} over ${rows.length} layers (${said.join(", ")})`,
      passed: mean(rows) >= REACH.forward,
    },
    ...peerFigures(rows.filter(({ peers }) => peers.length > 0)),
  ];
}

/** Beside the peer that the promise names, and beside whichever was fastest at its best, layer by layer. */
function peerFigures(rows: readonly GradientTimes[]): Figure[] {
  const named = ({ peers }: GradientTimes) => peers.find(({ name }) => name === "litert");
  return [
    ...peerFigure("litert's transposed convolution", rows, named),
    ...peerFigure(
      "the faster transposed convolution of each layer, litert's or onnxruntime-web's",
      rows,
      ({ peers }) => peers[0],
    ),
  ];
}

function peerFigure(
  whose: string,
  rows: readonly GradientTimes[],
  opponent: (row: GradientTimes) => PeerTime | undefined,
): Figure[] {
  const met = rows.flatMap((row) => {
    const peer = opponent(row);
    return peer ? [{ layer: row.layer.name, peer }] : [];
  });
  if (met.length === 0) return [];
  const mean = geometricMean(met.map(({ peer }) => peer.ratio));
  const closest = met.reduce((a, b) => (a.peer.ratio < b.peer.ratio ? a : b));
  return [
    {
      what: `gradients wrt inputs, times as fast as ${whose}, ResNet-50, geometric mean`,
      reach: `≥ ${REACH.peers}`,
      measured: `${show.ratio(mean)} over ${met.length} layers (least ${show.ratio(closest.peer.ratio)}, ${closest.layer} beside ${closest.peer.name})`,
      passed: mean >= REACH.peers,
    },
  ];
}
