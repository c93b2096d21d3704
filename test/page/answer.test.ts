// The page's check marks: right answers of every op get one, and every kind of wrong one does not.
import { createEngine, type Engine } from "simdconv";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkSamples, compareAll } from "../../bench/page/compare/answer.ts";
import { type Layer, PASSES, taskOf } from "../../bench/page/compare/layer.ts";
import { makeOperands, place } from "../../bench/page/compare/operands.ts";
import { familyOf, OPS, type OpId } from "../../bench/page/compare/ops.ts";

const plain: Layer = {
  op: "nnet.conv2d",
  batch: 2,
  channels: 4,
  frames: 5,
  height: 9,
  width: 11,
  filters: 6,
  groups: 1,
  filterFrames: 2,
  filterHeight: 3,
  filterWidth: 4,
  border: "valid",
  subsample: 1,
};

/** The layer with what the op lacks put to 1. */
function of(op: OpId, layer: Partial<Layer> = {}): Layer {
  const lacks = Object.fromEntries(familyOf(op).lacks.map((name) => [name, 1]));
  return { ...plain, ...layer, ...lacks, op };
}

const layers: readonly Layer[] = [
  ...OPS.map(({ op }) => of(op)),
  ...OPS.map(({ op }) => of(op, { subsample: 2 })),
  ...OPS.filter(({ op }) => familyOf(op).borders.includes("half")).map(({ op }) => of(op, { border: "half" })),
  ...OPS.filter(({ op }) => familyOf(op).borders.includes("full")).map(({ op }) => of(op, { border: "full" })),
  ...OPS.filter(({ op }) => familyOf(op).borders.includes("padding")).map(({ op }) =>
    of(op, { border: 2, subsample: 3 }),
  ),
  of("nnet.conv2d", { groups: 2 }),
  of("nnet.conv2dGradWrtInputs", { groups: 2, subsample: 2 }),
  of("nnet.conv2dGradWrtWeights", { groups: 2 }),
];

describe("check marks", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ workers: 0 });
  });
  afterAll(() => engine?.dispose());

  for (const layer of layers) {
    const { op, border, subsample, groups } = layer;
    it(`${op}, ${border}, subsample ${subsample}, ${groups} groups`, async () => {
      const task = taskOf(layer);
      const arrays = await makeOperands(task, new AbortController().signal);
      const placed = await place(engine, task, arrays, false);
      try {
        expect(placed.plan.outputShape).toEqual(task.places[PASSES[task.pass].made].shape);
        placed.out.fill(Number.NaN);
        await placed.run({});
        judge(task, arrays, placed.out.slice(), placed.plan.algorithm);
      } finally {
        placed.dispose();
      }
    });
  }
});

type Task = ReturnType<typeof taskOf>;

function judge(task: Task, arrays: Parameters<typeof checkSamples>[1], result: Float32Array, algorithm: string): void {
  const other = { name: "scalar", algorithm, data: result };
  expect(checkSamples(task, arrays, result, algorithm)).toMatchObject({ right: true });
  expect(compareAll(task, result, algorithm, { ...other, data: result.slice() })).toMatchObject({ short: "same bits" });
  for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, result.at(-1)! + 1]) {
    const spoilt = result.slice();
    spoilt[spoilt.length - 1] = wrong; // a corner, which is always among the samples
    expect(checkSamples(task, arrays, spoilt, algorithm)).toMatchObject({ right: false });
    expect(compareAll(task, spoilt, algorithm, other)).toMatchObject({ right: false });
  }
  const rounded = result.map((value) => value * (1 + 2 ** -23));
  expect(compareAll(task, rounded, algorithm, other)).toMatchObject({ short: "within rounding" });
}
