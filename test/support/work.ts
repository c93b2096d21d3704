// Jobs of a given size: a 2x12 convolution of 256 channels at 8 x 18, batch as needed: direct sums, which Winograd does not serve, exact on integers.
// Much arithmetic on few bytes, so that the time is the kernels' and not the copying of operands.
import type { Placed } from "./place.ts";
import type { Engine } from "./spec.ts";

type Plain = Pick<Placed, "data" | "shape">;

const channels = 256;
const [rows, columns] = [2, 12];
export const perImage = channels * channels * rows * columns * 7 * 7; // multiply-adds, 77 million
export const outputOf = (batch: number): readonly number[] => [batch, channels, 7, 7];

export function longJob(multiplyAdds: number): { input: Plain; filters: Plain } {
  const batch = Math.max(1, Math.round(multiplyAdds / perImage));
  const input = new Float32Array(batch * channels * (rows + 6) * (columns + 6));
  for (let i = 0; i < input.length; i++) input[i] = (i % 7) - 3;
  const filters = new Float32Array(channels * channels * rows * columns);
  for (let i = 0; i < filters.length; i++) filters[i] = (i % 5) - 2;
  return {
    input: { data: input, shape: [batch, channels, rows + 6, columns + 6] },
    filters: { data: filters, shape: [channels, channels, rows, columns] },
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
