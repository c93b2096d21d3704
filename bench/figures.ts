// The figures that the project promised (issue 2, performance.md §5), against what this run measured.
import { type CaseTimes, type Figure, geometricMean, ratios, show } from "./report.ts";
import type { Binary } from "./runtime.ts";
import type { TinyTimes } from "./small-ops.ts";

/** These two get more rounds: a whole layer close to the peak needs a quiet moment of the machine. */
export const markedLayers: readonly string[] = ["3×3 64→64 @56", "1×1 256→64 @56"];

export interface Findings {
  readonly cases: readonly CaseTimes[];
  readonly top: Binary;
  /** GFLOP/s of the best peak sample and the best sample of the kernel in L1, of the fastest binary. */
  readonly topPeak: number;
  readonly l1: number;
  /** Speed of the simd kernel in L1 as a fraction of the relaxed one, median of the rounds; NaN without both. */
  readonly l1SimdToRelaxed: number;
  readonly tiny: TinyTimes;
  readonly memory: { readonly before: number; readonly after: number; readonly runs: number };
}

const atLeast = (what: string, measured: number, reach: number, shown: (value: number) => string): Figure => ({
  what,
  reach: `≥ ${shown(reach)}`,
  measured: shown(measured),
  passed: measured >= reach,
});

const atMost = (what: string, measured: number, reach: number): Figure => ({
  what,
  reach: `≤ ${reach} µs`,
  measured: `${show.digits(measured)} µs`,
  passed: measured <= reach,
});

export function figures(found: Findings): Figure[] {
  const { cases, top, topPeak, l1, l1SimdToRelaxed, tiny, memory } = found;
  const list = [atLeast(`${top} contraction kernel in L1, of the ${top} peak`, l1 / topPeak, 0.85, show.percent)];
  for (const name of markedLayers) {
    const measured = cases.find(({ layer }) => layer.name === name && layer.network === "ResNet-50");
    if (!measured) continue;
    const { ofPeak, ofPeakThen, ofPeakMedian } = ratios(measured, top, topPeak);
    const also = `same rounds ${show.percent(ofPeakThen)}, median ${show.percent(ofPeakMedian)}`;
    const label = `${name} (${measured.plan.split(":")[0]}), of the ${top} peak (${also})`;
    list.push(atLeast(label, ofPeak, 0.8, show.percent));
  }
  if (Number.isFinite(l1SimdToRelaxed)) {
    list.push(atLeast("simd kernel in L1, of relaxed, median of rounds", l1SimdToRelaxed, 0.6, show.ratio));
  }
  const dense = cases.filter(
    ({ layer, times }) => layer.kind !== "depthwise" && layer.network !== "seed" && times.size === 3,
  );
  if (dense.length > 0) {
    const mean = geometricMean(dense.map((measured) => ratios(measured, top, topPeak).simdToRelaxed));
    list.push(atLeast(`simd of relaxed, ${dense.length} dense layers, geometric mean`, mean, 0.6, show.ratio));
  }
  list.push(
    atMost("6×6 image, 4×4 filter, compiled, runSync, fresh result", tiny.fresh, 3),
    atMost("… into an ordinary `out`", tiny.out, 3),
    atMost("… resident operands", tiny.resident, 3),
    atMost("… awaited run", tiny.awaited, 10),
    {
      what: `wasm memory over ${memory.runs} runs of mixed shapes`,
      reach: "unchanged",
      measured: `${memory.before} → ${memory.after} bytes`,
      passed: memory.before === memory.after,
    },
  );
  return list;
}
