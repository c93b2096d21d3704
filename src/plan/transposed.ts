/** Plans of transposed problems: the phases are planned one by one, and their steps belong to one plan. */
import { OptionError } from "../errors.ts";
import type { ConvProblem } from "../problem/problem.ts";
import { phasesOf } from "../problem/transposed.ts";
import { choosePlan, type Demand } from "./choose.ts";
import { type Plan, type Pointer, planFrom, type Step } from "./plan.ts";
import type { BinaryName } from "./registers.ts";

/** Throws as `choosePlan` does. Plain problems are its. */
export function planTransposed(p: ConvProblem, binary: BinaryName, demand: Demand): Plan {
  if (!p.transposed) return choosePlan(p, binary, demand);
  if (demand.algorithm === "separable") {
    throw new OptionError("algorithm", '"separable" does not serve the gradient of a subsampled convolution');
  }
  const phases = phasesOf(p);
  // Left to itself a phase takes plain sums: whether a transform would pay cannot be said of one phase alone.
  const summed = { ...demand, exact: true };
  const plans = phases.map((phase) =>
    choosePlan(phase, binary, phase.channels === 0 ? { ...summed, algorithm: "direct" } : summed),
  );
  return together(p, plans);
}

/** One plan of all: each packs its filters to a place of its own, and writes outputs of its own. */
function together(p: ConvProblem, plans: readonly Plan[]): Plan {
  const main = plans.reduce((most, plan) => (plan.cycles > most.cycles ? plan : most));
  const filterSteps: Step[] = [];
  const steps: Step[] = [];
  let filterBytes = 0;
  for (const plan of plans) {
    const from = filterBytes;
    filterSteps.push(...plan.filterSteps.map((step) => moved(step, from)));
    steps.push(...plan.steps.map((step) => moved(step, from)));
    filterBytes += Math.ceil(plan.filterBytes / 64) * 64;
  }
  const empty = plans.filter(({ problem }) => problem.channels === 0).length;
  return planFrom({
    ...main,
    problem: p,
    filterSteps,
    filterBytes,
    steps,
    notes: [
      `${plans.length} phases of the subsample${empty > 0 ? `, ${empty} of them without taps` : ""}; the largest:`,
      ...main.notes,
    ],
  });
}

function moved(step: Step, bytes: number): Step {
  const move = (pointer: Pointer) =>
    pointer.region === "filters" ? { ...pointer, offset: pointer.offset + bytes } : pointer;
  return { ...step, pointers: step.pointers.map(move) };
}
