// Timing: warm up, then interleaved rounds. What swings on a shared machine swings for all subjects of a round alike, so
// ratios are taken within a round; for a fraction of the peak the best round counts (performance.md §1).

export interface Subject {
  readonly name: string;
  readonly call: () => void;
  readonly multiplyAdds: number;
  /** Calls in one sample, and the best milliseconds of one call so far; both set by `warmUp`. */
  calls: number;
  ms: number;
}

export const subject = (name: string, multiplyAdds: number, call: () => void): Subject => ({
  name,
  multiplyAdds,
  call,
  calls: 1,
  ms: Number.POSITIVE_INFINITY,
});

export interface Effort {
  /** A sample of a limit lasts at least this long, and one of a layer: a few calls, until its operands are in the caches. */
  readonly sampleMs: number;
  readonly layerMs: number;
  /** Warming up one subject takes no longer than this. */
  readonly warmMs: number;
  /** Rounds at least, and more while `fillMs` is not over. */
  readonly rounds: number;
  readonly fillMs: number;
  /** What one slow subject may cost in all; it then takes part in every second, third … round, in `fewest` at least. */
  readonly subjectMs: number;
  readonly fewest: number;
}

export const effort: Record<"full" | "quick", Effort> = {
  full: { sampleMs: 0.6, layerMs: 5, warmMs: 800, rounds: 40, fillMs: 1500, subjectMs: 4000, fewest: 5 },
  quick: { sampleMs: 0.3, layerMs: 1, warmMs: 100, rounds: 5, fillMs: 50, subjectMs: 200, fewest: 1 },
};

/** Milliseconds per call, one entry per round; NaN where the subject sat out. */
export type Times = readonly number[];

/** Longer calls bring their own operands into the caches; what that costs them is lost among the rest. */
const LONG_MS = 20;

/**
 * One call goes first and is not timed: it brings back what the other subjects of the round have pushed out of the
 * caches, which no user of one layer, and no network whose last layer has just written this one's input, would pay for.
 */
function sample(subject: Subject): number {
  const { call, calls, ms } = subject;
  if (ms < LONG_MS) call();
  const start = performance.now();
  for (let i = 0; i < calls; i++) call();
  return (performance.now() - start) / calls;
}

/**
 * Calls until the code has reached its last tier and times have settled; sets `calls` and `ms`.
 * Engines promote a function after some number of entries and compile in the background: so there is a least time, too.
 */
export function warmUp(subject: Subject, { sampleMs, warmMs }: Pick<Effort, "sampleMs" | "warmMs">): void {
  const start = performance.now();
  const elapsed = () => performance.now() - start;
  subject.calls = 1;
  subject.ms = sample(subject);
  for (let settled = 0; settled < 12 || elapsed() < warmMs / 20; ) {
    subject.calls = Math.max(1, Math.ceil(sampleMs / subject.ms));
    const ms = sample(subject);
    settled = ms < subject.ms * 0.98 ? 0 : settled + 1;
    subject.ms = Math.min(subject.ms, ms);
    if (elapsed() > warmMs) break;
  }
  subject.calls = Math.max(1, Math.ceil(sampleMs / subject.ms));
}

/** Times all subjects side by side. They must be warm. */
export function interleave(subjects: readonly Subject[], budget: Effort): Map<Subject, Times> {
  const times = new Map(subjects.map((subject): [Subject, number[]] => [subject, []]));
  const everyNth = new Map<Subject, number>();
  for (const subject of subjects) {
    const share = Math.max(budget.fewest, Math.floor(budget.subjectMs / (subject.ms * (subject.calls + 1))));
    everyNth.set(subject, Math.max(1, Math.floor(budget.rounds / share)));
  }
  const start = performance.now();
  for (let round = 0; round < budget.rounds || performance.now() - start < budget.fillMs; round++) {
    for (const subject of subjects) {
      const turn = round % everyNth.get(subject)! === 0;
      times.get(subject)!.push(turn ? sample(subject) : Number.NaN);
    }
  }
  return times;
}

const present = (values: Times): number[] => values.filter((value) => !Number.isNaN(value));

export const best = (times: Times): number => Math.min(...present(times));

export const samples = (times: Times): number => present(times).length;

export function median(values: Times): number {
  const sorted = present(values).sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Median over the rounds that have both of one time by the other. */
export const medianRatio = (numerator: Times, denominator: Times): number =>
  median(numerator.map((ms, round) => ms / denominator[round]));

/** GFLOP/s of a time per call. */
export const gflops = (work: number, ms: number): number => (2 * work) / (ms * 1e6);
