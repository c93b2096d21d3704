// Operands as users bring them: strided and reversed views, offsets, broadcasts, shared memory, float64, nested lists;
// and `out` in each of these, written where it says and nowhere else.
import { Tensor, tensor } from "simdconv";
import { beforeAll, describe, expect, it } from "vitest";
import { checkBits } from "../support/check.ts";
import { enginesOfThisFile } from "../support/engines.ts";
import { mustFail } from "../support/errors.ts";
import { good, goodAnswer, ramp } from "../support/fixtures.ts";
import { gather, layouts, place } from "../support/place.ts";
import { countCalls } from "../support/record.ts";
import { type Engine, expected, formsOf, numbers, type Spec } from "../support/spec.ts";

const engines = await enginesOfThisFile();
let engine: Engine;
beforeAll(async () => {
  engine = await engines.get("simd");
});

describe("layouts", () => {
  const specs: readonly Spec[] = [
    { input: [2, 3, 7, 9], filters: [5, 3, 3, 2], seed: 1, borderMode: 1 },
    { input: [2, 4, 7, 9], filters: [4, 1, 3, 3], seed: 2, numGroups: 4 },
    { input: [1, 2, 5, 6], filters: [3, 2, 2, 2], seed: 3, unshared: true, dtype: "float64" },
  ];
  for (const binary of engines.binaries) {
    it(`${binary}: every layout of input × filters × out`, async (test) => {
      const used = await engines.get(binary);
      for (const base of specs) {
        const { y } = expected(numbers(base));
        for (const input of layouts) {
          for (const filters of layouts) {
            for (const out of [undefined, ...layouts]) {
              const problem = numbers({ ...base, layouts: { input, filters, ...(out && { out }) } });
              const available = formsOf(base);
              const form = available[(layouts.indexOf(input) + layouts.indexOf(filters)) % available.length]!;
              expect(await checkBits(used, problem, y, { binary, form })).toBeUndefined();
              countCalls(test, binary);
            }
          }
        }
      }
    });
  }
});

describe("operands", () => {
  it("a stride of 0 broadcasts", async () => {
    const input = { data: Float32Array.of(2), shape: [1, 3, 4, 5], stride: [0, 0, 0, 0] };
    const filters = { data: Float32Array.of(1, 2), shape: [2, 3, 2, 2], stride: [1, 0, 0, 0] };
    const { data, shape } = await engine.nnet.conv2d(input, filters);
    expect(shape).toEqual([1, 2, 3, 4]);
    expect([...data]).toEqual([...new Array(12).fill(24), ...new Array(12).fill(48)]);
  });

  it("overlapping windows of one array are a view like any other", async () => {
    const input = { data: ramp(7), shape: [1, 1, 4, 4], stride: [0, 0, 1, 1] }; // a Hankel matrix
    const filters = { data: Float32Array.of(1, 0, 0, 1), shape: [1, 1, 2, 2] };
    const { data } = await engine.nnet.conv2d(input, filters, { filterFlip: false });
    expect([...data]).toEqual([4, 6, 8, 6, 8, 10, 8, 10, 12]);
  });

  it("input and filters may be one and the same array", async () => {
    const same = { data: ramp(9), shape: [1, 1, 3, 3] };
    const { data } = await engine.nnet.conv2d(same, same, { filterFlip: false });
    expect([...data]).toEqual([285]);
  });

  it("data may be longer than the shape needs", async () => {
    const { input, filters } = good();
    const longer = new Float32Array(input.data.length + 5);
    longer.set(input.data);
    expect(gather(await engine.nnet.conv2d({ ...input, data: longer }, filters))).toEqual(goodAnswer.y);
  });

  it("nested lists become a tensor of config.floatX", async () => {
    const image = tensor([[[[1, 2, 3], [4, 5, 6], [7, 8, 9]]]]); // biome-ignore format: a matrix
    expect(image.shape).toEqual([1, 1, 3, 3]);
    expect(image.dtype).toBe("float32");
    const ones = tensor([[[[1, 1], [1, 1]]]]); // biome-ignore format: a matrix
    const result = await engine.nnet.conv2d(image, ones);
    expect([...result.data]).toEqual([12, 16, 24, 28]);
    expect(result).toBeInstanceOf(Tensor);
    expect(result.size).toBe(4);
  });

  it("float64 in, float64 out", async () => {
    const input = { data: Float64Array.of(1, 2 ** -40, 3, 4), shape: [1, 1, 2, 2] };
    const result = await engine.nnet.conv2d(input, { data: Float64Array.of(1, 1, 1, 1), shape: [1, 1, 2, 2] });
    expect(result.dtype).toBe("float64");
    expect([...result.data]).toEqual([8 + 2 ** -40]);
  });

  it("a strided bias", async () => {
    const { input, filters } = good();
    const bias = { data: ramp(8), shape: [4], stride: [-2], offset: 7 }; // 8, 6, 4, 2
    const got = gather(await engine.nnet.conv2d(input, filters, { bias }));
    expect(got).toEqual(goodAnswer.y.map((y, i) => y + [8, 6, 4, 2][Math.floor(i / 25) % 4]!));
  });
});

describe("out", () => {
  it("is written, returned, and may be used again", async () => {
    const { input, filters } = good();
    const out = { data: new Float32Array(2 * 4 * 5 * 5).fill(Number.NaN), shape: [2, 4, 5, 5] };
    for (let round = 0; round < 3; round++) {
      const result = await engine.nnet.conv2d(input, filters, { out });
      expect(result.data).toBe(out.data);
      expect(gather(out)).toEqual(goodAnswer.y);
    }
  });

  it("a result with the same view of memory: strided out returns its own strides", async () => {
    const { input, filters } = good();
    const out = place(undefined, [2, 4, 5, 5], "float32", "channels-last");
    const result = await engine.nnet.conv2d(input, filters, { out: out.operand });
    expect(result.shape).toEqual([2, 4, 5, 5]);
    expect(gather(result as Parameters<typeof gather>[0])).toEqual(goodAnswer.y);
    expect(out.damage(true)).toBeUndefined();
  });

  it("fresh results do not share memory with each other", async () => {
    const { input, filters } = good();
    const first = await engine.nnet.conv2d(input, filters);
    const kept = Float32Array.from(first.data);
    await engine.nnet.conv2d(input, filters, { filterFlip: false });
    expect(first.data).toEqual(kept);
  });

  it("overlap with an input is refused, a neighbouring place in the same buffer is not", async () => {
    const arena = new Float32Array(1000);
    const input = { data: arena, shape: [1, 1, 6, 6], offset: 100 };
    const filters = { data: ramp(4), shape: [1, 1, 2, 2] };
    const refuse = async (out: object) =>
      expect(
        await mustFail(() => engine.nnet.conv2d(input, filters, { out: out as never }), "OptionError", ["out"]),
      ).toBeUndefined();
    await refuse({ data: arena, shape: [1, 1, 5, 5], offset: 100 });
    await refuse({ data: arena, shape: [1, 1, 5, 5], offset: 135 });
    await refuse({ data: arena, shape: [1, 1, 5, 5], offset: 76 });
    await refuse({ data: arena, shape: [1, 1, 5, 5], offset: 100, stride: [0, 0, -10, -1] });
    await refuse({ data: arena.subarray(80), shape: [1, 1, 5, 5] });
    await refuse({ data: filters.data, shape: [1, 1, 5, 5], stride: [0, 0, 0, 0] });
    const out = { data: arena.subarray(136), shape: [1, 1, 5, 5] };
    await engine.nnet.conv2d(input, filters, { out });
    await engine.nnet.conv2d(input, filters, { out: { ...out, data: arena, offset: 75 } });
  });

  it("two elements of out in one place are refused", async () => {
    const { input, filters } = good();
    const out = { data: new Float32Array(300), shape: [2, 4, 5, 5], stride: [0, 25, 5, 1] };
    expect(await mustFail(() => engine.nnet.conv2d(input, filters, { out }), "ConvError", ["out"])).toBeUndefined();
  });
});
