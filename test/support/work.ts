// Jobs of a given size: a 5x5 convolution of 256 channels at 11 x 11, batch as needed: direct sums, exact on integers. Much arithmetic on few bytes,
// so that the time is the kernels' and not the copying of operands.
import type { Placed } from "./place.ts";
import type { Engine } from "./spec.ts";

type Plain = Pick<Placed, "data" | "shape">;

const channels = 256;
const perImage = channels * channels * 25 * 7 * 7; // multiply-adds, 80 million
export const outputOf = (batch: number): readonly number[] => [batch, channels, 7, 7];

export function longJob(multiplyAdds: number): { input: Plain; filters: Plain } {
  const batch = Math.max(1, Math.round(multiplyAdds / perImage));
  const input = new Float32Array(batch * channels * 11 * 11);
  for (let i = 0; i < input.length; i++) input[i] = (i % 7) - 3;
  const filters = new Float32Array(channels * channels * 25);
  for (let i = 0; i < filters.length; i++) filters[i] = (i % 5) - 2;
  return {
    input: { data: input, shape: [batch, channels, 11, 11] },
    filters: { data: filters, shape: [channels, channels, 5, 5] },
  };
}

/**
 * A job of about `ms` milliseconds with this engine on this machine. The quickest of the samples tells its speed: one
 * that other work held up would make the job too short to be seen.
 */
export async function jobLasting(ms: number, engine: Engine, { openmp }: { openmp?: boolean } = {}) {
  const sample = 400_000_000;
  const { input, filters } = longJob(sample);
  let quickest = Number.POSITIVE_INFINITY;
  await engine.nnet.conv2d(input, filters, { openmp });
  for (let i = 0; i < 4; i++) {
    const start = performance.now();
    await engine.nnet.conv2d(input, filters, { openmp });
    quickest = Math.min(quickest, performance.now() - start);
  }
  return longJob((sample * ms) / quickest);
}
