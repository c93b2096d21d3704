// The chooser held against measurement: for every layer each candidate is timed, in turns, and the one that the estimates take is compared
// with the fastest. Three runs, for a neighbour may upset one.
import { type Case, cases } from "./cases.ts";
import { library } from "./library.ts";
import { Series } from "./op-series.ts";
import type { OpFindings } from "./ops.ts";
import { type Figure, show, table } from "./report.ts";
import type { Binary } from "./runtime.ts";

const RUNS = 3;
/** Within so much of the fastest, on so many of the cases, and never beyond. */
const NEAR = 1.1;
const SHARE = 0.9;
const MOST = 1.3;

interface Row {
  readonly name: string;
  readonly estimated: string;
  readonly fastest: readonly string[];
  /** Of each run: the time of the estimated candidate over that of the fastest. */
  readonly losses: readonly number[];
}

export const chosenChoices = (matches: (name: string) => boolean): readonly Case[] =>
  cases.filter(({ network, name }) => matches(`choice ${network} ${name}`));

export async function measureChoices(layers: readonly Case[], binary: Binary): Promise<OpFindings> {
  const { createEngine } = await library();
  const series = new Series(console.log);
  const rows: Row[] = [];
  const engine = await createEngine({ binary, workers: 0 });
  try {
    for (const { network, name, imageShape, filterShape, options } of layers) {
      await series.attempt(`${network} ${name}`, async () => {
        const runs = [];
        for (let run = 0; run < RUNS; run++) {
          runs.push(await engine.tune({ imageShape, filterShape, ...options }));
        }
        if (Object.keys(runs[0]!.milliseconds).length < 2) return;
        const losses = runs.map(({ milliseconds, estimated, best }) => milliseconds[estimated]! / milliseconds[best]!);
        rows.push({
          name: `${network} ${name}`,
          estimated: runs[0]!.estimated,
          fastest: runs.map(({ best }) => best),
          losses,
        });
        console.log(`${network} ${name}: ${runs[0]!.estimated}, ${losses.map(show.ratio).join(" ")} of the fastest`);
      });
    }
  } finally {
    await engine.dispose();
  }
  const { failures } = series;
  if (rows.length === 0) return { tables: [], promised: [], failures };
  const head = ["case", "taken by estimate", "fastest in each run", "time over the fastest"];
  const lines = rows.map(({ name, estimated, fastest, losses }) => [
    name,
    estimated,
    [...new Set(fastest)].join("; "),
    losses.map(show.ratio).join(" "),
  ]);
  return { tables: [table(head, lines)], promised: figuresOf(rows), failures };
}

function figuresOf(rows: readonly Row[]): Figure[] {
  const all = rows.flatMap(({ losses }) => losses);
  const near = all.filter((loss) => loss <= NEAR).length / all.length;
  const worst = rows.reduce((a, b) => (Math.max(...b.losses) > Math.max(...a.losses) ? b : a));
  const most = Math.max(...worst.losses);
  return [
    {
      what: `candidates taken within ${NEAR} × the fastest; ${rows.length} cases, ${RUNS} runs`,
      reach: `≥ ${show.percent(SHARE)}`,
      measured: show.percent(near),
      passed: near >= SHARE,
    },
    {
      what: `the worst of them (${worst.name})`,
      reach: `≤ ${show.ratio(MOST)}`,
      measured: show.ratio(most),
      passed: most <= MOST,
    },
  ];
}
