// Every way to have an op computed. A new algorithm is a row here, and all tests force it on what it serves, and hold it to
// what it promises.
import { type Bounds, separableBounds, sumBounds, transformBounds, winogradBounds } from "./bounds.ts";
import type { Spec } from "./spec.ts";

export interface Form {
  readonly options: {
    readonly algorithm?: "auto" | "direct" | "depthwise" | "separable" | "fft" | "winograd";
    readonly lanes?: "pixels" | "filters";
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
  "op" | "dtype" | "input" | "filters" | "unshared" | "filterDilation" | "rankOne" | "subsample" | "stride" | "d"
>;

const plain = { exact: true, ordered: true, bounds: sumBounds, built: true };
const shared = (p: Served) => p.unshared !== true;
const separate = (p: Served) => shared(p) && channelsOf(p) === 1; // nothing is summed over channels
const planar = (p: Served) => separate(p) && (p.op ?? "nnet.conv2d").endsWith(".conv2d"); // two space axes

export const forms: Readonly<Record<string, Form>> = {
  auto: { ...plain, options: {}, serves: () => true }, // its promises are those of what it takes: see check.ts
  "direct pixels": { ...plain, options: { algorithm: "direct", lanes: "pixels" }, serves: shared },
  "direct filters": { ...plain, options: { algorithm: "direct", lanes: "filters" }, serves: shared },
  depthwise: { ...plain, options: { algorithm: "depthwise" }, serves: separate },
  separable: {
    options: { algorithm: "separable" },
    serves: (p) => planar(p) && p.rankOne === true && p.filters.at(-1)! > 1 && p.filters.at(-2)! > 1,
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
    serves: (p) => shared(p) && p.dtype !== "float64" && nineTaps(p),
    exact: false,
    ordered: false,
    bounds: winogradBounds,
    built: true,
  },
  // Not in any list of forms: only some runtimes have one, and test/webgpu asks for it by name. Fused or not is the GPU's affair.
  webgpu: { ...plain, ordered: false, options: { device: "webgpu" }, serves: shared, built: false },
  unshared: { ...plain, options: { algorithm: "direct" }, serves: (p) => p.unshared === true },
};

/** Filters of 3 × 3 taps on the two inner axes of space, every one of them taken. */
function nineTaps({
  op = "nnet.conv2d",
  filters,
  filterDilation,
  subsample,
  stride = 1,
  d = [1, 1, 1],
}: Served): boolean {
  const steps = [...(filterDilation ?? []), ...(subsample ?? []), stride, d[1], d[2]];
  const taps =
    op === "conv3D" ? filters.slice(2, 4) : op === "c01b.filterActs" ? filters.slice(1, 3) : filters.slice(-2);
  return steps.every((step) => step === 1) && taps.every((extent) => extent === 3);
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

/** Channels that are summed for one output. */
export function channelsOf({ op = "nnet.conv2d", input, filters }: Served): number {
  if (op === "signal.conv2d") return 1;
  if (op === "conv3D") return input[4];
  return op === "nnet.conv2d" ? filters.at(-3)! : op === "conv3d2d.conv3d" ? input[2] : input[0];
}
