// Jobs of a given size: a 5x5 convolution of 256 channels at 11 x 11, batch as needed: direct sums, exact on integers. Much arithmetic on few bytes,
// so that the time is the kernels' and not the copying of operands.
import type { Placed } from "./place.ts";

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
