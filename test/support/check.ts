// Computes a spec in one way and compares: exactly, or within a bound. Returns what is wrong, with a repeat line.
import type { Exact } from "./bounds.ts";
import { at, firstDifference, smallest, unitRoundoff } from "./compare.ts";
import { forms, mayDiffer } from "./forms.ts";
import { opOf } from "./ops.ts";
import {
  compute,
  damageTo,
  declaredOf,
  type Engine,
  expected,
  type How,
  operandsOf,
  type Problem,
  reproduce,
  settingsOf,
} from "./spec.ts";

/** The form whose promises a call keeps: of "auto" that of the algorithm it takes for these very filters. */
export async function formTaken(engine: Engine, problem: Problem, form: string): Promise<string> {
  const { spec, dtype } = problem;
  if (form !== "auto" || !mayDiffer(spec)) return form;
  const { op = "nnet.conv2d" } = spec;
  const operands = operandsOf(problem);
  using layer = await opOf(engine, op).compile({ ...settingsOf(spec, form), ...declaredOf(spec, operands), dtype });
  await layer.setFilters(operands.filters.operand);
  return layer.plan.algorithm in forms ? layer.plan.algorithm : form;
}

/**
 * Wrong bits or changed bytes, or undefined. `want` in C order; values are compared after rounding to the dtype. Of a form that
 * is not exact even on integers, its bound is asked instead.
 */
export async function checkBits(
  engine: Engine,
  problem: Problem,
  want: Float64Array,
  how: How,
): Promise<string | undefined> {
  const operands = operandsOf(problem);
  const got = await compute(engine, problem.spec, operands, how);
  const { exact, bounds } = forms[await formTaken(engine, problem, how.form)];
  if (!exact) {
    const { problem: wrong } = checkAccuracy(got, expected(problem), problem, how, bounds);
    if (wrong) return wrong;
  } else {
    const rounded = problem.dtype === "float32" ? new Float64Array(new Float32Array(want)) : want;
    const position = firstDifference(got, rounded);
    if (position >= 0) {
      const [g, w] = [got[position], rounded[position]];
      return `out${at(problem.shape, position)} is ${g}, must be ${w}\n${reproduce(problem.spec, how)}`;
    }
  }
  const damage = damageTo(operands);
  return damage && `${damage}\n${reproduce(problem.spec, how)}`;
}

/** Largest error in units of the bounds of reliability.md R2; `problems` lists what exceeds them. */
export interface Accuracy {
  /** max |error| / (u·S) */
  readonly units: number;
  readonly problem: string | undefined;
}

export function checkAccuracy(
  got: Float64Array,
  exact: Exact,
  problem: Problem,
  how: How,
  bounds = forms[how.form].bounds,
): Accuracy {
  const u = unitRoundoff[problem.dtype];
  const boundOf = bounds(problem, exact);
  let units = 0;
  for (let i = 0; i < got.length; i++) {
    const error = Math.abs(got[i]! - exact.y[i]! - (exact.low?.[i] ?? 0));
    const [s, k] = [exact.s[i]!, exact.k[i]!];
    const { theorem, practice, formula } = boundOf(i);
    if (s > 0) units = Math.max(units, Math.max(0, error - k * smallest[problem.dtype]) / (u * s));
    if (error <= theorem && error <= practice) continue;
    const bound = error > theorem ? `${formula} = ${theorem}` : `the practical bound ${practice}`;
    const where = `out${at(problem.shape, i)}: got ${got[i]}, oracle ${exact.y[i]}, K = ${k}, S = ${s}`;
    return { units, problem: `error ${error} is above ${bound}; ${where}\n${reproduce(problem.spec, how)}` };
  }
  return { units, problem: undefined };
}
