// Values at the ends of the number line: NaN and infinities travel as in the plain sum, subnormals are not flushed,
// overflow goes to infinity, and nothing of one output leaks into another.
import { describe, expect, it } from "vitest";
import { enginesOfThisFile } from "../support/engines.ts";
import { forms } from "../support/forms.ts";
import { countCalls } from "../support/record.ts";

const engines = await enginesOfThisFile();
const shared = ["auto", "direct pixels", "direct filters", "depthwise"];

for (const binary of engines.binaries) {
  describe(binary, () => {
    for (const Floats of [Float32Array, Float64Array]) {
      const tiny = Floats === Float32Array ? 2 ** -149 : 2 ** -1074;
      const huge = Floats === Float32Array ? 2 ** 127 : 2 ** 1023;
      const row = async (x: readonly number[], w: readonly number[], form: string, bias?: number) => {
        const engine = await engines.get(binary);
        const input = { data: Floats.from(x), shape: [1, 1, 1, x.length] };
        const filters = { data: Floats.from(w), shape: [1, 1, 1, w.length] };
        const added = bias === undefined ? {} : { bias: { data: Floats.of(bias), shape: [1] } };
        return [
          ...(await engine.nnet.conv2d(input, filters, { filterFlip: false, ...added, ...forms[form].options })).data,
        ];
      };

      for (const form of shared) {
        it(`${Floats.name} ${form}`, async (test) => {
          countCalls(test, binary, 8);
          const inf = Number.POSITIVE_INFINITY;
          expect(await row([1, Number.NaN, 3, 4, 5], [1, 1], form)).toEqual([NaN, NaN, 7, 9]);
          expect(await row([1, inf, 3, 4, 5], [1, 1], form)).toEqual([inf, inf, 7, 9]);
          expect(await row([1, inf, -inf, 4, 5], [1, 1], form)).toEqual([inf, NaN, -inf, 9]);
          expect(await row([1, inf, 3, 4, 5], [0, 1], form)).toEqual([inf, NaN, 4, 5]);
          expect(await row([tiny, 3 * tiny, -tiny], [1, 1], form)).toEqual([4 * tiny, 2 * tiny]);
          expect(await row([tiny, 2 * tiny, 3], [1, 0.5], form)).toEqual([2 * tiny, 1.5]);
          expect(await row([huge, huge, -huge, 1], [1, 1], form)).toEqual([inf, 0, -huge]);
          // -0 + -0 from a sum that starts at +0 is +0; so is a bias of -0.
          expect(await row([-0, -0, 0], [1, 1], form, -0)).toEqual([0, 0]);
        });
      }
    }
  });
}
