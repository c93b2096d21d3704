/** One plan of several, which write y between them: what dilations and gradients of subsampled ops come to. */
import type { ConvProblem } from "../problem/problem.ts";
import { type Plan, planFrom, type Region, type Step } from "./plan.ts";

/** One plan of all: each packs its filters to a place of its own, unless they are the `same`, and writes outputs of its own. */
export function together(p: ConvProblem, plans: readonly Plan[], note: string, same = false): Plan {
  const main = plans.reduce((most, plan) => (plan.cycles > most.cycles ? plan : most));
  const filterSteps: Step[] = [];
  const steps: Step[] = [];
  let [filters, work] = [0, 0];
  for (const [i, plan] of plans.entries()) {
    const from = { filters: same ? 0 : filters, work };
    if (i === 0 || !same) {
      filterSteps.push(...plan.filterSteps.map((step) => moved(step, from)));
      filters += Math.ceil(plan.filterBytes / 64) * 64;
    }
    steps.push(...plan.steps.map((step) => moved(step, from)));
    work += Math.ceil(plan.workBytes / 64) * 64;
  }
  return planFrom({
    ...main,
    problem: p,
    filterSteps,
    filterBytes: filters,
    steps,
    workBytes: work,
    notes: [note, ...main.notes],
  });
}

/** What belongs to one phase alone stands behind what belongs to the others. */
function moved(step: Step, from: Readonly<Partial<Record<Region, number>>>): Step {
  const move = (pointer: Step["pointers"][number]) => ({
    ...pointer,
    offset: pointer.offset + (from[pointer.region] ?? 0),
  });
  return { ...step, pointers: step.pointers.map(move) };
}
