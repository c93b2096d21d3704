/** Which algorithm serves a problem: the one whose estimate is lowest, unless the caller demands another. */
import { OptionError, OutOfMemoryError } from "../errors.ts";
import { canonical, withBatchAsColumns } from "../problem/canonical.ts";
import type { ConvProblem } from "../problem/problem.ts";
import { multiplyAdds, product, termCount } from "../problem/problem.ts";
import { depthwiseCandidate } from "./depthwise.ts";
import { dilatedCandidates } from "./dilated.ts";
import { type Candidate, directCandidate, directOfLongRows } from "./direct.ts";
import { fftCandidate } from "./fft.ts";
import { gatheredCandidate } from "./gathered.ts";
import type { AnyLanes, Lanes, Plan } from "./plan.ts";
import { planesCandidate } from "./planes.ts";
import type { BinaryName } from "./registers.ts";
import { elementBytes } from "./registers.ts";
import { separableCandidate } from "./separable.ts";
import { strassenCandidates } from "./strassen.ts";
import type { Tuning } from "./tuning.ts";
import { unsharedPlan } from "./unshared.ts";
import { isNineTaps, winogradCandidates } from "./winograd.ts";

export type AlgorithmOption = "auto" | "direct" | "winograd" | "fft" | "separable" | "depthwise";

export interface Demand {
  readonly algorithm: AlgorithmOption;
  readonly lanes?: AnyLanes | undefined;
  readonly tuning: Tuning;
  /** Every filter is known to be the product of a column and a row. */
  readonly rankOne: boolean;
  /** Only sums in the declared order will do, unless the caller names another algorithm. */
  readonly exact: boolean;
  /** What the op calls its input, for an error about the size of the call. */
  readonly input: string;
  /** Bytes that the engine's memory may grow to. */
  readonly memory: number;
  /** The candidate that was found to be the fastest, by name: taken whatever the estimates say, if it is one. */
  readonly preferred?: string | undefined;
}

/** WebAssembly's 32-bit address space. */
const ADDRESS_SPACE = 2 ** 32;

/** Throws an OptionError if the demand cannot be met, an OutOfMemoryError if no 32-bit memory could hold the call. */
export function choosePlan(problem: ConvProblem, binary: BinaryName, demand: Demand): Plan {
  const p = canonical(problem);
  checkAddressable((p.x.size + p.y.size + p.w.size) * elementBytes(p.dtype) + 4 * product(p.taps), demand.input);
  const plan = p.w.position ? unsharedOf(p, binary, demand) : bestPlan(problem, binary, demand);
  checkAddressable(plan.workspaceBytes, demand.input);
  return plan;
}

/** The names of all candidates, the one with the lowest estimate first. */
export function candidateNames(problem: ConvProblem, binary: BinaryName, demand: Demand): string[] {
  return problem.w.position ? [] : ranking(problem, binary, demand).map(({ name }) => name);
}

function ranking(problem: ConvProblem, binary: BinaryName, demand: Demand): Candidate[] {
  const turned = withBatchAsColumns(problem);
  const rows = turned
    ? candidates(canonical(turned), binary, demand).map((one) => ({ ...one, name: `${one.name}, batch as columns` }))
    : [];
  const rank = ({ name, cycles }: Candidate) => (name === demand.preferred ? 0 : cycles);
  return [...candidates(canonical(problem), binary, demand), ...rows].sort((a, b) => rank(a) - rank(b));
}

/** The cheapest candidate of any form; left to itself, the cheapest that fits into memory (a transform's spectra may not). */
function bestPlan(problem: ConvProblem, binary: BinaryName, demand: Demand): Plan {
  const ranked = ranking(problem, binary, demand);
  const { algorithm } = demand;
  if (ranked.length === 0) {
    const wants = WANTS[algorithm as keyof typeof WANTS];
    throw new OptionError("algorithm", `"${algorithm}" wants ${wants}`);
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
      if (lanes === "filters" || lanes === "gathered")
        throw new OptionError("lanes", `"${algorithm}" has its lanes over pixels or planes`);
      return depthwiseForms(p, binary, lanes);
    case "separable":
    case "fft": {
      if (lanes && lanes !== "pixels") throw new OptionError("lanes", `"${algorithm}" has its lanes over pixels`);
      const candidate = BUILDERS[algorithm](p, binary);
      return candidate ? [candidate] : [];
    }
    case "winograd": {
      const tiles = [...winogradCandidates(p, binary), ...dilatedCandidates(p, binary)];
      return tiles.length > 0 ? tiles : strassenCandidates(p, binary);
    }
    case "auto":
      return lanes || tuning.notes.length > 0 ? directForms(p, binary, lanes, tuning) : all(p, binary, demand);
  }
}

const WANTS = {
  depthwise: "one channel per group",
  separable: "one channel per group, and taps on both axes",
  fft: "one channel per group, one frame, no dilation, and at most 1024 taps on an axis",
  winograd:
    "float32 and filters of 3 × 3 taps or more (in rows and columns), strides that leave fewer products, or a dilation of 16 phases at most; or of 1 × 1, and even numbers of channels and filters",
};

const BUILDERS = { separable: separableCandidate, fft: fftCandidate };

/**
 * Below so many cycles of direct sums, about a tenth of a millisecond, nobody gains by a transform what everybody loses: results
 * that are exact on integers, and errors that stay where their operands are.
 */
const LEAST_TO_TRANSFORM = 5e5;
/**
 * Winograd saves less than an fft, and is met by whoever has filters of 3 × 3: below about half a millisecond, and where a few planes
 * are filtered, sums stay sums.
 */
const LEAST_FOR_WINOGRAD = 2e6;
const LEAST_TERMS_FOR_WINOGRAD = 75;
const LEAST_PLANES_FOR_WINOGRAD = 3;
/** Larger filters are met by whoever filters pictures: for them there must be so much to gain, whatever the binary. */
const LEAST_MULTIPLY_ADDS_IN_BLOCKS = 1.6e7;
/** Strassen saves an eighth at most: so much must there be to save, and so much of it be saved, before errors may be those of neighbours. */
const LEAST_MULTIPLY_ADDS_TO_HALVE = 4e7;
const LEAST_GAIN = 1.04;

function all(p: ConvProblem, binary: BinaryName, { tuning, rankOne, exact }: Demand): Candidate[] {
  const sums = [...depthwiseForms(p, binary), ...directForms(p, binary, undefined, tuning)];
  if (exact) return sums;
  const separable = rankOne ? separableCandidate(p, binary) : null;
  const { cycles } = cheapest(sums);
  const fft = cycles >= LEAST_TO_TRANSFORM ? fftCandidate(p, binary) : null;
  const many = p.channels * p.taps[0] >= LEAST_PLANES_FOR_WINOGRAD && termCount(p) >= LEAST_TERMS_FOR_WINOGRAD;
  const large = isNineTaps(p) || multiplyAdds(p) >= LEAST_MULTIPLY_ADDS_IN_BLOCKS;
  const winograd =
    cycles >= LEAST_FOR_WINOGRAD && many && large
      ? [...winogradCandidates(p, binary), ...dilatedCandidates(p, binary)]
      : [];
  const strassen = multiplyAdds(p) >= LEAST_MULTIPLY_ADDS_TO_HALVE ? strassenCandidates(p, binary) : [];
  const halves = strassen.map((one) => ({ ...one, cycles: LEAST_GAIN * one.cycles }));
  return [...sums, ...(separable ? [separable] : []), ...(fft ? [fft] : []), ...winograd, ...halves];
}

function depthwiseForms(p: ConvProblem, binary: BinaryName, lanes?: AnyLanes): Candidate[] {
  const forms = [
    lanes === "planes" ? null : depthwiseCandidate(p, binary),
    lanes === "pixels" ? null : planesCandidate(p, binary),
  ];
  return forms.filter((candidate) => candidate !== null);
}

function directForms(p: ConvProblem, binary: BinaryName, lanes: AnyLanes | undefined, tuning: Tuning): Candidate[] {
  if (lanes === "planes") throw new OptionError("lanes", "direct sums have their lanes over pixels or filters");
  const inRows = (long: ConvProblem) => directOfLongRows(p, long, binary, tuning);
  const gathered = !lanes || lanes === "gathered" ? gatheredCandidate(p, binary, inRows) : null;
  if (gathered && lanes) return [gathered];
  const forms: readonly Lanes[] = lanes ? [lanes === "gathered" ? "pixels" : lanes] : ["pixels", "filters"];
  return [...forms.map((form) => directCandidate(p, binary, form, tuning)), ...(gathered ? [gathered] : [])];
}

function cheapest(options: readonly Candidate[]): Candidate {
  return options.reduce((best, option) => (option.cycles < best.cycles ? option : best));
}
