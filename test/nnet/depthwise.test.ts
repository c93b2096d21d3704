// One channel a group with 3 × 3 taps has a kernel of its own for some strides and dilations: every mix of them, at widths round a vector and
// round a tile, with and without what follows the sums, has the bits of direct sums. It reads beyond the borders of a plane: whatever the
// padding, nothing of what stands there may reach a result.
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

const paddings = [
  [[0, 0], [0, 0]], [[1, 1], [1, 1]], [[2, 2], [2, 2]], [[0, 1], [0, 1]], [[2, 0], [0, 2]], [[5, 9], [7, 3]], [[1, 0], [9, 8]], [[0, 30], [8, 40]],
] as const; // biome-ignore format: a list

/** NaN and infinities next to some places of the border, of this plane and so beside the next one's: most results near it are finite. */
function hostileBorders(shape: readonly [number, number, number, number]) {
  const { data } = whole(shape, 7);
  const [, , high, wide] = shape;
  for (let i = 0; i < data.length; i++) {
    const [row, column] = [Math.floor(i / wide) % high, i % wide];
    if (column === wide - 1 && row % 5 === 2) data[i] = Number.NaN;
    else if (column === 0 && row % 5 === 0) data[i] = Number.POSITIVE_INFINITY;
    else if (row === high - 1 && column === 2) data[i] = Number.NEGATIVE_INFINITY;
  }
  return { data, shape };
}

for (const binary of engines.binaries) {
  it(`${binary}: any padding, NaN and infinities at the border`, async (test) => {
    const engine = await engines.get(binary);
    const failures: string[] = [];
    let calls = 0;
    for (const step of [1, 2]) {
      for (const borderMode of paddings) {
        for (const [high, wide] of [
          [1, 4],
          [3, 5],
          [4, 4],
          [7, 7],
          [8, 9],
          [14, 16],
        ] as const) {
          // biome-ignore format: a list
          const filters = whole([3, 1, 3, 3], 5);
          const outputs = [high, wide].map((extent, axis) => extent + borderMode[axis]![0] + borderMode[axis]![1] - 2);
          if (outputs.some((extent) => extent < 1)) continue;
          const input = hostileBorders([2, 3, high, wide]);
          // The last tensor of all: what is read after it is the end of memory.
          const resident = engine.tensor(input.shape);
          resident.data.set(input.data);
          const apart = {
            data: new Float32Array(2 * input.data.length),
            shape: input.shape,
            stride: [6 * high * wide, 2 * high * wide, 2 * wide, 2],
          };
          input.data.forEach((value, i) => {
            apart.data[2 * i] = value;
          });
          const options = { subsample: [step, step], numGroups: 3, borderMode } as const;
          const forms = [
            [resident, { algorithm: "depthwise", lanes: "pixels" }],
            [apart, { algorithm: "depthwise", lanes: "pixels" }],
            [input, { algorithm: "direct" }],
          ] as const;
          const [got, view, want] = await Promise.all(
            forms.map(([x, how]) => engine.nnet.conv2d(x, filters, { ...options, ...how } as object).then(gather)),
          );
          calls += 3;
          resident.dispose();
          for (const [name, result] of [["resident", got], ["strided", view]] as const) // biome-ignore format: a list
            if (firstDifference(result!, want!) >= 0)
              failures.push(`${name} ${high} × ${wide}, padding ${JSON.stringify(borderMode)}, subsample ${step}`);
        }
      }
    }
    countCalls(test, binary, calls);
    expect(failures).toEqual([]);
  });
}
