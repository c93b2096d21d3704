/** Which algorithm serves a problem: the one whose estimate is lowest, unless the caller demands another. */
import { OptionError, OutOfMemoryError } from "../errors.ts";
import { canonical, withBatchAsColumns } from "../problem/canonical.ts";
import type { ConvProblem } from "../problem/problem.ts";
import { product } from "../problem/problem.ts";
import { depthwiseCandidate } from "./depthwise.ts";
import { type Candidate, directCandidate } from "./direct.ts";
import type { Lanes, Plan } from "./plan.ts";
import type { BinaryName } from "./registers.ts";
import { elementBytes } from "./registers.ts";
import type { Tuning } from "./tuning.ts";
import { unsharedPlan } from "./unshared.ts";

export type AlgorithmOption = "auto" | "direct" | "winograd" | "fft" | "separable" | "depthwise";

export interface Demand {
  readonly algorithm: AlgorithmOption;
  readonly lanes?: Lanes | undefined;
  readonly tuning: Tuning;
  /** Every filter is known to be the product of a column and a row. */
  readonly rankOne: boolean;
  /** Only sums in the declared order will do, unless the caller names another algorithm. */
  readonly exact: boolean;
}

/** WebAssembly's 32-bit address space. */
const ADDRESS_SPACE = 2 ** 32;

/** Throws an OptionError if the demand cannot be met, an OutOfMemoryError if no 32-bit memory could hold the call. */
export function choosePlan(problem: ConvProblem, binary: BinaryName, demand: Demand): Plan {
  const p = canonical(problem);
  const turned = withBatchAsColumns(problem);
  const forms = turned ? [p, canonical(turned)] : [p];
  checkAddressable((p.x.size + p.y.size + p.w.size) * elementBytes(p.dtype) + 4 * product(p.taps));
  const plan = p.w.position
    ? unsharedOf(p, binary, demand)
    : cheapest(forms.flatMap((form) => candidates(form, binary, demand))).build();
  checkAddressable(plan.workspaceBytes);
  return plan;
}

function checkAddressable(bytes: number): void {
  if (bytes <= ADDRESS_SPACE) return;
  throw new OutOfMemoryError("input", `the call needs ${bytes} bytes, more than WebAssembly can address`);
}

function unsharedOf(p: ConvProblem, binary: BinaryName, demand: Demand): Plan {
  if (demand.algorithm !== "auto" && demand.algorithm !== "direct") {
    throw new OptionError("algorithm", `"${demand.algorithm}" does not serve unshared filters`);
  }
  if (demand.lanes) throw new OptionError("lanes", "unshared filters have one form only");
  return unsharedPlan(p, p.w.position!, binary);
}

function candidates(p: ConvProblem, binary: BinaryName, { algorithm, lanes, tuning }: Demand): Candidate[] {
  if (algorithm === "depthwise" || (algorithm === "auto" && !lanes && tuning.notes.length === 0)) {
    const depthwise = depthwiseCandidate(p, binary);
    if (algorithm === "depthwise") {
      if (!depthwise)
        throw new OptionError("algorithm", `"depthwise" wants one channel per group, there are ${p.channels}`);
      if (lanes === "filters") throw new OptionError("lanes", '"depthwise" has its lanes over pixels');
      return [depthwise];
    }
    if (depthwise) return [depthwise, ...directForms(p, binary, undefined, tuning)];
  }
  if (algorithm !== "auto" && algorithm !== "direct") {
    throw new OptionError("algorithm", `"${algorithm}" does not serve this problem`);
  }
  return directForms(p, binary, lanes, tuning);
}

function directForms(p: ConvProblem, binary: BinaryName, lanes: Lanes | undefined, tuning: Tuning): Candidate[] {
  const forms: readonly Lanes[] = lanes ? [lanes] : ["pixels", "filters"];
  return forms.map((form) => directCandidate(p, binary, form, tuning));
}

function cheapest(options: readonly Candidate[]): Candidate {
  return options.reduce((best, option) => (option.cycles < best.cycles ? option : best));
}
