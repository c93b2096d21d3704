// Problems that Winograd serves, for its tests, forward and backwards: of 3 × 3 taps, of more, and of one.
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

/** A random problem of larger filters, which are cut into blocks of 3 × 3: odd ones too, with strides that leave fewer products. */
export function drawInNines(seed: number): Spec {
  const next = random(seed);
  const whole = (from: number, to: number) => from + Math.floor(next() * (to - from + 1));
  const pick = <T>(list: readonly T[]) => list[whole(0, list.length - 1)]!;
  const values = pick(["zero-mean", "non-negative", "mixed", "integers"] as const);
  const layouts = { input: pick(["c", "reversed", "gapped"] as const), out: pick(["c", "reversed"] as const) };
  const [n, c, k, h, w] = [whole(1, 3), whole(1, 5), whole(1, 9), whole(12, 25), whole(12, 30)];
  const [taps, subsample] = pick([
    [[5, 5], [1, 1]],
    [[4, 5], [1, 1]],
    [[3, 7], [1, 1]],
    [[7, 7], [1, 1]],
    [[3, 3], [2, 1]],
    [[5, 5], [2, 2]],
    [[4, 4], [2, 2]],
    [[7, 7], [2, 2]],
    [[6, 7], [1, 2]],
    [[11, 11], [4, 4]],
    [[9, 8], [3, 2]],
  ] as const); // biome-ignore format: a table
  const base = { seed, values, layouts };
  switch (whole(0, 3)) {
    case 0: {
      const t = whole(1, 3);
      return {
        ...base,
        op: "conv3D",
        input: [n, t, h, w, c],
        filters: [k, whole(1, t), ...taps, c],
        d: [1, ...subsample],
      };
    }
    case 1: {
      const frames = whole(2, 5);
      const filters = [k, whole(1, frames), c, pick([4, 5, 7]), pick([3, 5, 6])];
      return {
        ...base,
        op: "conv3d2d.conv3d",
        input: [n, frames, c, h, w],
        filters,
        borderMode: pick(["valid", "half", "full"] as const),
      };
    }
    default: {
      const groups = whole(1, 2);
      const border = pick(["valid", "half", "full", 2, [[0, 3], [2, 1]]] as const); // biome-ignore format: one of five
      const shapes = { input: [n, groups * c, h, w], filters: [groups * k, c, ...taps], subsample };
      return {
        ...base,
        ...shapes,
        numGroups: groups,
        borderMode: border,
        bias: next() < 0.5,
        activation: pick(["linear", "relu"] as const),
      };
    }
  }
}

/** A random problem with so many filters that they are kept transformed along y only: with stride 2, in blocks, in groups, with taps in time. */
export function drawManyFilters(seed: number, kind: number): Spec {
  const next = random(seed);
  const whole = (from: number, to: number) => from + Math.floor(next() * (to - from + 1));
  const values = (["zero-mean", "non-negative", "mixed", "integers"] as const)[whole(0, 3)]!;
  const base = { seed, values, borderMode: "half", bias: true, activation: "relu" } as const;
  switch (kind % 5) {
    case 0: {
      const [c, k] = [whole(251, 260), whole(251, 260)];
      return { ...base, input: [1, c, whole(12, 16), whole(12, 16)], filters: [k, c, 3, 3] };
    }
    case 1: {
      const [c, k] = [whole(168, 180), whole(168, 180)];
      return { ...base, input: [1, c, whole(20, 26), whole(20, 26)], filters: [k, c, 3, 3], subsample: [2, 2] };
    }
    case 2: {
      const [c, k] = [whole(126, 130), whole(126, 130)];
      return { ...base, input: [2, c, whole(12, 16), whole(12, 16)], filters: [k, c, 5, 5] };
    }
    case 3: {
      const [c, k] = [whole(251, 260), whole(251, 260)];
      return { ...base, input: [3, 2 * c, 12, 12], filters: [2 * k, c, 3, 3], numGroups: 2 };
    }
    default: {
      const [c, k] = [whole(178, 184), whole(178, 184)];
      const shapes = { input: [1, 2, c, whole(12, 16), whole(12, 16)], filters: [k, 2, c, 3, 3] };
      return { seed, values, op: "conv3d2d.conv3d", ...shapes, borderMode: "half" };
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

/** A random problem of dilated filters: phases of all sizes, some without outputs, some without inputs. */
export function drawDilated(seed: number): Spec {
  const next = random(seed);
  const whole = (from: number, to: number) => from + Math.floor(next() * (to - from + 1));
  const pick = <T>(list: readonly T[]) => list[whole(0, list.length - 1)]!;
  const values = pick(["zero-mean", "non-negative", "mixed", "integers"] as const);
  const layouts = { input: pick(["c", "reversed", "gapped"] as const), out: pick(["c", "reversed"] as const) };
  const [groups, c, k] = [whole(1, 2), whole(1, 6), whole(1, 9)];
  const filterDilation = pick([[2, 2], [2, 2], [1, 2], [3, 1], [4, 3], [2, 8]] as const); // biome-ignore format: one of six
  const taps = pick([[3, 3], [3, 3], [4, 5]] as const); // biome-ignore format: one of three
  // Outputs are strided where there is no dilation, if at all.
  const subsample = filterDilation.map((step) => (step === 1 ? whole(1, 2) : 1)) as [number, number];
  return {
    seed,
    values,
    layouts,
    input: [whole(1, 3), groups * c, whole(1, 20), whole(1, 33)],
    filters: [groups * k, c, ...taps],
    filterDilation,
    subsample,
    numGroups: groups,
    borderMode: pick(["half", "full", [[24, 25], [27, 24]]] as const), // biome-ignore format: one of three
    bias: next() < 0.5,
    activation: pick(["linear", "relu"] as const),
  };
}

/** A random problem of one tap that is computed in halves: strides, padding, rows and columns with gaps, groups, images, frames, several tiles of a row. */
export function drawInHalves(seed: number): Spec {
  const next = random(seed);
  const whole = (from: number, to: number) => from + Math.floor(next() * (to - from + 1));
  const pick = <T>(list: readonly T[]) => list[whole(0, list.length - 1)]!;
  const values = pick(["zero-mean", "non-negative", "mixed", "integers"] as const);
  const layouts = { input: pick(["c", "reversed", "gapped"] as const), out: pick(["c", "reversed"] as const) };
  const [n, c, k, h, w] = [whole(1, 3), 2 * whole(1, 20), 2 * whole(1, 12), whole(1, 12), whole(1, 40)];
  const base = { seed, values, layouts };
  const subsample = pick([[1, 1], [1, 1], [2, 2], [1, 2], [3, 1]] as const); // biome-ignore format: one of five
  switch (whole(0, 6)) {
    case 0:
      return {
        ...base,
        op: "conv3D",
        input: [n, whole(1, 3), h, w, c],
        filters: [k, 1, 1, 1, c],
        d: [1, ...subsample],
      };
    case 1:
      return {
        ...base,
        op: "conv3d2d.conv3d",
        input: [n, whole(1, 3), c, h, w],
        filters: [k, 1, c, 1, 1],
        borderMode: "valid",
      };
    case 2:
      return {
        ...base,
        op: "c01b.filterActs",
        input: [c, h, w, pick([n, 16])],
        filters: [c, 1, 1, k],

        pad: whole(0, 2),
      };
    case 4:
      // Several runs of filters, several passes of a run.
      return {
        ...base,
        input: [1, 34, 9, 13],
        filters: [2 * whole(300, 320), 34, 1, 1],
        bias: true,
        activation: "relu",
      };
    case 3:
      // Of many channels columns are few; more than a block of terms.
      return { ...base, input: [1, 1100, 6, 6], filters: [4, 1100, 1, 1] };
    default: {
      const groups = whole(1, 3);
      const border = pick(["valid", "half", "full", 2, [[0, 3], [2, 1]]] as const); // biome-ignore format: one of five
      const shapes = { input: [n, groups * c, h, w], filters: [groups * k, c, 1, 1], subsample };
      const activation = pick(["linear", "relu"] as const);
      return { ...base, ...shapes, numGroups: groups, borderMode: border, bias: next() < 0.5, activation };
    }
  }
}
