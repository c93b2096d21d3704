// Problems of filters of 3 × 3 taps, for the tests of Winograd, forward and backwards.
import { random } from "./random.ts";
import type { Spec } from "./spec.ts";

/** A random problem that Winograd serves: ugly extents, every border mode, groups, bias and activation; subsample up to `most`. */
export function drawNineTaps(seed: number, most = 1): Spec {
  const next = random(seed);
  const whole = (from: number, to: number) => from + Math.floor(next() * (to - from + 1));
  const pick = <T>(list: readonly T[]) => list[whole(0, list.length - 1)]!;
  const values = pick(["zero-mean", "non-negative", "mixed", "integers"] as const);
  const [n, c, k, h, w, t] = [whole(1, 3), whole(1, 9), whole(1, 13), whole(3, 21), whole(3, 30), whole(1, 4)];
  const layouts = { input: pick(["c", "reversed", "gapped"] as const), out: pick(["c", "reversed"] as const) };
  const base = { seed, values, layouts };
  const step = whole(1, most);
  switch (whole(0, 4)) {
    case 0:
      return {
        ...base,
        op: "signal.conv2d",
        input: [n, h, w],
        filters: [k, 3, 3],
        borderMode: pick(["valid", "full"] as const),
        subsample: [step, step],
      };
    case 1: {
      const taps = whole(1, t);
      return {
        ...base,
        op: "conv3D",
        input: [n, t, h, w, c],
        filters: [k, taps, 3, 3, c],
        d: [whole(1, 2), step, step],
      };
    }
    case 2: {
      const modes = pick(["valid", "half", "full"] as const);
      const frames = whole(3, 9);
      return {
        ...base,
        op: "conv3d2d.conv3d",
        input: [n, frames, c, h, w],
        // Three taps, mostly: they may be transformed too.
        filters: [k, pick([1, 2, 3, 3, 3, Math.min(4, frames)]), c, 3, 3],
        borderMode: modes,
      };
    }
    case 3:
      return {
        ...base,
        op: "c01b.filterActs",
        input: [c, h, w, n],
        filters: [c, 3, 3, k],
        pad: whole(0, 3),
        stride: step,
      };
    default: {
      const groups = whole(1, 3);
      const border = pick(["valid", "half", "full", 2, [[0, 3], [2, 1]]] as const); // biome-ignore format: one of five
      const activation = pick(["linear", "relu"] as const);
      const shapes = { input: [n, groups * c, h, w], filters: [groups * k, c, 3, 3], subsample: [step, step] as const };
      return { ...base, ...shapes, numGroups: groups, borderMode: border, bias: next() < 0.5, activation };
    }
  }
}

/** A random problem that Winograd serves with tiles in depth too, where they are likely to be chosen. */
export function drawInDepth(seed: number): Spec {
  const next = random(seed);
  const whole = (from: number, to: number) => from + Math.floor(next() * (to - from + 1));
  const pick = <T>(list: readonly T[]) => list[whole(0, list.length - 1)]!;
  const values = pick(["zero-mean", "non-negative", "mixed", "integers"] as const);
  const [n, t, c, k, h, w] = [1, whole(6, 11), whole(32, 40), whole(14, 24), whole(6, 12), whole(6, 12)];
  return {
    seed,
    values,
    layouts: { input: pick(["c", "reversed", "gapped"] as const), out: pick(["c", "reversed"] as const) },
    op: "conv3d2d.conv3d",
    input: [n, t, c, h, w],
    filters: [k, 3, c, 3, 3],
    borderMode: pick(["valid", "half", "full"] as const),
  };
}
