// How long the GPU benches take their time, and how compute is sampled: many runs between two waits.
import { type Entrant, entrant, firstCall, type OpEffort } from "../op-rounds.ts";
import { type Recording, replay } from "./recorder.ts";

export interface GpuEffort extends OpEffort {
  /** A compute sample lasts about so long: the wait at its end must not count. */
  readonly computeMs: number;
}

export const gpuEffort: Record<"full" | "quick", GpuEffort> = {
  full: { sampleMs: 20, warmMs: 300, rounds: 16, entrantMs: 1500, fewest: 3, computeMs: 50 },
  quick: { sampleMs: 1, warmMs: 20, rounds: 3, entrantMs: 300, fewest: 2, computeMs: 5 },
};

/** An entrant of which one call is `times` runs of what is measured. */
export interface Repeated {
  readonly entrant: Entrant;
  readonly times: number;
}

const MOST_TIMES = 4096;

/** `run(n)` does it n times and waits once; it returns the milliseconds. */
export async function repeated(
  name: string,
  run: (times: number) => Promise<number>,
  { computeMs }: GpuEffort,
): Promise<Repeated> {
  for (let times = 1; ; ) {
    const n = times;
    const one = entrant(name, () => run(n));
    await firstCall(one);
    await firstCall(one);
    if (one.ms >= computeMs / 2 || times >= MOST_TIMES) return { entrant: one, times };
    const more = Math.min(16, Math.max(2, computeMs / Math.max(0.01, one.ms)));
    times = Math.min(MOST_TIMES, Math.ceil(times * more));
  }
}

/** Recorded anew before each sample: libraries hand their uniforms and buffers from one call on to another. */
export const repeatedReplay = (name: string, device: GPUDevice, again: () => Promise<Recording>, effort: GpuEffort) =>
  repeated(
    name,
    async (times) => {
      const recording = await again();
      const start = performance.now();
      await replay(device, recording, times);
      return performance.now() - start;
    },
    effort,
  );
