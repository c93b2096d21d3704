// engine.tune: what is measured is preferred, told, kept in JSON, and changes results within the bounds only; reproducible mode ignores it.
import { createEngine } from "simdconv";
import { describe, expect, it } from "vitest";
import { mustFail } from "../support/errors.ts";
import { gather } from "../support/place.ts";
import { note } from "../support/record.ts";

const shapes = { imageShape: [1, 24, 20, 20], filterShape: [24, 24, 3, 3], borderMode: "half" } as const;
const operand = (shape: readonly number[], seed: number) => ({
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => ((i * seed) % 17) - 8),
  shape,
});

describe("tune", () => {
  it("measures every candidate and prefers the fastest, in calls and compiled ops, here and where its JSON is taken", {
    timeout: 60_000,
  }, async (test) => {
    await using engine = await createEngine({ workers: 0 });
    const tuned = await engine.tune(shapes);
    expect(Object.keys(tuned.milliseconds).sort()).toEqual(
      ["direct filters", "direct gathered", "direct pixels", "winograd F(2×2)", "winograd F(4×4)"].filter(
        (name) => name in tuned.milliseconds,
      ),
    );
    expect(tuned.milliseconds[tuned.best]).toBe(Math.min(...Object.values(tuned.milliseconds)));
    note(test, `tune: ${tuned.best} of ${JSON.stringify(tuned.milliseconds)}, estimated ${tuned.estimated}`);

    // Another preference, by hand: it is followed, and by nobody else.
    const data = engine.exportTunings();
    const other = data.best.map(([problem]) => [problem, "direct filters"] as const);
    await using taught = await createEngine({ workers: 0 });
    expect(taught.importTunings(JSON.parse(JSON.stringify({ ...data, best: other })))).toBe(1);
    using layer = await taught.nnet.conv2d.compile(shapes);
    expect(layer.plan.describe()).toContain("lanes over filters");
    using plain = await taught.nnet.conv2d.compile({ ...shapes, algorithm: "direct", lanes: "pixels" } as never);
    expect(plain.plan.describe()).toContain("lanes over pixels");

    const [image, filters] = [operand(shapes.imageShape, 3), operand(shapes.filterShape, 5)];
    const want = gather(await engine.nnet.conv2d(image, filters, { borderMode: "half", algorithm: "direct" }));
    const got = gather(await taught.nnet.conv2d(image, filters, { borderMode: "half" }));
    expect(got).toEqual(want);
  });

  it("serves every forward op", { timeout: 60_000 }, async () => {
    await using engine = await createEngine({ workers: 0 });
    for (const spec of [
      { op: "signal.conv2d", imageShape: [40, 40], filterShape: [5, 5] },
      { op: "conv3D", VShape: [1, 4, 9, 9, 3], WShape: [4, 2, 3, 3, 3], d: [1, 1, 1] },
      { op: "conv3d2d.conv3d", signalsShape: [1, 4, 3, 9, 9], filtersShape: [4, 2, 3, 3, 3] },
      { op: "c01b.filterActs", imagesShape: [3, 9, 9, 8], filtersShape: [3, 3, 3, 4] },
    ] as const) {
      const { best, milliseconds } = await engine.tune(spec);
      expect(Object.keys(milliseconds), spec.op).toContain(best);
    }
    expect(engine.exportTunings().best.length).toBe(4);
  });

  it("refuses what it cannot do, and forgets what it did not finish", async () => {
    await using engine = await createEngine({ workers: 0 });
    await using exact = await createEngine({ workers: 0, float: "reproducible" });
    const before = engine.exportTunings();
    for (const [call, argument] of [
      [() => engine.tune({ ...shapes, op: "nnet.conv4d" as never }), "op"],
      [() => engine.tune({ ...shapes, algorithm: "fft" }), "algorithm"],
      [() => exact.tune(shapes), "float"],
      [async () => engine.importTunings({ version: 2 }), "tunings"],
      [async () => engine.importTunings({ ...before, best: [["a"]] }), "tunings"],
      [async () => engine.importTunings(null), "tunings"],
    ] as const) {
      expect(await mustFail(call, "OptionError", [argument])).toBeUndefined();
    }
    expect(engine.importTunings({ ...before, binary: "another" })).toBe(0);
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(engine.tune(shapes, { signal })).rejects.toThrow("enough");
    expect(engine.exportTunings()).toEqual(before);
  });
});
