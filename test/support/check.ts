// Computes a spec in one way and compares: exactly, or within a bound. Returns what is wrong, with a repeat line.
import { at, firstDifference, smallest, unitRoundoff } from "./compare.ts";
import { compute, damageTo, type Engine, type How, operandsOf, type Problem, reproduce } from "./spec.ts";

/** Wrong bits or changed bytes, or undefined. `want` in C order; values are compared after rounding to the dtype. */
export async function checkBits(
  engine: Engine,
  problem: Problem,
  want: Float64Array,
  how: How,
): Promise<string | undefined> {
  const operands = operandsOf(problem);
  const got = await compute(engine, problem.spec, operands, how);
  const rounded = problem.dtype === "float32" ? Float64Array.from(Float32Array.from(want)) : want;
  const position = firstDifference(got, rounded);
  if (position >= 0) {
    const [g, w] = [got[position], rounded[position]];
    return `out${at(problem.shape, position)} is ${g}, must be ${w}\n${reproduce(problem.spec, how)}`;
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
  exact: {
    readonly y: ArrayLike<number>;
    readonly low?: ArrayLike<number>;
    readonly s: Float64Array;
    readonly k: Int32Array;
  },
  problem: Problem,
  how: How,
): Accuracy {
  const u = unitRoundoff[problem.dtype];
  let units = 0;
  for (let i = 0; i < got.length; i++) {
    const error = Math.abs(got[i]! - exact.y[i]! - (exact.low?.[i] ?? 0));
    const [s, k] = [exact.s[i]!, exact.k[i]!];
    const floor = k * smallest[problem.dtype]; // what underflow may cost
    const theorem = k * u * s + floor;
    const practice = (k >= 64 ? 1.5 * Math.sqrt(k) : 8) * u * s + floor;
    if (s > 0) units = Math.max(units, Math.max(0, error - floor) / (u * s));
    if (error <= theorem && error <= practice) continue;
    const bound = error > theorem ? `K·u·S = ${theorem}` : `the practical bound ${practice}`;
    const where = `out${at(problem.shape, i)}: got ${got[i]}, oracle ${exact.y[i]}, K = ${k}, S = ${s}`;
    return { units, problem: `error ${error} is above ${bound}; ${where}\n${reproduce(problem.spec, how)}` };
  }
  return { units, problem: undefined };
}
