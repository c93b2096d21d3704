// How long the GPU benches take their time, and how the calls of one kind are sampled.
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

/** `run(n)` does it n times and waits once. */
export async function repeated(
  name: string,
  run: (times: number) => Promise<unknown>,
  { computeMs }: GpuEffort,
): Promise<Repeated> {
  const timed = (times: number) => entrant(name, async () => void (await run(times)));
  let times = 1;
  for (;;) {
    const one = timed(times);
    await firstCall(one);
    await firstCall(one);
    if (one.ms >= computeMs / 2 || times >= 4096) return { entrant: one, times };
    times = Math.min(4096, Math.ceil(times * Math.min(16, Math.max(2, computeMs / Math.max(0.01, one.ms)))));
  }
}

export const repeatedReplay = (name: string, device: GPUDevice, recording: Recording, effort: GpuEffort) =>
  repeated(name, (times) => replay(device, recording, times), effort);
