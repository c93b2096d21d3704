/** Which algorithm serves a problem: the one whose estimate is lowest, unless the caller demands another. */
import { OptionError, OutOfMemoryError } from "../errors.ts";
import { canonical, withBatchAsColumns } from "../problem/canonical.ts";
import type { ConvProblem } from "../problem/problem.ts";
import { product } from "../problem/problem.ts";
import { depthwiseCandidate } from "./depthwise.ts";
import { type Candidate, directCandidate } from "./direct.ts";
import { fftCandidate } from "./fft.ts";
import type { Lanes, Plan } from "./plan.ts";
import type { BinaryName } from "./registers.ts";
import { elementBytes } from "./registers.ts";
import { separableCandidate } from "./separable.ts";
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
  /** What the op calls its input, for an error about the size of the call. */
  readonly input: string;
  /** Bytes that the engine's memory may grow to. */
  readonly memory: number;
}

/** WebAssembly's 32-bit address space. */
const ADDRESS_SPACE = 2 ** 32;

/** Throws an OptionError if the demand cannot be met, an OutOfMemoryError if no 32-bit memory could hold the call. */
export function choosePlan(problem: ConvProblem, binary: BinaryName, demand: Demand): Plan {
  const p = canonical(problem);
  const turned = withBatchAsColumns(problem);
  const forms = turned ? [p, canonical(turned)] : [p];
  checkAddressable((p.x.size + p.y.size + p.w.size) * elementBytes(p.dtype) + 4 * product(p.taps), demand.input);
  const plan = p.w.position ? unsharedOf(p, binary, demand) : bestPlan(forms, binary, demand);
  checkAddressable(plan.workspaceBytes, demand.input);
  return plan;
}

/** The cheapest candidate of any form; left to itself, the cheapest that fits into memory (a transform's spectra may not). */
function bestPlan(forms: readonly ConvProblem[], binary: BinaryName, demand: Demand): Plan {
  const ranked = forms.flatMap((form) => candidates(form, binary, demand)).sort((a, b) => a.cycles - b.cycles);
  const { algorithm } = demand;
  if (ranked.length === 0) {
    const wants = WANTS[algorithm as keyof typeof WANTS];
    throw new OptionError("algorithm", `"${algorithm}" ${wants ? `wants ${wants}` : "does not serve this problem"}`);
  }
  let least: Plan | undefined;
  for (const { build } of ranked) {
    const plan = build();
    if (plan.workspaceBytes <= Math.min(demand.memory, ADDRESS_SPACE)) return plan;
    if (!least || plan.workspaceBytes < least.workspaceBytes) least = plan;
  }
  return least!;
}

export function checkAddressable(bytes: number, input: string): void {
  if (bytes <= ADDRESS_SPACE) return;
  throw new OutOfMemoryError(input, `the call needs ${bytes} bytes, more than WebAssembly can address`);
}

function unsharedOf(p: ConvProblem, binary: BinaryName, demand: Demand): Plan {
  if (demand.algorithm !== "auto" && demand.algorithm !== "direct") {
    throw new OptionError("algorithm", `"${demand.algorithm}" does not serve unshared filters`);
  }
  if (demand.lanes) throw new OptionError("lanes", "unshared filters have one form only");
  return unsharedPlan(p, p.w.position!, binary);
}

/** None where the algorithm that is demanded does not serve. */
function candidates(p: ConvProblem, binary: BinaryName, demand: Demand): Candidate[] {
  const { algorithm, lanes, tuning } = demand;
  switch (algorithm) {
    case "direct":
      return directForms(p, binary, lanes, tuning);
    case "depthwise":
    case "separable":
    case "fft": {
      if (lanes === "filters") throw new OptionError("lanes", `"${algorithm}" has its lanes over pixels`);
      const candidate = BUILDERS[algorithm](p, binary);
      return candidate ? [candidate] : [];
    }
    case "auto":
      return lanes || tuning.notes.length > 0 ? directForms(p, binary, lanes, tuning) : all(p, binary, demand);
    default:
      return [];
  }
}

const WANTS = {
  depthwise: "one channel per group",
  separable: "one channel per group, and taps on both axes",
  fft: "one channel per group, one frame, no dilation, and at most 1024 taps on an axis",
};

const BUILDERS = { depthwise: depthwiseCandidate, separable: separableCandidate, fft: fftCandidate };

/**
 * Below so many cycles of direct sums, about a tenth of a millisecond, nobody gains by a transform what everybody loses: results
 * that are exact on integers, and errors that stay where their operands are.
 */
const LEAST_TO_TRANSFORM = 5e5;

function all(p: ConvProblem, binary: BinaryName, { tuning, rankOne, exact }: Demand): Candidate[] {
  const depthwise = depthwiseCandidate(p, binary);
  const sums = [...(depthwise ? [depthwise] : []), ...directForms(p, binary, undefined, tuning)];
  if (exact) return sums;
  const separable = rankOne ? separableCandidate(p, binary) : null;
  const fft = cheapest(sums).cycles >= LEAST_TO_TRANSFORM ? fftCandidate(p, binary) : null;
  return [...sums, ...(separable ? [separable] : []), ...(fft ? [fft] : [])];
}

function directForms(p: ConvProblem, binary: BinaryName, lanes: Lanes | undefined, tuning: Tuning): Candidate[] {
  const forms: readonly Lanes[] = lanes ? [lanes] : ["pixels", "filters"];
  return forms.map((form) => directCandidate(p, binary, form, tuning));
}

function cheapest(options: readonly Candidate[]): Candidate {
  return options.reduce((best, option) => (option.cycles < best.cycles ? option : best));
}
