// One channel a group with 3 × 3 taps has a kernel of its own for some strides and dilations: every mix of them, at widths round a vector and
// round a tile, with and without what follows the sums, has the bits of direct sums.
import { expect, it } from "vitest";
import { firstDifference } from "../support/compare.ts";
import { enginesOfThisFile } from "../support/engines.ts";
import { gather } from "../support/place.ts";
import { countCalls } from "../support/record.ts";

const engines = await enginesOfThisFile();
const steps = [[1, 1], [2, 2], [1, 2], [2, 1], [4, 2], [6, 2], [3, 3]] as const; // biome-ignore format: a list
const dilations = [
  [1, 1],
  [2, 1],
  [1, 2],
  [2, 2],
  [3, 1],
] as const;
const widths = [7, 9, 10, 16, 17, 21, 34, 515, 517];

const whole = (shape: readonly number[], step: number) => {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return { data: Float32Array.from({ length: size }, (_, i) => ((i * step) % 13) - 6), shape };
};

for (const binary of engines.binaries) {
  it(`${binary}: as direct sums`, async (test) => {
    const engine = await engines.get(binary);
    const failures: string[] = [];
    let calls = 0;
    for (const subsample of steps) {
      for (const filterDilation of dilations) {
        for (const width of widths) {
          const [input, filters] = [whole([1, 3, 15, width], 7), whole([6, 1, 3, 3], 5)];
          const more = calls % 2 ? {} : { bias: whole([6], 3), activation: "relu" as const };
          const options = { subsample, filterDilation, numGroups: 3, borderMode: "half" as const, ...more };
          const [got, want] = await Promise.all(
            [{ algorithm: "depthwise", lanes: "pixels" }, { algorithm: "direct" }].map((how) =>
              engine.nnet.conv2d(input, filters, { ...options, ...how } as object).then(gather),
            ),
          );
          calls += 2;
          if (firstDifference(got!, want!) >= 0)
            failures.push(`${width} columns, subsample ${subsample}, dilation ${filterDilation}`);
        }
      }
    }
    countCalls(test, binary, calls);
    expect(failures).toEqual([]);
  });
}
