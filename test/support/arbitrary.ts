// Random nnet.conv2d problems for fast-check: every border mode, stride, dilation, group count, layout and dtype.
// A third of the extents are drawn from the ugly list of reliability.md §5, and work is capped so that 2,000 cases are
// a matter of seconds. Shrinking works, since a spec is built from independent choices.
import fc from "fast-check";
import type { BorderMode } from "../oracle/conv2d.ts";
import { layouts } from "./place.ts";
import type { How, Spec } from "./spec.ts";

const ugly = [1, 2, 3, 4, 5, 7, 8, 9, 11, 12, 13, 15, 16, 17, 23, 24, 25, 31, 33];
export const extra = fc.oneof({ weight: 1, arbitrary: fc.constantFrom(...ugly) }, { weight: 2, arbitrary: fc.nat(20) });
export const tap = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 4 }) },
  { weight: 1, arbitrary: fc.constantFrom(5, 7, 11) },
);
export const filterCount = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(...ugly) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 12 }) },
);
export const stack = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 6 }) },
  { weight: 1, arbitrary: fc.constantFrom(13, 16, 17, 40, 64, 70) },
);
export const small = fc.oneof(
  { weight: 3, arbitrary: fc.constant(1) },
  { weight: 2, arbitrary: fc.integer({ min: 2, max: 4 }) },
);
const pad = fc.oneof({ weight: 3, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.nat(9) });
const side = fc.oneof(pad, fc.tuple(pad, pad));
const borderMode = fc.oneof(
  fc.constantFrom("valid" as const, "full" as const, "half" as const),
  pad,
  fc.tuple(side, side),
);
export const layout = fc.oneof(
  { weight: 3, arbitrary: fc.constant("c" as const) },
  { weight: 2, arbitrary: fc.constantFrom(...layouts) },
);

interface Choices {
  readonly n: number;
  readonly groups: number;
  readonly stack: number;
  readonly perGroup: number;
  readonly extraRows: number;
  readonly extraColumns: number;
  readonly h: number;
  readonly w: number;
  readonly base: Pick<Spec, "borderMode" | "subsample" | "filterDilation" | "filterFlip" | "bias" | "unshared">;
  readonly layouts: NonNullable<Spec["layouts"]>;
  readonly dtype: "float32" | "float64";
  readonly activation: "linear" | "relu";
  readonly unroll: Spec["unroll"];
  readonly rankOne: boolean;
  readonly seed: number;
  readonly via: NonNullable<How["via"]>;
}

export interface RandomCase {
  readonly spec: Spec;
  readonly via: NonNullable<How["via"]>;
}

export const randomCase: fc.Arbitrary<RandomCase> = fc
  .record<Choices>({
    n: fc.oneof({ weight: 30, arbitrary: fc.integer({ min: 1, max: 3 }) }, { weight: 1, arbitrary: fc.constant(0) }),
    groups: fc.oneof(
      { weight: 2, arbitrary: fc.constant(1) },
      { weight: 1, arbitrary: fc.integer({ min: 2, max: 5 }) },
    ),
    stack,
    perGroup: filterCount,
    extraRows: extra,
    extraColumns: extra,
    h: tap,
    w: tap,
    base: fc.record({
      borderMode,
      subsample: fc.tuple(small, small),
      filterDilation: fc.tuple(small, small),
      filterFlip: fc.boolean(),
      bias: fc.boolean(),
      unshared: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    }),
    layouts: fc.record({
      input: layout,
      filters: layout,
      out: fc.option(layout, { nil: undefined, freq: 2 }),
    }) as fc.Arbitrary<NonNullable<Spec["layouts"]>>,
    dtype: fc.constantFrom("float32", "float32", "float32", "float64"),
    activation: fc.constantFrom("linear", "linear", "linear", "relu"),
    unroll: fc.option(
      fc.record(
        {
          unrollBatch: fc.integer({ min: 1, max: 4 }),
          unrollKern: fc.integer({ min: 1, max: 12 }),
          unrollPatch: fc.boolean(),
        },
        { requiredKeys: [] },
      ),
      { nil: undefined, freq: 1 },
    ) as fc.Arbitrary<Spec["unroll"]>,
    rankOne: fc.constantFrom(false, false, true),
    seed: fc.nat(2 ** 31 - 1),
    via: fc.constantFrom("call", "call", "call", "run", "runSync"),
  })
  .map(({ via, ...choices }) => ({ spec: toSpec(choices), via }));

const mostWork = 400_000; // multiply-adds

function toSpec({
  n,
  groups,
  base,
  layouts,
  dtype,
  activation,
  unroll,
  rankOne,
  seed,
  ...sizes
}: Omit<Choices, "via">): Spec {
  const { h, w, stack } = sizes;
  const [dh, dw] = [(h - 1) * base.filterDilation![0] + 1, (w - 1) * base.filterDilation![1] + 1];
  let { perGroup, extraRows, extraColumns } = sizes;
  const least = leastExtents(base.borderMode as BorderMode, dh, dw);
  const outputs = () => spread(extraRows, base.subsample![0], dh) * spread(extraColumns, base.subsample![1], dw);
  const work = () => n * groups * perGroup * stack * h * w * outputs();
  while (work() > mostWork && extraRows + extraColumns + perGroup > 3) {
    if (extraRows + extraColumns > perGroup) [extraRows, extraColumns] = [extraRows >> 1, extraColumns >> 1];
    else perGroup = Math.max(1, perGroup >> 1);
  }
  return {
    input: [n, groups * stack, least[0] + extraRows, least[1] + extraColumns],
    filters: [groups * perGroup, stack, h, w],
    ...base,
    numGroups: groups,
    layouts,
    dtype,
    activation,
    ...(unroll && { unroll }),
    ...(rankOne && stack === 1 && { rankOne }), // of use to one algorithm only, which wants one channel per group
    seed,
  };
}

// An upper estimate of the outputs on one axis, whatever the padding.
function spread(extra: number, stride: number, dilated: number): number {
  return (extra + dilated + 20) / stride;
}

/** The smallest image that gives one output: with it, a `valid` filter is as large as the image. */
function leastExtents(mode: BorderMode, dh: number, dw: number): [number, number] {
  if (mode === "valid") return [dh, dw];
  if (mode === "full" || mode === "half") return [1, 1];
  const [rows, columns] = typeof mode === "number" ? [mode, mode] : mode;
  return [Math.max(1, dh - total(rows)), Math.max(1, dw - total(columns))];
}

function total(pad: number | readonly [number, number]): number {
  return typeof pad === "number" ? 2 * pad : pad[0] + pad[1];
}
