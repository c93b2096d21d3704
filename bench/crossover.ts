// `openmp` on, off and left open, from the seed's tiny case to large layers: where the pool begins to pay, and whether the library
// knows. Awaited runs of a compiled op, operands resident; the three in turn, round by round.
import type { Case, Quad } from "./cases.ts";
import { cases, multiplyAdds } from "./cases.ts";
import { prepareLayer } from "./layers.ts";
import { library } from "./library.ts";
import { startPool, usesPool } from "./pool.ts";
import { type Figure, show, table } from "./report.ts";
import { type Effort, median, type Times, warmUp } from "./rounds.ts";
import type { Binary } from "./runtime.ts";

const MODES = ["on", "off", "unset"] as const;
type Mode = (typeof MODES)[number];

export interface Crossing {
  readonly name: string;
  readonly work: number;
  /** Median milliseconds of an awaited run. */
  readonly ms: Readonly<Record<Mode, number>>;
  readonly chose: "on" | "off";
  /** Unset by the better of the two, median of the rounds. */
  readonly toBetter: number;
}

export interface Crossover {
  readonly workers: number;
  readonly rows: readonly Crossing[];
}

/** 3×3 or 1×1, image's size kept, batch 1. */
function layer(side: number, channels: number, image: number): Case {
  const imageShape: Quad = [1, channels, image, image];
  const options = { borderMode: "half", subsample: [1, 1], numGroups: 1 } as const;
  const name = `${side}×${side} ${channels}→${channels} @${image}`;
  return { name, network: "seed", kind: "dense", imageShape, filterShape: [channels, channels, side, side], options };
}

/** From 144 multiply-adds to 10⁹: Theano's page timed the first two. */
const subjects: readonly Case[] = [
  ...cases.filter(({ network }) => network === "seed"),
  layer(3, 8, 14),
  layer(3, 16, 14),
  layer(1, 64, 14),
  layer(3, 32, 14),
  layer(3, 32, 20),
  layer(3, 32, 28),
  layer(1, 64, 56),
  layer(3, 64, 28),
  layer(3, 64, 56),
  layer(3, 128, 56),
  layer(3, 192, 56),
];

const ROUNDS = { full: 41, quick: 7 };

/** Milliseconds of one awaited run. The first, which is not timed, brings the operands back into the caches. */
async function sample(run: () => Promise<unknown>, calls: number): Promise<number> {
  await run();
  const start = performance.now();
  for (let i = 0; i < calls; i++) await run();
  return (performance.now() - start) / calls;
}

async function cross(
  runs: Readonly<Record<Mode, () => Promise<unknown>>>,
  ms: number,
  rounds: number,
): Promise<Record<Mode, Times>> {
  const times: Record<Mode, number[]> = { on: [], off: [], unset: [] };
  const calls = Math.max(1, Math.min(500, Math.ceil(3 / ms)));
  for (let round = 0; round < rounds; round++) {
    // Now forwards, now backwards: what one leaves behind, an awake core or a warm cache, is not always the same one's luck.
    const order = round % 2 === 0 ? MODES : [...MODES].reverse();
    for (const mode of order) times[mode].push(await sample(runs[mode], calls));
  }
  return times;
}

export async function measureCrossover(binary: Binary, budget: Effort, quick: boolean): Promise<Crossover> {
  const { createEngine } = await library();
  const engine = await createEngine({ binary });
  const rows: Crossing[] = [];
  try {
    const large = await prepareLayer(engine, binary, layer(3, 64, 56));
    const workers = await startPool(engine, large.awaited(true));
    large.dispose();
    for (const subject of subjects) {
      const prepared = await prepareLayer(engine, binary, subject);
      try {
        warmUp(prepared.subject, { ...budget, sampleMs: budget.layerMs });
        const runs = { on: prepared.awaited(true), off: prepared.awaited(false), unset: prepared.awaited(undefined) };
        const times = await cross(runs, prepared.subject.ms, ROUNDS[quick ? "quick" : "full"]);
        const ms = { on: median(times.on), off: median(times.off), unset: median(times.unset) };
        const better = ms.on < ms.off ? times.on : times.off;
        const toBetter = median(times.unset.map((unset, round) => unset / better[round]));
        const chose = (await usesPool(engine, runs.unset)) ? "on" : "off";
        rows.push({ name: subject.name, work: multiplyAdds(subject), ms, chose, toBetter });
      } finally {
        prepared.dispose();
      }
    }
    return { workers, rows };
  } finally {
    await engine.dispose();
  }
}

/** Left open, a call may cost so much more than the better of on and off. */
const MOST_TO_BETTER = 1.1;

export function crossoverTable({ workers, rows }: Crossover): string {
  const head = [`openmp, ${workers} workers and the caller`, "multiply-adds", "on ms", "off ms", "unset ms"];
  const cells = rows.map(({ name, work, ms, chose, toBetter }) => [
    name,
    work.toExponential(1),
    show.digits(ms.on),
    show.digits(ms.off),
    show.digits(ms.unset),
    chose,
    show.ratio(toBetter),
  ]);
  return table([...head, "unset chose", "unset ÷ better"], cells);
}

export function crossoverFigures({ rows }: Crossover): Figure[] {
  const worst = rows.reduce((a, b) => (b.toBetter > a.toBetter ? b : a));
  const within = rows.filter(({ toBetter }) => toBetter <= MOST_TO_BETTER).length;
  return [
    {
      what: `openmp unset, by the better of on and off, ${rows.length} cases; worst ${worst.name}`,
      reach: `all ≤ ${show.ratio(MOST_TO_BETTER)}`,
      measured: `${within} of ${rows.length}, worst ${show.ratio(worst.toBetter)}`,
      passed: within === rows.length,
    },
  ];
}
