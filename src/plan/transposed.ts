/** Plans of transposed problems: the phases are planned one by one, and their steps belong to one plan. */
import { OptionError } from "../errors.ts";
import { type ConvProblem, multiplyAdds, product } from "../problem/problem.ts";
import { phaseCount, phasesOf } from "../problem/transposed.ts";
import { convPointers, unsharedBlock } from "./blocks.ts";
import { choosePlan, type Demand } from "./choose.ts";
import { UNSHARED_CYCLES } from "./costs.ts";
import { together } from "./phases.ts";
import { type Plan, planFrom, type Step } from "./plan.ts";
import { type BinaryName, elementBytes } from "./registers.ts";

/** A plan of more would be larger than what it saves: an engine's memory holds two argument blocks for each. */
const MOST_PHASES = 1024;
const GRAIN_MULTIPLY_ADDS = 5e4;

/** Throws as `choosePlan` does. Plain problems are its. */
export function planTransposed(p: ConvProblem, binary: BinaryName, demand: Demand): Plan {
  if (!p.transposed) return choosePlan(p, binary, demand);
  if (p.w.position || phaseCount(p) > MOST_PHASES) return gatheringPlan(p, binary, demand);
  // Of steps in depth alone each phase has all taps in rows and columns.
  const inPlanes = p.stride[1] > 1 || p.stride[2] > 1;
  if (demand.algorithm === "separable" || (demand.algorithm === "winograd" && inPlanes)) {
    throw new OptionError("algorithm", `"${demand.algorithm}" does not serve the gradient of a subsampled convolution`);
  }
  const phases = phasesOf(p);
  // Left to itself a phase takes plain sums: whether a transform would pay cannot be said of one phase alone.
  const summed = { ...demand, exact: true };
  const plans = phases.map((phase) =>
    choosePlan(phase, binary, phase.channels === 0 ? { ...summed, algorithm: "direct" } : summed),
  );
  const empty = plans.filter(({ problem }) => problem.channels === 0).length;
  const none = empty > 0 ? `, ${empty} of them without taps` : "";
  return together(p, plans, `${plans.length} phases of the subsample${none}; the largest:`);
}

/** One step that looks up for each element what it was a term of. */
function gatheringPlan(p: ConvProblem, binary: BinaryName, { algorithm, lanes }: Demand): Plan {
  const what = p.w.position ? "unshared filters" : "so large a subsample";
  if (algorithm !== "auto" && algorithm !== "direct")
    throw new OptionError("algorithm", `"${algorithm}" does not serve ${what}`);
  if (lanes) throw new OptionError("lanes", `the gradient has one form only with ${what}`);
  const size = elementBytes(p.dtype);
  const tiles = p.batch * p.filters === 0 ? 0 : p.groups * p.output[0] * p.output[1] * Math.ceil(p.filters / 4);
  const outputs = p.batch * p.groups * p.filters * product(p.output);
  const step: Step = {
    kernel: `unshared_inputs_${p.dtype === "float32" ? "f32" : "f64"}`,
    tiles,
    grain: Math.max(1, Math.floor((GRAIN_MULTIPLY_ADDS * tiles) / Math.max(1, multiplyAdds(p) + outputs))),
    cycles: UNSHARED_CYCLES * (multiplyAdds(p) + outputs),
    scratchBytes: 0,
    block: unsharedBlock(p, p.w.position ?? [0, 0, 0]),
    pointers: convPointers(p, p.w.offset * size),
  };
  return planFrom({
    problem: p,
    algorithm: p.w.position ? "unshared" : "direct",
    lanes: "filters",
    binary,
    filterSteps: [],
    filterBytes: p.w.size * size,
    steps: [step],
    workBytes: 0,
    notes: ["tile: 4 channels × one output row, all images"],
  });
}
