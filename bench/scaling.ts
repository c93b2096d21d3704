// Two computing threads against one, layer by layer, beside what two threads that share nothing scale to: the kernel in L1 here
// and in another thread with its own engine, in the same rounds. And how long a sleeping thread takes to wake up.
import { type Case, cases, multiplyAdds } from "./cases.ts";
import { prepareL1 } from "./l1.ts";
import { type PreparedLayer, prepareLayer } from "./layers.ts";
import { library } from "./library.ts";
import { Partner } from "./partner.ts";
import { startPool, wakeUps } from "./pool.ts";
import { type Figure, geometricMean, show, table } from "./report.ts";
import { type Effort, median, type Subject, type Times, warmUp } from "./rounds.ts";
import type { Binary } from "./runtime.ts";

/** Smaller layers are over before two threads pay. */
const LEAST_MULTIPLY_ADDS = 100e6;
/** One layer of each kind and size; all of them would take minutes. */
const chosen =
  /^(3×3 64→64 @(56|224)|7×7\/2.*|1×1\/2 (256→512|512→1024) .*|3×3 (256→256 @(14|56)|512→512 @(7|28)|128→128 @28))$/;

export interface Scaling {
  readonly name: string;
  readonly oneMs: number;
  readonly twoMs: number;
  /** Speed-up of the layer and of the two kernels in L1, and one by the other, medians over the rounds. */
  readonly layer: number;
  readonly kernels: number;
  readonly share: number;
}

export interface ScalingFindings {
  readonly layers: readonly Scaling[];
  /** Microseconds, medians: of the pool, and of two bare threads. */
  readonly wake: { readonly pool: number; readonly poolBest: number; readonly bare: number; readonly bareBest: number };
}

const ROUNDS = { full: 30, quick: 5 };
const WAKE_ROUNDS = { full: 200, quick: 40 };

function time(call: () => void, calls: number): number {
  const start = performance.now();
  for (let i = 0; i < calls; i++) call();
  return (performance.now() - start) / calls;
}

/** Kernel speed alone, then of both threads together, by the first. */
function kernelScale(l1: Subject, partner: Partner, ms: number): number {
  const calls = Math.max(1, Math.round(ms / l1.ms));
  const alone = l1.multiplyAdds / time(l1.call, calls);
  const { there, here } = partner.beside(() => time(l1.call, calls));
  return (l1.multiplyAdds / here + there) / alone;
}

async function scale(layer: PreparedLayer, two: () => Promise<unknown>, l1: Subject, partner: Partner, rounds: number) {
  const columns = { one: [] as number[], two: [] as number[], kernels: [] as number[] };
  const { subject } = layer;
  const calls = Math.max(1, Math.round(20 / subject.ms));
  for (let round = 0; round < rounds; round++) {
    subject.call();
    columns.one.push(time(subject.call, calls));
    await two();
    const start = performance.now();
    for (let i = 0; i < calls; i++) await two();
    columns.two.push((performance.now() - start) / calls);
    columns.kernels.push(kernelScale(l1, partner, 20));
  }
  return columns;
}

function layersToScale(): Case[] {
  const large = cases.filter((layer) => multiplyAdds(layer) >= LEAST_MULTIPLY_ADDS && chosen.test(layer.name));
  return large.sort((a, b) => multiplyAdds(a) - multiplyAdds(b));
}

/** On the fastest binary. In Node the caller computes too: one worker makes two threads. */
export async function measureScaling(binary: Binary, budget: Effort, quick: boolean): Promise<ScalingFindings> {
  const pick = quick ? "quick" : "full";
  const { createEngine } = await library();
  const engine = await createEngine({ binary, workers: 1 });
  const partner = await Partner.start(binary, budget);
  try {
    const { subject: l1 } = await prepareL1(engine, binary, budget);
    const layers: Scaling[] = [];
    for (const layer of layersToScale().slice(0, quick ? 2 : undefined)) {
      const prepared = await prepareLayer(engine, binary, layer);
      try {
        warmUp(prepared.subject, { ...budget, sampleMs: budget.layerMs });
        const two = prepared.awaited(true);
        await startPool(engine, two);
        for (let i = 0; i < 3; i++) await two();
        const found = await scale(prepared, two, l1, partner, ROUNDS[pick]);
        layers.push(summary(`${layer.network} ${layer.name}`, found));
      } finally {
        prepared.dispose();
      }
    }
    const [pool, bare] = [await wakeUps(engine, WAKE_ROUNDS[pick]), await partner.wakeUps(WAKE_ROUNDS[pick])];
    const µs = (ms: number) => 1000 * ms;
    const wake = {
      pool: µs(median(pool)),
      poolBest: µs(Math.min(...pool)),
      bare: µs(median(bare)),
      bareBest: µs(Math.min(...bare)),
    };
    return { layers, wake };
  } finally {
    await partner.end();
    await engine.dispose();
  }
}

function summary(name: string, { one, two, kernels }: { one: Times; two: Times; kernels: Times }): Scaling {
  const layer = one.map((ms, round) => ms / two[round]);
  return {
    name,
    oneMs: median(one),
    twoMs: median(two),
    layer: median(layer),
    kernels: median(kernels),
    share: median(layer.map((speedUp, round) => speedUp / kernels[round])),
  };
}

const LEAST_SHARE = 0.92;
const MOST_WAKE = 30;

export function scalingTable({ layers }: ScalingFindings): string {
  const cells = layers.map(({ name, oneMs, twoMs, layer, kernels, share }) => [
    name,
    show.digits(oneMs),
    show.digits(twoMs),
    show.ratio(layer),
    show.ratio(kernels),
    show.ratio(share),
  ]);
  return table(["two threads", "one ms", "two ms", "speed-up", "two L1 kernels apart", "of that"], cells);
}

export function scalingFigures({ layers, wake }: ScalingFindings): Figure[] {
  const share = geometricMean(layers.map((layer) => layer.share));
  const worst = Math.min(...layers.map((layer) => layer.share));
  const µs = (value: number) => `${show.digits(value)} µs`;
  const bare = `two bare threads ${µs(wake.bare)}, best ${µs(wake.bareBest)}`;
  return [
    {
      what: `two threads, of what two L1 kernels apart scale to, ${layers.length} layers of ≥ 100 M multiply-adds, geometric mean`,
      reach: `≥ ${show.ratio(LEAST_SHARE)}`,
      measured: `${show.ratio(share)}, worst ${show.ratio(worst)}`,
      passed: share >= LEAST_SHARE,
    },
    {
      what: `a sleeping worker of the pool awake, median, best ${µs(wake.poolBest)} (${bare})`,
      reach: `≤ ${MOST_WAKE} µs`,
      measured: µs(wake.pool),
      passed: wake.pool <= MOST_WAKE,
    },
  ];
}
