// Operands and options that change while they are read. The library reads each thing once into numbers of its own: such
// a call may be refused with a typed error or computed from one consistent reading, but it never traps, never throws
// anything else, never touches a byte that is not its own, and the next good call is exact.
import { beforeAll, describe, expect, it } from "vitest";
import { enginesOfThisFile } from "../support/engines.ts";
import { failureOf, wrongError } from "../support/errors.ts";
import { good, goodAnswer, ramp, stillGood } from "../support/fixtures.ts";
import { gather } from "../support/place.ts";
import type { Engine } from "../support/spec.ts";
import { longJob, outputOf } from "../support/work.ts";
import { conv2dOf, givenOperands } from "./table.ts";

const engines = await enginesOfThisFile();
let engine: Engine;
beforeAll(async () => {
  engine = await engines.get("simd");
});

/** An object whose `key` is `first` when read the first `times` times and `later` from then on. */
function turning(base: object, key: string, first: unknown, later: unknown, times: number): object {
  let reads = 0;
  return Object.defineProperty({ ...base }, key, { enumerable: true, get: () => (reads++ < times ? first : later) });
}

/** A list whose entry `at` changes after it was read `times` times. */
function turningList(list: readonly number[], at: number, later: unknown, times: number): readonly number[] {
  let reads = 0;
  return new Proxy([...list], {
    get: (target, key) => (key === String(at) && reads++ >= times ? later : Reflect.get(target, key)),
  });
}

async function survives(call: () => Promise<unknown>, damage: () => string | undefined): Promise<void> {
  const failure = await failureOf(call);
  if (failure) expect(wrongError(failure.error, "ConvError", [])).toBeUndefined();
  expect(damage()).toBeUndefined();
  expect(await stillGood(engine)).toBeUndefined();
}

describe("operands that change between reads", () => {
  for (const name of ["input", "filters", "out"] as const) {
    for (const times of [1, 2, 3, 4]) {
      it(`${name}, after ${times} reads`, async () => {
        const changes = (base: {
          shape: readonly number[];
          data: unknown;
          stride: readonly number[];
          offset: number;
        }) => [
          turning(base, "shape", base.shape, [2, 3, 4000, 4000], times),
          turning(base, "shape", base.shape, null, times),
          turning(base, "data", base.data, new Float32Array(1), times),
          turning(base, "data", base.data, new Int8Array(2000), times),
          turning(base, "stride", base.stride, [10_000, 10_000, 10_000, 10_000], times),
          turning(base, "offset", base.offset, 1_000_000, times),
          turning(base, "offset", base.offset, -5, times),
          ...[0, 1, 2, 3].map((at) => ({ ...base, shape: turningList(base.shape, at, 5000, times) })),
          ...[0, 1, 2, 3].map((at) => ({ ...base, stride: turningList(base.stride, at, 70_000, times) })),
          { ...base, shape: turningList(base.shape, 2, 0.5, times) },
          { ...base, stride: turningList(base.stride, 1, Number.NaN, times) },
        ];
        const count = changes(givenOperands().given[name]).length;
        for (let i = 0; i < count; i++) {
          const { given, damage } = givenOperands();
          const all: Record<string, unknown> = { ...given, [name]: changes(given[name])[i] };
          const options = name === "out" ? { out: all.out } : {};
          const watched = () => damage(name === "out" ? "out" : undefined);
          await survives(() => conv2dOf(engine)(all.input, all.filters, options), watched);
        }
      });
    }
  }

  it("options that change: subsample, borderMode, numGroups, filterDilation", async () => {
    const lists = { subsample: [2, 1], filterDilation: [1, 2], borderMode: [1, 1] };
    for (const times of [1, 2, 3]) {
      for (const [key, value] of Object.entries(lists)) {
        for (const later of [-1, 0, 2 ** 31, Number.NaN, "x"]) {
          const { given, damage } = givenOperands();
          await survives(
            () => conv2dOf(engine)(given.input, given.filters, { [key]: turningList(value, 0, later, times) }),
            damage,
          );
          const whole = turning({}, key, value, [later, later], times);
          await survives(() => conv2dOf(engine)(given.input, given.filters, whole), damage);
        }
      }
      const { given, damage } = givenOperands();
      await survives(() => conv2dOf(engine)(given.input, given.filters, turning({}, "numGroups", 1, 3, times)), damage);
    }
  });

  it("a getter that detaches the data it belongs to", async () => {
    const { input, filters } = good();
    for (const field of ["shape", "stride", "offset"]) {
      const data = input.data.slice();
      const plain = { data, shape: input.shape, stride: [126, 42, 6, 1], offset: 0 };
      const value = plain[field as keyof typeof plain];
      const trap = Object.defineProperty({ ...plain }, field, {
        get: () => {
          if (data.length) structuredClone(data.buffer, { transfer: [data.buffer] });
          return value;
        },
      });
      await survives(
        () => conv2dOf(engine)(trap, filters),
        () => undefined,
      );
    }
  });

  it("a getter that calls the library again", async () => {
    const { input, filters } = good();
    let inner: Promise<unknown> = Promise.resolve();
    const nested = Object.defineProperty({ ...input }, "shape", {
      get: () => {
        inner = engine.nnet.conv2d(good().input, filters);
        return input.shape;
      },
    });
    const result = await engine.nnet.conv2d(nested, filters);
    expect(gather(result)).toEqual(goodAnswer.y);
    expect(gather((await inner) as typeof result)).toEqual(goodAnswer.y);
  });
});

describe("strange but good", () => {
  it("data that starts at any element of its buffer", async () => {
    const { input, filters } = good();
    for (let skew = 0; skew < 9; skew++) {
      const moved = (data: Float32Array) => {
        const view = new Float32Array(new ArrayBuffer(4 * (data.length + skew)), 4 * skew);
        view.set(data);
        return view;
      };
      const out = { data: moved(new Float32Array(200)), shape: [2, 4, 5, 5] };
      await engine.nnet.conv2d(
        { ...input, data: moved(input.data) },
        { ...filters, data: moved(filters.data) },
        { out },
      );
      expect(gather(out)).toEqual(goodAnswer.y);
    }
  });

  it("a frozen operand, one with a null prototype, one with inherited fields, one that is a class", async () => {
    const { input, filters } = good();
    class Image {
      get data() {
        return input.data;
      }
      get shape() {
        return input.shape;
      }
    }
    const bare = Object.assign(Object.create(null), input);
    for (const operand of [Object.freeze({ ...input }), bare, Object.create(input), new Image()]) {
      expect(gather(await engine.nnet.conv2d(operand, filters))).toEqual(goodAnswer.y);
    }
  });

  it("a subsample larger than anything gives the first output", async () => {
    const { input, filters } = good();
    for (const step of [1000, 2 ** 20, 2 ** 30]) {
      const { shape, data } = await engine.nnet.conv2d(input, filters, { subsample: [step, step] });
      expect(shape).toEqual([2, 4, 1, 1]);
      expect(data[0]).toBe(goodAnswer.y[0]);
    }
  });

  it("the input is never modified, whatever it is", async () => {
    const data = ramp(252, -100);
    const before = data.slice();
    await engine.nnet.conv2d({ data, shape: [2, 3, 7, 6] }, good().filters, { borderMode: "full", activation: "relu" });
    expect(data).toEqual(before);
  });
});

describe("operands that go away", () => {
  it("while another operand is read", async () => {
    for (const victim of ["input", "filters", "out"] as const) {
      for (const [trigger, field] of [
        ["input", "offset"],
        ["filters", "offset"],
        ["options", "numGroups"],
        ["options", "signal"],
      ] as const) {
        const out = { data: new Float32Array(200), shape: [2, 4, 5, 5], offset: 0 };
        const all: Record<string, object> = { ...good(), out };
        const { data } = all[victim] as { data: Float32Array };
        const detach = () => {
          if (data.length) structuredClone(data.buffer, { transfer: [data.buffer as ArrayBuffer] });
          return field === "offset" ? 0 : undefined;
        };
        const options: Record<string, unknown> = { out: all.out };
        const target = trigger === "options" ? options : all[trigger]!;
        Object.defineProperty(target, field, { enumerable: true, get: detach });
        await survives(
          () => conv2dOf(engine)(all.input, all.filters, options),
          () => undefined,
        );
      }
    }
  });

  const moments = ["at once", "later"];
  it.each(moments)("out detached while the job runs is a typed error: %s", async (when) => {
    const { input, filters } = longJob(400_000_000);
    const shape = outputOf(input.shape[0]!);
    const size = shape.reduce((a, b) => a * b, 1);
    for (const gap of [1, 2]) {
      const stride = [gap * 36864, gap * 144, gap * 12, gap]; // dense, and every other element
      const out = { data: new Float32Array(size * gap), shape, stride };
      const running = failureOf(() => engine.nnet.conv2d(input, filters, { out }));
      if (when === "later") await new Promise((resolve) => setImmediate(resolve));
      structuredClone(out.data.buffer, { transfer: [out.data.buffer] });
      const failure = await running;
      expect(failure, "the result went into a detached buffer").toBeDefined();
      expect(wrongError(failure?.error, "ConvError", ["out"])).toBeUndefined();
      expect(await stillGood(engine)).toBeUndefined();
    }
  });

  it.each(moments)("inputs detached while the job runs do no harm: %s", async (when) => {
    const { input, filters } = longJob(400_000_000);
    const answer = failureOf(() => engine.nnet.conv2d(input, filters));
    if (when === "later") await new Promise((resolve) => setImmediate(resolve));
    for (const { data } of [input, filters]) structuredClone(data.buffer, { transfer: [data.buffer as ArrayBuffer] });
    const harm = await answer;
    if (harm) expect(wrongError(harm.error, "ConvError", ["input", "filters"])).toBeUndefined();
    expect(await stillGood(engine)).toBeUndefined();
  });
});
