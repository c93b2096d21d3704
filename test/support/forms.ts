// Every way to have an op computed. A new algorithm is a row here, and all tests force it on what it serves, and hold it to
// what it promises.
import { type Bounds, separableBounds, sumBounds, transformBounds, winogradBounds } from "./bounds.ts";
import { channelsOf, forwardOf, isGradient, type OpName, planeTaps } from "./ops.ts";
import type { Spec } from "./spec.ts";

export interface Form {
  readonly options: {
    readonly algorithm?: "auto" | "direct" | "depthwise" | "separable" | "fft" | "winograd";
    readonly lanes?: "pixels" | "filters" | "planes" | "gathered";
    readonly device?: "webgpu";
  };
  serves(problem: Served): boolean;
  /** Sums of integers that the element type can hold are exact. */
  readonly exact: boolean;
  /** One running sum per output in the declared order: results have its bits, and NaN and infinities travel as in it. */
  readonly ordered: boolean;
  /** What reals may be off by. */
  readonly bounds: Bounds;
  /** Whether the library has it: false until then. */
  readonly built: boolean;
}

/** What decides which forms serve. */
export type Served = Pick<
  Spec,
  | "op"
  | "dtype"
  | "input"
  | "filters"
  | "unshared"
  | "filterDilation"
  | "rankOne"
  | "numGroups"
  | "subsample"
  | "stride"
  | "d"
>;

const plain = { exact: true, ordered: true, bounds: sumBounds, built: true };
const mostPhases = 1024;
/** A gradient of more phases than a plan has is looked up element by element: a direct sum of a form of its own. */
const manyPhases = (p: Served) => isGradient(p.op ?? "nnet.conv2d") && phasesOf(p) > mostPhases;
const shared = (p: Served) => p.unshared !== true && !manyPhases(p);
const separate = (p: Served) => shared(p) && channelsOf(p) === 1; // nothing is summed over channels
const planar = (p: Served) => separate(p) && forwardOf(p.op ?? "nnet.conv2d").endsWith(".conv2d"); // two space axes
const plainGradient = (p: Served) =>
  !isGradient(p.op ?? "nnet.conv2d") || (p.subsample ?? [1, 1]).every((step) => step === 1);

export const forms: Readonly<Record<string, Form>> = {
  auto: { ...plain, options: {}, serves: () => true }, // its promises are those of what it takes: see check.ts
  "direct pixels": { ...plain, options: { algorithm: "direct", lanes: "pixels" }, serves: shared },
  "direct filters": { ...plain, options: { algorithm: "direct", lanes: "filters" }, serves: shared },
  // Where terms cannot be gathered (rows of y with gaps, very long ones, one tap) it is "direct pixels": gathered.test.ts says where they are.
  "direct gathered": {
    ...plain,
    options: { algorithm: "direct", lanes: "gathered" },
    serves: (p) => shared(p) && p.dtype !== "float64",
  },
  depthwise: { ...plain, options: { algorithm: "depthwise" }, serves: separate },
  "depthwise pixels": { ...plain, options: { algorithm: "depthwise", lanes: "pixels" }, serves: separate },
  "depthwise planes": { ...plain, options: { algorithm: "depthwise", lanes: "planes" }, serves: planesOfOneFilter },
  separable: {
    options: { algorithm: "separable" },
    serves: (p) =>
      planar(p) && plainGradient(p) && p.rankOne === true && p.filters.at(-1)! > 1 && p.filters.at(-2)! > 1,
    exact: true,
    ordered: false,
    bounds: separableBounds,
    built: true,
  },
  fft: {
    options: { algorithm: "fft" },
    serves: (p) => planar(p) && (p.filterDilation ?? [1, 1]).every((step) => step === 1),
    exact: false,
    ordered: false,
    bounds: transformBounds,
    built: true,
  },
  winograd: {
    options: { algorithm: "winograd" },
    serves: (p) => shared(p) && p.dtype !== "float64" && (inNines(p) || inHalves(p)),
    exact: false,
    ordered: false,
    bounds: winogradBounds,
    built: true,
  },
  // Not in any list of forms: only some runtimes have one, and test/webgpu asks for it by name. Fused or not is the GPU's affair.
  webgpu: { ...plain, ordered: false, options: { device: "webgpu" }, serves: shared, built: false },
  unshared: { ...plain, options: { algorithm: "direct" }, serves: (p) => p.unshared === true || manyPhases(p) },
};

/** Two space axes, one filter for each channel, columns that follow each other. */
function planesOfOneFilter({ op = "nnet.conv2d", dtype, unshared, input, filters, numGroups = 1 }: Served): boolean {
  if (unshared || dtype === "float64" || !op.endsWith(".conv2d")) return false;
  if (op === "signal.conv2d") return filters.length === 2 || filters[0] === 1;
  return filters[1] === 1 && filters[0] === numGroups && input[1] === numGroups;
}

/**
 * Filters of 3 × 3 taps or more on the two inner axes of space, dilated by up to 16 phases where there is no stride, no stride beyond them, where 2.25 products for every block of 3 × 3 taps a stride apart are fewer;
 * or 3 × 3 and every second output. Of gradients every one.
 */
function inNines({
  op = "nnet.conv2d",
  filters,
  filterDilation,
  subsample,
  stride = 1,
  d = [1, 1, 1],
}: Served): boolean {
  const forward = forwardOf(op);
  const taps = planeTaps(op, filters);
  const steps = { conv3D: d.slice(1), "c01b.filterActs": [stride, stride] } as Record<string, readonly number[]>;
  const strides = steps[forward] ?? subsample ?? [1, 1];
  if (taps.some((extent, axis) => extent < 3 || strides[axis]! > extent)) return false;
  const dilations = filterDilation ?? [1, 1];
  if (dilations.some((step, axis) => step !== 1 && strides[axis] !== 1) || dilations[0]! * dilations[1]! > 16)
    return false;
  if (isGradient(op)) return strides.every((step) => step === 1);
  if (strides.every((step) => step === 2) && taps.every((extent) => extent === 3)) return true;
  const blocks = taps.reduce((all, extent, axis) => all * threesOf(extent, strides[axis]!), 1);
  return 2.25 * blocks < taps[0]! * taps[1]!;
}

/** One tap, and even numbers of channels and filters in each group, some of both. Of gradients every one. */
export function inHalves(
  p: Pick<Served, "op" | "input" | "filters" | "numGroups" | "subsample" | "stride" | "d">,
): boolean {
  const { op = "nnet.conv2d", filters, numGroups = 1, subsample = [1, 1], stride = 1, d = [1, 1, 1] } = p;
  const steps = [...subsample, stride, ...d];
  if (isGradient(op) && steps.some((step) => step !== 1)) return false;
  const inTime = { conv3D: filters[1], "conv3d2d.conv3d": filters[1] } as Record<string, number | undefined>;
  if ((inTime[forwardOf(op)] ?? 1) !== 1 || planeTaps(op, filters).some((taps) => taps !== 1)) return false;
  const isHalved = (count: number) => count > 0 && count % 2 === 0;
  return isHalved(channelsOf(p)) && isHalved(filtersOf(op, filters, numGroups));
}

/** Outputs of one position of one group; of a gradient the forward op's channels. */
function filtersOf(op: OpName, filters: readonly number[], numGroups: number): number {
  const forward = forwardOf(op);
  if (isGradient(op))
    return forward === "signal.conv2d"
      ? 1
      : {
          "nnet.conv2d": filters[1]!,
          conv3D: filters[4]!,
          "conv3d2d.conv3d": filters[2]!,
          "c01b.filterActs": filters[0]!,
        }[forward];
  if (forward === "signal.conv2d") return filters.length === 2 ? 1 : filters[0]!;
  return forward === "c01b.filterActs" ? filters[3]! : filters[0]! / (forward === "nnet.conv2d" ? numGroups : 1);
}

function threesOf(taps: number, stride: number): number {
  let threes = 0;
  for (let phase = 0; phase < Math.min(taps, stride); phase++) threes += Math.ceil((taps - phase) / stride / 3);
  return threes;
}

/** Sets of inputs that have the same taps: on each axis as many as the stride, or as the axis has inputs. */
function phasesOf({ op = "nnet.conv2d", input, subsample = [1, 1], d = [1, 1, 1], stride = 1 }: Served): number {
  const least = (extents: readonly number[], steps: readonly number[]) =>
    extents.reduce((all, extent, axis) => all * Math.min(extent, steps[axis]!), 1);
  if (op === "convTransp3D") return least(input.slice(1, 4), d);
  return op === "c01b.imageActs" ? least(input.slice(1, 3), [stride, stride]) : least(input.slice(-2), subsample);
}

/** Names of the forms that serve a problem. */
export function formsOf(problem: Served): string[] {
  return Object.keys(forms).filter((name) => forms[name].built && forms[name].serves(problem));
}

/** Whether "auto" may take a form that is not a plain sum: then the plan has to be asked what it took. */
export function mayDiffer(problem: Served): boolean {
  return formsOf(problem).some((name) => !forms[name].ordered);
}

/** The forms that are built, for tests that each of them was met. */
export const builtForms: readonly string[] = Object.keys(forms).filter((name) => forms[name].built);
