// Direct sums over gathered terms, and the pixel that odd maps leave alone at the end of a row: where they are taken, and that
// they have the bits of the other forms.
import { describe, expect, it } from "vitest";
import { firstDifference } from "../support/compare.ts";
import { enginesOfThisFile } from "../support/engines.ts";
import { reals } from "../support/fixtures.ts";
import { gather } from "../support/place.ts";
import { countCalls } from "../support/record.ts";
import type { Conv2dOptions, Engine } from "../support/spec.ts";

const engines = await enginesOfThisFile();

const operand = (shape: readonly number[], seed: number) => reals(shape, seed, "mixed");

type Layer = readonly [name: string, input: readonly number[], filters: readonly number[], options: Conv2dOptions];

const layers: readonly Layer[] = [
  ["3×3/2 to 7×7", [1, 37, 14, 14], [43, 37, 3, 3], { borderMode: 1, subsample: [2, 2] }],
  ["1×1/2 to 7×7, terms in two blocks", [2, 300, 14, 13], [35, 300, 1, 1], { subsample: [2, 2] }],
  ["1×7 @17", [1, 19, 17, 17], [24, 19, 1, 7], { borderMode: [0, 3] }],
  ["7×1 @17, not flipped", [1, 19, 17, 17], [25, 19, 7, 1], { borderMode: [3, 0], filterFlip: false }],
  ["dilated, groups", [2, 12, 11, 9], [21, 4, 3, 2], { borderMode: "half", filterDilation: [2, 3], numGroups: 3 }],
  ["wide padding: rows and columns of nothing", [1, 3, 5, 3], [13, 3, 2, 3], { borderMode: [6, 7] }],
  ["cropped, stride 3", [1, 5, 23, 22], [6, 5, 4, 3], { subsample: [3, 3] }],
  ["one filter", [3, 4, 9, 9], [1, 4, 3, 3], { borderMode: "full" }],
  ["one column", [2, 6, 15, 3], [14, 6, 3, 3], {}],
];

describe("gathered terms", () => {
  for (const binary of engines.binaries) {
    it(`${binary}: ${layers.length} layers have the bits of lanes over pixels and over filters`, async (test) => {
      const engine = await engines.get(binary);
      for (const [name, input, filters, options] of layers) {
        const [x, w, bias] = [operand(input, 1), operand(filters, 2), operand([filters[0]!], 3)];
        for (const activation of ["linear", "relu", "tanh"] as const) {
          const run = async (lanes: string) =>
            gather(
              await engine.nnet.conv2d(x, w, { ...options, bias, activation, algorithm: "direct", lanes } as never),
            );
          const got = await run("gathered");
          expect(firstDifference(got, await run("pixels")), `${name}, pixels`).toBe(-1);
          expect(firstDifference(got, await run("filters")), `${name}, filters`).toBe(-1);
          countCalls(test, binary, 3);
        }
        expect(await kernelsOf(engine, input, filters, options), name).toContain("gather_f32");
      }
    });
  }

  it("are taken for strided layers of many filters, and left where nothing is gained", async () => {
    const engine = await engines.get("simd");
    const auto = (input: readonly number[], filters: readonly number[], options: Conv2dOptions) =>
      kernelsOf(engine, input, filters, options, {});
    expect(await auto([1, 1024, 14, 14], [2048, 1024, 1, 1], { subsample: [2, 2] })).toContain("gather_f32");
    expect(await auto([1, 512, 14, 14], [512, 512, 3, 3], { borderMode: 1, subsample: [2, 2] })).toContain(
      "gather_f32",
    );
    for (const [name, input, filters, options] of [
      ["one tap, every pixel", [1, 64, 7, 7], [64, 64, 1, 1], {}],
      ["long rows", [1, 3, 224, 224], [64, 3, 7, 7], { subsample: [2, 2], borderMode: 3 }],
      ["many taps on rows of whole vectors", [1, 64, 28, 28], [64, 64, 5, 5], { borderMode: 2 }],
    ] as readonly Layer[])
      expect(await auto(input, filters, options), name).not.toContain("gather_f32");
    // Terms of more memory than the input and 16 MiB.
    const large = await kernelsOf(engine, [64, 64, 30, 30], [8, 64, 5, 5], {});
    expect(large).not.toContain("gather_f32");
  });
});

describe("filters that are asked for ahead, and rows that are cut", () => {
  for (const binary of engines.binaries) {
    it(`${binary}: 3.2 MB of filters in blocks, runs, groups and images have the bits of lanes over filters`, async (test) => {
      const engine = await engines.get(binary);
      // Four register tiles use each filter, and one: asked for line by line, and at once.
      for (const side of [5, 2]) {
        const [x, w] = [operand([2, 1600, side, side], 1), operand([1000, 800, 1, 1], 2)];
        const run = async (lanes: string) =>
          gather(await engine.nnet.conv2d(x, w, { numGroups: 2, algorithm: "direct", lanes } as never));
        expect(firstDifference(await run("pixels"), await run("filters")), `@${side}`).toBe(-1);
        countCalls(test, binary, 2);
      }
    });
  }

  it("a tile has all filters where each run of them would copy the same input", async () => {
    const engine = await engines.get("simd");
    const options = { imageShape: [1, 3, 224, 224], filterShape: [32, 3, 3, 3], borderMode: 1, subsample: [2, 2] };
    using op = await engine.nnet.conv2d.compile({ ...options, algorithm: "direct", lanes: "pixels" } as never);
    expect(op.plan.describe()).toContain("8 rows × 112 columns × 32 filters");
  });
});

/** Terms that end in a block of one: 255 blocks of 256, and one more. */
const MANY = 255 * 256 + 1;

describe("the last pixel of an odd map", () => {
  it("goes on with its sums where the last block has one term", async () => {
    const engine = await engines.get("simd");
    const [x, w] = [operand([1, MANY, 1, 1], 1), operand([12, MANY, 1, 1], 2)];
    const run = async (lanes: string) =>
      gather(await engine.nnet.conv2d(x, w, { algorithm: "direct", lanes } as never));
    expect(firstDifference(await run("pixels"), await run("filters"))).toBe(-1);
  });

  const activations = ["linear", "relu", "sigmoid"] as const;
  for (const binary of engines.binaries) {
    it(`${binary}: 1×1 filters in all numbers of panels have the bits of lanes over filters`, async (test) => {
      const engine = await engines.get(binary);
      let [index, differ] = [0, 0];
      for (const channels of [2, 5, 270]) {
        for (const count of [1, 3, 4, 9, 12, 13, 14, 16, 17, 18, 19, 23, 30, 36, 37, 41, 55]) {
          for (const side of [1, 3, 5, 7]) {
            const [x, w] = [operand([2, channels, side, side], index), operand([count, channels, 1, 1], ++index)];
            const activation = activations[index % 3]!;
            const bias = index % 2 ? { bias: operand([count], index) } : {};
            const run = async (lanes: string) =>
              gather(await engine.nnet.conv2d(x, w, { ...bias, activation, algorithm: "direct", lanes } as never));
            const [got, want] = [await run("pixels"), await run("filters")];
            expect(firstDifference(got, want), `${channels}→${count} @${side}`).toBe(-1);
            if (got.some((value) => value !== got[0])) differ++;
          }
        }
      }
      expect(differ).toBeGreaterThan(index / 2);
      countCalls(test, binary, 2 * index);
    });
  }
});

async function kernelsOf(
  engine: Engine,
  imageShape: readonly number[],
  filterShape: readonly number[],
  options: Conv2dOptions,
  forced = { algorithm: "direct", lanes: "gathered" } as object,
): Promise<string[]> {
  using op = await engine.nnet.conv2d.compile({ ...options, ...forced, imageShape, filterShape } as never);
  return op.plan.steps.map(({ kernel }) => kernel);
}
