// What is particular to signal.conv2d (semantics §2): ranks decide the rank of the result, and hints count only in pairs.
import { beforeAll, describe, expect, it } from "vitest";
import { firstDifference } from "../support/compare.ts";
import { enginesOfThisFile } from "../support/engines.ts";
import { mustFail } from "../support/errors.ts";
import { opOf } from "../support/ops.ts";
import { gather } from "../support/place.ts";
import type { Engine } from "../support/spec.ts";

const engines = await enginesOfThisFile();
let engine: Engine;
beforeAll(async () => {
  engine = await engines.get("simd");
});

const image = { data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9), shape: [3, 3] };
const filter = { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] };
const blurred = [23, 33, 53, 63]; // upper left: 1·4 + 2·3 + 4·2 + 5·1
const batchOf = (n: number, { data, shape }: typeof image) => ({
  data: Float32Array.from(
    { length: n * data.length },
    (_, i) => (1 + Math.floor(i / data.length)) * data[i % data.length]!,
  ),
  shape: [n, ...shape],
});
const times = (...factors: number[]) => Float64Array.from(factors.flatMap((factor) => blurred.map((y) => factor * y)));

describe("ranks", () => {
  // An axis that an argument has stays in the result, of one entry or of many.
  const table = [
    { input: image, filters: filter, shape: [2, 2], y: times(1) },
    { input: batchOf(1, image), filters: filter, shape: [1, 2, 2], y: times(1) },
    { input: batchOf(3, image), filters: filter, shape: [3, 2, 2], y: times(1, 2, 3) },
    { input: image, filters: batchOf(1, filter), shape: [1, 2, 2], y: times(1) },
    { input: image, filters: batchOf(2, filter), shape: [2, 2, 2], y: times(1, 2) },
    { input: batchOf(1, image), filters: batchOf(1, filter), shape: [1, 1, 2, 2], y: times(1) },
    { input: batchOf(3, image), filters: batchOf(2, filter), shape: [3, 2, 2, 2], y: times(1, 2, 2, 4, 3, 6) },
  ] as const;
  for (const { input, filters, shape, y } of table) {
    it(`[${input.shape}] with [${filters.shape}] is [${shape}], called and compiled`, async () => {
      const result = await engine.signal.conv2d(input, filters);
      expect(result.shape).toEqual(shape);
      expect(gather(result)).toEqual(y);
      using layer = await engine.signal.conv2d.compile({ imageShape: input.shape, filterShape: filters.shape });
      expect(layer.plan.outputShape).toEqual(shape);
      await layer.setFilters(filters);
      for (const again of [await layer.run(input), layer.runSync(input)]) {
        expect(again.shape).toEqual(shape);
        expect(gather(again)).toEqual(y);
      }
      const out = { data: new Float32Array(y.length), shape };
      await engine.signal.conv2d(input, filters, { out });
      expect(gather(out)).toEqual(y);
    });
  }

  it("0, 1 and 4 axes are refused, naming the argument; so is an out with an axis too many", async () => {
    for (const shape of [[], [9], [1, 1, 3, 3]]) {
      const wrong = { ...image, shape };
      expect(await mustFail(() => engine.signal.conv2d(wrong, filter), "ShapeError", ["input"])).toBeUndefined();
      const small = { ...filter, shape: shape.length === 4 ? [1, 1, 2, 2] : shape.map(() => 4) };
      expect(await mustFail(() => engine.signal.conv2d(image, small), "ShapeError", ["filters"])).toBeUndefined();
    }
    const out = { data: new Float32Array(4), shape: [1, 2, 2] };
    expect(await mustFail(() => engine.signal.conv2d(image, filter, { out }), "ShapeError", ["out"])).toBeUndefined();
  });
});

describe("hints", () => {
  const call = (options: object, input: object = image, filters: object = filter) =>
    opOf(engine, "signal.conv2d")(input, filters, options);

  it("one alone is ignored, however wrong", async () => {
    for (const hint of [[9, 9], [3, 3], [1], [], [1, 2, 3, 4, 5], [null, 7]]) {
      for (const key of ["imageShape", "filterShape"]) {
        expect(gather(await call({ [key]: hint }))).toEqual(times(1));
        expect(gather(await call({ imageShape: null, filterShape: null, [key]: hint }))).toEqual(times(1));
      }
    }
  }); // biome-ignore format: hints

  it("both are read: last two entries, and entry 0 of an array with three axes", async () => {
    const many = batchOf(3, image);
    const good: readonly (readonly [(number | null)[], (number | null)[], object])[] = [
      [[3, 3], [2, 2], image],
      [[null, 3], [2, null], image],
      [[77, 3, 3], [2, 2], image], // an entry for the batch that a 2-D image has not
      [[3, 3, 3], [2, 2], many],
      [[3, 99, 3, 3], [99, 98, 2, 2], many], // the channels of Theano's four entries
      [[null, null, null, null], [null, null], many],
    ]; // biome-ignore format: a table
    for (const [imageShape, filterShape, input] of good) {
      expect(
        (await call({ imageShape, filterShape }, input)).data.length,
        `${imageShape}; ${filterShape}`,
      ).toBeGreaterThan(3);
    }
    const bad: readonly (readonly [(number | null)[], (number | null)[], object, string])[] = [
      [[3, 4], [2, 2], image, "imageShape"],
      [[4, 3], [2, 2], image, "imageShape"],
      [[3, 3], [2, 1], image, "filterShape"],
      [[3], [2, 2], image, "imageShape"],
      [[3, 3], [2], image, "filterShape"],
      [[2, 3, 3], [2, 2], many, "imageShape"],
      [[4, 1, 3, 3], [2, 2], many, "imageShape"],
      [[3, 3, 3], [5, 2, 3], many, "filterShape"],
    ]; // biome-ignore format: a table
    for (const [imageShape, filterShape, input, name] of bad) {
      const wrong = await mustFail(() => call({ imageShape, filterShape }, input), "ShapeError", [name]);
      expect(wrong, `[${imageShape}]; [${filterShape}]`).toBeUndefined();
    }
  });
});

describe("many filters of 3 × 3 with stride 2", () => {
  // So many that tiles are 32 columns wide: the last ones have 1, 2, 3 and 4.
  it.each([193, 194, 195, 196])("%i columns of results, the last tile of which is narrow", async (columns) => {
    const [rows, wide, count] = [6, 2 * columns + 1, 5000];
    const whole = (length: number, step: number) => Float32Array.from({ length }, (_, i) => ((i * step) % 13) - 6);
    const input = { data: whole(rows * wide, 7), shape: [rows, wide] };
    const filters = { data: whole(count * 9, 5), shape: [count, 3, 3] };
    const [one, other] = [{ algorithm: "depthwise", lanes: "pixels" }, { algorithm: "direct" }].map((how) =>
      engine.signal.conv2d(input, filters, { subsample: [2, 2], ...how } as object).then(gather),
    );
    expect(firstDifference(await one!, await other!)).toBe(-1);
  });
});
