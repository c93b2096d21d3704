// Overlapping calls, disposal of engines and results, and results that give their memory back.
import { createEngine, type Tensor } from "simdconv";
import { describe, expect, it } from "vitest";
import { firstDifference } from "../support/compare.ts";
import { enginesOfThisFile } from "../support/engines.ts";
import { failureOf, mustFail, wrongError } from "../support/errors.ts";
import { good, goodAnswer, stillGood } from "../support/fixtures.ts";
import { edgeGrid } from "../support/grid.ts";
import { gather } from "../support/place.ts";
import { countCalls } from "../support/record.ts";
import { compute, numbers, operandsOf } from "../support/spec.ts";
import { longJob } from "../support/work.ts";

const engines = await enginesOfThisFile();

describe("overlapping calls", () => {
  it("16 mixed calls at once have the bits of the same calls one by one", async (test) => {
    const specs = edgeGrid.filter((_, i) => i % 13 === 0).slice(0, 15);
    expect(specs.length).toBe(15);
    for (const binary of engines.binaries) {
      const engine = await engines.get(binary);
      const how = { binary, form: "auto" };
      const jobs = specs.map(({ spec }) => numbers({ ...spec, values: "zero-mean" }));
      const serial: Float64Array[] = [];
      for (const job of jobs) serial.push(await compute(engine, job.spec, operandsOf(job), how));
      const long = longJob(100_000_000);
      const alone = (await engine.nnet.conv2d(long.input, long.filters)).data;
      const [together, ...results] = await Promise.all([
        engine.nnet.conv2d(long.input, long.filters),
        ...jobs.map((job) => compute(engine, job.spec, operandsOf(job), how)),
      ]);
      expect(firstDifference(together.data, alone)).toBe(-1);
      results.forEach((result, i) => {
        expect(firstDifference(result, serial[i]!), `${specs[i]!.name}, ${binary}`).toBe(-1);
      });
      countCalls(test, binary, 32);
    }
  });

  it("a call made from the then of another, many deep", async () => {
    const engine = await engines.get("simd");
    const { input, filters } = good();
    const deep = (levels: number): Promise<Tensor> =>
      engine.nnet.conv2d(input, filters).then((result) => (levels > 0 ? deep(levels - 1) : result));
    expect(gather(await deep(50))).toEqual(goodAnswer.y);
  });

  it("a small job behind a large one is not starved", async () => {
    const engine = await engines.get("scalar");
    const { input, filters } = longJob(400_000_000);
    const order: string[] = [];
    const large = engine.nnet.conv2d(input, filters).then(() => order.push("large"));
    const small = engine.nnet.conv2d(good().input, good().filters).then(() => order.push("small"));
    await Promise.all([large, small]);
    expect(order).toEqual(["small", "large"]);
  });
});

describe("disposal", () => {
  it("an engine that was disposed of refuses everything with a DisposedError, and may be disposed of again", async () => {
    const engine = await createEngine({ binary: "simd" });
    const { input, filters } = good();
    const layer = await engine.nnet.conv2d.compile({ imageShape: input.shape, filterShape: filters.shape });
    await layer.setFilters(filters);
    await engine.dispose();
    await engine.dispose();
    const calls = [
      () => engine.nnet.conv2d(input, filters),
      () => engine.nnet.conv2d.compile({ imageShape: input.shape, filterShape: filters.shape }),
      () => layer.run(input),
      () => layer.runSync(input),
      () => layer.setFilters(filters),
      () => engine.tensor([1, 1, 2, 2]),
    ];
    for (const call of calls) expect(await mustFail(call, "DisposedError", []), String(call)).toBeUndefined();
  });

  it("await using disposes, also of an engine with jobs in flight: each of them settles", async () => {
    const { input, filters } = longJob(100_000_000);
    let running: Promise<unknown>[] = [];
    {
      await using engine = await createEngine({ binary: "simd" });
      running = [1, 2, 3].map(() => engine.nnet.conv2d(input, filters));
      for (const job of running) job.catch(() => {}); // looked at below
    }
    for (const outcome of await Promise.allSettled(running)) {
      if (outcome.status === "rejected") expect(wrongError(outcome.reason, "DisposedError", [])).toBeUndefined();
    }
  });

  it("bad arguments to a disposed engine are a DisposedError too", async () => {
    const engine = await createEngine({ binary: "scalar" });
    await engine.dispose();
    expect(await mustFail(() => engine.nnet.conv2d(null as never, null as never), "ConvError", [])).toBeUndefined();
  });

  it("a result gives its buffer back with dispose, and is gone then", async () => {
    const engine = await engines.get("simd");
    const { input, filters } = good();
    for (let round = 0; round < 10; round++) {
      const result = await engine.nnet.conv2d(input, filters);
      expect(gather(result)).toEqual(goodAnswer.y);
      result.dispose();
      result.dispose();
      const failure = await failureOf(() => result.data);
      expect(failure && wrongError(failure.error, "DisposedError", [])).toBeUndefined();
      expect(failure).toBeDefined();
      expect(await mustFail(() => engine.nnet.conv2d(result, filters), "DisposedError", [])).toBeUndefined();
    }
    using kept = await engine.nnet.conv2d(input, filters);
    await engine.nnet.conv2d(input, filters, { filterFlip: false });
    expect(gather(kept)).toEqual(goodAnswer.y); // nobody else was given its buffer
  });

  it("a buffer that was given back is written whole by its next user", async () => {
    const engine = await engines.get("simd");
    const { input, filters } = good();
    const first = await engine.nnet.conv2d(input, filters);
    first.data.fill(Number.NaN);
    first.dispose();
    for (const numChannels of [0, 3]) {
      const x = { data: input.data, shape: [2, numChannels, 7, 6] };
      const w = { data: filters.data, shape: [4, numChannels, 3, 2] };
      const result = gather(await engine.nnet.conv2d(x, w));
      expect(result).toEqual(numChannels ? goodAnswer.y : new Float64Array(200));
    }
    expect(await stillGood(engine)).toBeUndefined();
  });
});
