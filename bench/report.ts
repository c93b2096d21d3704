// The numbers as Markdown.
import type { Case } from "./cases.ts";
import { best, gflops, medianRatio, samples, type Times } from "./rounds.ts";
import type { Binary } from "./runtime.ts";

/** Times of one case, and of the limits in the same rounds: milliseconds a call, milliseconds a multiply-add. */
export interface CaseTimes {
  readonly layer: Case;
  readonly plan: string;
  readonly work: number;
  readonly times: ReadonlyMap<Binary, Times>;
  readonly peaks: ReadonlyMap<Binary, Times>;
  readonly kernels: ReadonlyMap<Binary, Times>;
}

/** What the machine can do at best, over the whole run: GFLOP/s. */
export interface Limit {
  readonly name: string;
  readonly speed: number;
  /** As a fraction of the peak of the same binary. */
  readonly ofPeak: number;
}

/** One figure that the project promised. */
export interface Figure {
  readonly what: string;
  readonly reach: string;
  readonly measured: string;
  /** Null where it could not be measured. */
  readonly passed: boolean | null;
}

const digits = (value: number): string =>
  Number.isFinite(value) ? value.toFixed(value >= 99.5 ? 0 : value >= 9.95 ? 1 : value >= 0.995 ? 2 : 4) : "–";
const ratio = (value: number): string => (Number.isFinite(value) ? value.toFixed(2) : "–");
const percent = (value: number): string => (Number.isFinite(value) ? `${(value * 100).toFixed(0)} %` : "–");

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rule = head.map((name, column) => (column === 0 || name === "plan" ? "---" : "---:"));
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}

export const geometricMean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

/** What the columns of one case are made of. */
export function ratios({ work, times, peaks, kernels }: CaseTimes, top: Binary, topPeak: number) {
  const [scalar, simd, fast] = [times.get("scalar"), times.get("simd"), times.get(top)!];
  const fastPeak = peaks.get(top)!;
  /** How often `a` fits into `b`: the speed-up of a over b. */
  const over = (a: Times | undefined, b: Times | undefined) => (a && b ? medianRatio(b, a) : Number.NaN);
  return {
    gflops: gflops(work, best(fast)),
    /** Best layer against the best peak of the whole run, and against the best one of its own rounds. */
    ofPeak: gflops(work, best(fast)) / topPeak,
    ofPeakThen: (best(fastPeak) * work) / best(fast),
    /** What the limit would need by what the layer took, round by round. */
    ofPeakMedian: work * medianRatio(fastPeak, fast),
    ofKernel: work * medianRatio(kernels.get(top)!, fast),
    simdToRelaxed: over(simd, times.get("relaxed")),
    simdOverScalar: over(simd, scalar),
    fastOverScalar: over(fast, scalar),
  };
}

export function caseTable(cases: readonly CaseTimes[], binaries: readonly Binary[], topPeak: number): string {
  const top = binaries[binaries.length - 1];
  const head = [
    "case",
    "plan",
    ...binaries.map((binary) => `${binary} ms`),
    `GFLOP/s (${top})`,
    `of ${top} peak, best`,
    "same rounds",
    "median",
    "of L1 kernel",
    "simd : relaxed speed",
    "simd ÷ scalar",
    `${top} ÷ scalar`,
    "samples",
  ];
  const rows = cases.map((measured) => {
    const found = ratios(measured, top, topPeak);
    return [
      `${measured.layer.network} ${measured.layer.name}`,
      measured.plan,
      ...binaries.map((binary) => digits(best(measured.times.get(binary)!))),
      digits(found.gflops),
      percent(found.ofPeak),
      percent(found.ofPeakThen),
      percent(found.ofPeakMedian),
      percent(found.ofKernel),
      ratio(found.simdToRelaxed),
      ratio(found.simdOverScalar),
      ratio(found.fastOverScalar),
      binaries.map((binary) => samples(measured.times.get(binary)!)).join(" / "),
    ];
  });
  return table(head, rows);
}

/** Geometric means, one row per network. */
export function networkTable(cases: readonly CaseTimes[], binaries: readonly Binary[], topPeak: number): string {
  const top = binaries[binaries.length - 1];
  const groups = new Map<string, CaseTimes[]>();
  for (const measured of cases) {
    const { network, kind } = measured.layer;
    const group = kind === "depthwise" ? `${network}, depthwise` : network;
    groups.set(group, [...(groups.get(group) ?? []), measured]);
  }
  const rows = [...groups].map(([name, members]) => {
    const found = members.map((member) => ratios(member, top, topPeak));
    const mean = (key: keyof (typeof found)[number]) => geometricMean(found.map((row) => row[key]));
    return [
      name,
      String(members.length),
      digits(mean("gflops")),
      percent(mean("ofPeak")),
      ratio(mean("simdToRelaxed")),
      ratio(mean("simdOverScalar")),
      ratio(mean("fastOverScalar")),
    ];
  });
  const head = ["geometric mean", "layers", `GFLOP/s (${top})`, "of peak", "simd : relaxed", "simd ÷ scalar"];
  return table([...head, `${top} ÷ scalar`], rows);
}

export function limitTable(limits: readonly Limit[]): string {
  return table(
    ["limit", "best GFLOP/s", "of its own peak"],
    limits.map(({ name, speed, ofPeak }) => [name, digits(speed), percent(ofPeak)]),
  );
}

export function figureTable(figures: readonly Figure[]): string {
  return table(
    ["figure", "reach", "measured", ""],
    figures.map(({ what, reach, measured, passed }) => [
      what,
      reach,
      measured,
      passed === null ? "–" : passed ? "pass" : "MISSED",
    ]),
  );
}

export const show = { digits, ratio, percent };
