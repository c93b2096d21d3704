// What is measured together: the layer, the peak loop and the kernel in L1, of every binary, round by round.
import { type Case, multiplyAdds } from "./cases.ts";
import { type L1Kernel, prepareL1 } from "./l1.ts";
import { type PreparedLayer, planText, prepareLayer } from "./layers.ts";
import { type Engine, library } from "./library.ts";
import { peakSubject } from "./peak.ts";
import type { CaseTimes, Limit } from "./report.ts";
import { best, type Effort, gflops, interleave, median, type Subject, type Times, warmUp } from "./rounds.ts";
import type { Binary } from "./runtime.ts";

/** One binary: its engine, and its limits as things to time. */
interface Bench {
  readonly engine: Engine;
  readonly peak: Subject;
  readonly l1: L1Kernel;
}

export type Benches = ReadonlyMap<Binary, Bench>;

export async function prepareBenches(binaries: readonly Binary[], budget: Effort): Promise<Benches> {
  const { createEngine } = await library();
  const benches = new Map<Binary, Bench>();
  for (const binary of binaries) {
    const engine = await createEngine({ binary });
    const peak = await peakSubject(binary, budget);
    benches.set(binary, { engine, peak, l1: await prepareL1(engine, binary, budget) });
  }
  return benches;
}

/** Best times of the limits over all rounds of all cases: a fraction of the peak is one of the run's best peak. */
export class Limits {
  readonly #benches: Benches;
  readonly #best = new Map<Subject, number>();
  readonly #simdToRelaxed: number[] = [];

  constructor(benches: Benches) {
    this.#benches = benches;
  }

  add(times: ReadonlyMap<Subject, Times>): void {
    for (const { peak, l1 } of this.#benches.values()) {
      for (const subject of [peak, l1.subject]) {
        this.#best.set(
          subject,
          Math.min(this.#best.get(subject) ?? Number.POSITIVE_INFINITY, best(times.get(subject)!)),
        );
      }
    }
    const [simd, relaxed] = [this.#benches.get("simd")?.l1.subject, this.#benches.get("relaxed")?.l1.subject];
    if (!simd || !relaxed) return;
    const scale = simd.multiplyAdds / relaxed.multiplyAdds;
    times.get(simd)!.forEach((ms, round) => {
      this.#simdToRelaxed.push((scale * times.get(relaxed)![round]) / ms);
    });
  }

  /** GFLOP/s. */
  peak(binary: Binary): number {
    return this.#speed(this.#benches.get(binary)!.peak);
  }

  l1(binary: Binary): number {
    return this.#speed(this.#benches.get(binary)!.l1.subject);
  }

  /** Speed of the simd kernel in L1 as a fraction of the relaxed one, median of all rounds; NaN without both. */
  get l1SimdToRelaxed(): number {
    return median(this.#simdToRelaxed);
  }

  rows(): Limit[] {
    return [...this.#benches.values()].flatMap(({ peak, l1 }) => [
      { name: peak.name, speed: this.#speed(peak), ofPeak: 1 },
      {
        name: `${l1.subject.name}: ${l1.kernel}, ${l1.layer}`,
        speed: this.#speed(l1.subject),
        ofPeak: this.#speed(l1.subject) / this.#speed(peak),
      },
    ]);
  }

  #speed(subject: Subject): number {
    return gflops(subject.multiplyAdds, this.#best.get(subject) ?? Number.NaN);
  }
}

/** One case on all binaries; its answers are checked first. */
export async function measure(
  layer: Case,
  benches: Benches,
  limits: Limits,
  budget: Effort,
): Promise<{ measured: CaseTimes; checked: number }> {
  const prepared = new Map<Binary, PreparedLayer>();
  try {
    for (const [binary, { engine }] of benches) prepared.set(binary, await prepareLayer(engine, binary, layer));
    for (const { subject } of prepared.values()) warmUp(subject, { ...budget, sampleMs: budget.layerMs });
    // Neighbours in time are what is divided later: a binary's limits stand beside its layer.
    const subjects = [...benches].flatMap(([binary, { peak, l1 }]) => [
      peak,
      l1.subject,
      prepared.get(binary)!.subject,
    ]);
    const times = interleave(subjects, budget);
    limits.add(times);
    const perWork = (limit: (bench: Bench) => Subject) =>
      new Map(
        [...benches].map(([binary, bench]): [Binary, Times] => {
          const subject = limit(bench);
          return [binary, times.get(subject)!.map((ms) => ms / subject.multiplyAdds)];
        }),
      );
    const fastest = [...prepared.values()].at(-1)!;
    const measured = {
      layer,
      plan: planText(fastest.op),
      work: multiplyAdds(layer),
      times: new Map([...prepared].map(([binary, { subject }]) => [binary, times.get(subject)!])),
      peaks: perWork(({ peak }) => peak),
      kernels: perWork(({ l1 }) => l1.subject),
    };
    return { measured, checked: fastest.checked };
  } finally {
    for (const { dispose } of prepared.values()) dispose();
  }
}
