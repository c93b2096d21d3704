// Outputs that are not side by side in y: phases of a dilation, or of a subsample's gradient. Workers with memories of their own compute them too, and
// send them back with what stands between them, which must not reach the result.
import { expect, it } from "vitest";
import { firstDifference } from "../support/compare.ts";
import { reals } from "../support/fixtures.ts";
import { opOf } from "../support/ops.ts";
import { gather } from "../support/place.ts";
import { note } from "../support/record.ts";
import { engineOf } from "./bits.ts";
import { Control, hookedWorker } from "./control.ts";

const layers = [
  ["nnet.conv2d", [2, 16, 21, 23], [20, 16, 3, 3], { filterDilation: [2, 2], algorithm: "winograd" }],
  ["nnet.conv2d", [1, 16, 21, 23], [20, 16, 3, 3], { filterDilation: [1, 4], algorithm: "winograd" }],
  ["nnet.conv2dGradWrtInputs", [2, 16, 21, 23], [20, 16, 3, 3], { subsample: [2, 2] }],
  ["nnet.conv2dGradWrtInputs", [1, 16, 21, 23], [20, 16, 3, 3], { subsample: [1, 3], dtype: "float64" }],
] as const;

it("workers with memories of their own compute outputs that are apart, and nothing between them changes", async (test) => {
  const control = new Control();
  await using alone = await engineOf(0);
  await using engine = await engineOf(2, { sharedMemory: false, worker: hookedWorker });
  for (const [op, imageShape, filterShape, options] of layers) {
    const spec = { imageShape, filterShape, borderMode: "half", ...options };
    const results = [];
    for (const one of [alone, engine]) {
      using layer = await opOf(one, op).compile(spec);
      const { outputShape } = layer.plan;
      const dtype = "dtype" in options ? options.dtype : "float32";
      const given = op === "nnet.conv2d" ? imageShape : [imageShape[0], 20, ...sides(imageShape, options.subsample)];
      const [x, w] = [reals(given, 1), reals(filterShape, 2)].map(({ data, shape }) => ({
        data: dtype === "float64" ? Float64Array.from(data) : data,
        shape,
      }));
      await layer.setFilters(w);
      const before = control.calls;
      results.push(gather(await layer.run(x, { openmp: one === engine })));
      expect(results.at(-1)!.length).toBe(outputShape.reduce((all, extent) => all * extent, 1));
      if (one === engine) expect(control.calls, `${op} ${JSON.stringify(options)}`).toBeGreaterThan(before);
    }
    expect(firstDifference(results[0]!, results[1]!), `${op} ${JSON.stringify(options)}`).toBe(-1);
  }
  note(test, `outputs apart: ${layers.length} layers, ${control.calls} calls of workers with memories of their own`);
});

/** Outputs of the forward op with "half". */
function sides([, , height, width]: readonly number[], [down, across]: readonly number[]): number[] {
  return [Math.ceil(height! / down!), Math.ceil(width! / across!)];
}
