// Jobs of a given size: a 3x3 convolution of 256 channels at 14 x 14, batch as needed. Much arithmetic on few bytes,
// so that the time is the kernels' and not the copying of operands.
import type { Placed } from "./place.ts";

type Plain = Pick<Placed, "data" | "shape">;

const channels = 256;
const perImage = channels * channels * 9 * 12 * 12; // multiply-adds, 85 million
export const outputOf = (batch: number): readonly number[] => [batch, channels, 12, 12];

export function longJob(multiplyAdds: number): { input: Plain; filters: Plain } {
  const batch = Math.max(1, Math.round(multiplyAdds / perImage));
  const input = new Float32Array(batch * channels * 14 * 14);
  for (let i = 0; i < input.length; i++) input[i] = (i % 7) - 3;
  const filters = new Float32Array(channels * channels * 9);
  for (let i = 0; i < filters.length; i++) filters[i] = (i % 5) - 2;
  return {
    input: { data: input, shape: [batch, channels, 14, 14] },
    filters: { data: filters, shape: [channels, channels, 3, 3] },
  };
}
