// Random problems of signal.conv2d, conv3D, conv3d2d.conv3d and filterActs for fast-check, as arbitrary.ts has them for
// nnet.conv2d: every mode, stride, rank, layout and dtype; a third of the extents ugly; work capped; shrinking works.
import fc from "fast-check";
import { definitions, type Mode, padOf, type SmallOp } from "../oracle/ops.ts";
import { extra, filterCount, layout, type RandomCase, small, stack, tap } from "./arbitrary.ts";
import type { How, Spec } from "./spec.ts";

const rarely = (usual: fc.Arbitrary<number>) =>
  fc.oneof({ weight: 30, arbitrary: usual }, { weight: 1, arbitrary: fc.constant(0) });
const few = fc.integer({ min: 1, max: 5 });
const batch: Readonly<Record<SmallOp, fc.Arbitrary<number>>> = {
  "signal.conv2d": few,
  conv3D: few,
  "conv3d2d.conv3d": few,
  "c01b.filterActs": fc.oneof(few, fc.constantFrom(7, 8, 9, 16, 31, 32, 33, 64, 127, 128)),
};
const mode = fc.constantFrom<Mode>("valid", "half", "full");
const triple = <T>(arbitrary: fc.Arbitrary<T>) => fc.tuple(arbitrary, arbitrary, arbitrary);

interface Choices {
  readonly n: number;
  readonly o: number;
  readonly c: number;
  /** Of t, y and x, or of what the op has of them. */
  readonly taps: readonly [number, number, number];
  readonly extras: readonly [number, number, number];
  readonly steps: readonly [number, number, number];
  readonly modes: readonly [Mode, Mode];
  readonly pad: number;
  readonly ranks: readonly [2 | 3, 2 | 3];
  readonly rankOne: boolean;
  readonly bias: boolean;
  readonly layouts: NonNullable<Spec["layouts"]>;
  readonly dtype: "float32" | "float64";
  readonly seed: number;
  readonly via: NonNullable<How["via"]>;
}

export function randomCaseOf(op: SmallOp): fc.Arbitrary<RandomCase> {
  return fc
    .record<Choices>({
      n: rarely(batch[op]),
      o: rarely(filterCount),
      c: rarely(stack),
      taps: triple(tap),
      extras: triple(extra),
      steps: triple(small),
      modes: fc.tuple(mode, mode),
      pad: fc.oneof({ weight: 3, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.nat(9) }),
      ranks: fc.tuple(fc.constantFrom(2, 3), fc.constantFrom(2, 3)),
      rankOne: fc.oneof({ weight: 2, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
      bias: fc.boolean(),
      layouts: fc.record({
        input: layout,
        filters: layout,
        out: fc.option(layout, { nil: undefined, freq: 2 }),
      }) as fc.Arbitrary<NonNullable<Spec["layouts"]>>,
      dtype: fc.constantFrom("float32", "float32", "float32", "float64"),
      seed: fc.nat(2 ** 31 - 1),
      via: fc.constantFrom("call", "call", "call", "run", "runSync"),
    })
    .map((choices) => ({ spec: toSpec(op, choices), via: choices.via }));
}

const mostWork = 200_000; // multiply-adds

function toSpec(op: SmallOp, choices: Choices): Spec {
  const { input, filters, space } = definitions[op];
  const { taps, modes, pad, ranks, layouts, dtype, seed } = choices;
  const axes = [...space].map((letter, i) => ({ letter, k: taps[i]!, border: borderOf(op, i, modes, pad) }));
  const least = axes.map(({ k, border }) => Math.max(1, k - 2 * padOf(border, k)));
  const extras = [...choices.extras];
  let { n, o, c } = choices;
  if (op === "signal.conv2d") c = 1;
  // An upper estimate: as if the stride were 1.
  const outputs = () =>
    axes.reduce((all, { k, border }, i) => all * (least[i]! + extras[i]! + 2 * padOf(border, k)), 1);
  const work = () => n * o * c * taps.slice(0, axes.length).reduce((all, k) => all * k, 1) * outputs();
  while (work() > mostWork && extras.some((one) => one > 0)) {
    const largest = extras.indexOf(Math.max(...extras));
    extras[largest] = extras[largest]! >> 1;
  }
  while (work() > mostWork && o + n + c > 3) {
    if (n >= o && n >= c) n >>= 1;
    else if (o >= c) o >>= 1;
    else c >>= 1;
  }
  const image: Record<string, number> = { n, c };
  const filter: Record<string, number> = { o, c };
  for (const [i, { letter, k }] of axes.entries()) [image[letter], filter[letter]] = [least[i]! + extras[i]!, k];
  const shape = (letters: string, of: Record<string, number>) => [...letters].map((letter) => of[letter]!);
  const [imageLetters, filterLetters] =
    op === "signal.conv2d" ? [input.slice(-ranks[0]), filters.slice(-ranks[1])] : [input, filters];
  return {
    op,
    input: shape(imageLetters, image),
    filters: shape(filterLetters, filter),
    ...optionsFor(op, choices),
    layouts,
    dtype,
    seed,
  };
}

function borderOf(op: SmallOp, axis: number, [first, second]: readonly [Mode, Mode], pad: number): Mode | number {
  if (op === "conv3D") return "valid";
  if (op === "c01b.filterActs") return pad;
  if (op === "signal.conv2d") return first === "half" ? "valid" : first;
  return axis === 0 ? first : second;
}

function optionsFor(op: SmallOp, { steps, taps, modes, pad, rankOne, bias, via }: Choices): Partial<Spec> {
  const [first, second] = modes;
  // Only conv3D has a bias in its calls; the others have the one of setBias.
  const added = bias && via !== "call" ? { bias } : {};
  switch (op) {
    case "signal.conv2d":
      return { ...added, borderMode: first === "full" ? "full" : "valid", subsample: [steps[0], steps[1]], rankOne };
    case "conv3D":
      return { d: steps };
    case "conv3d2d.conv3d":
      return { ...added, borderMode: first === second ? first : [first, second, second] };
    case "c01b.filterActs":
      return { ...added, pad, stride: Math.min(steps[0], taps[0], taps[1]) };
  }
}
