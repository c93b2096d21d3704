// The page's check marks: right answers get one, and every kind of wrong one does not.
import { nnet, tensor } from "simdconv";
import { describe, expect, it } from "vitest";
import { fill } from "../../bench/check.ts";
import { checkSamples, compareAll } from "../../bench/page/answer.ts";
import { filterShapeOf, imageShapeOf, type Layer, outputShapeOf, sizeOf, specOf } from "../../bench/page/layer.ts";

const plain: Layer = {
  batch: 2,
  channels: 4,
  height: 9,
  width: 11,
  filters: 6,
  filterHeight: 3,
  filterWidth: 4,
  border: "valid",
  subsample: 1,
  groups: 1,
};
const layers: readonly Layer[] = [
  plain,
  { ...plain, border: "half", subsample: 2 },
  { ...plain, border: "full", groups: 2 },
  { ...plain, border: 3, subsample: 3 },
];

async function compute(layer: Layer) {
  const image = new Float32Array(sizeOf(imageShapeOf(layer)));
  const filters = new Float32Array(sizeOf(filterShapeOf(layer)));
  fill(image, 1);
  fill(filters, 2);
  const { borderMode, subsample, numGroups } = specOf(layer);
  const options = { borderMode, subsample, numGroups };
  const result = await nnet.conv2d(tensor(image, imageShapeOf(layer)), tensor(filters, filterShapeOf(layer)), options);
  expect(result.shape).toEqual(outputShapeOf(layer));
  return { operands: { image, filters }, result: result.data as Float32Array };
}

describe("check marks", () => {
  for (const layer of layers) {
    it(`${layer.border}, subsample ${layer.subsample}, ${layer.groups} groups`, async () => {
      const { operands, result } = await compute(layer);
      expect(checkSamples(layer, operands, result)).toMatchObject({ right: true });
      expect(compareAll(layer, operands, result, result.slice(), "scalar")).toMatchObject({ short: "same bits" });
      for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, result.at(-1)! + 0.01]) {
        const spoilt = result.slice();
        spoilt[spoilt.length - 1] = wrong; // a corner, which is always among the samples
        expect(checkSamples(layer, operands, spoilt)).toMatchObject({ right: false });
        expect(compareAll(layer, operands, spoilt, result, "scalar")).toMatchObject({ right: false });
      }
      const rounded = result.map((value) => value * (1 + 2 ** -23));
      expect(compareAll(layer, operands, rounded, result, "scalar")).toMatchObject({ short: "within rounding" });
    });
  }
});
