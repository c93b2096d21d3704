// A hostile call: what is passed, and which typed error must come of it. `prepare` gets fresh, canary-guarded good
// operands and returns the call, so that only the call itself is timed.
import type { ErrorName } from "../support/errors.ts";
import { goodSpecs, ramp } from "../support/fixtures.ts";
import { type OpName, opNames } from "../support/ops.ts";
import { count, type Guarded, type Placed, place } from "../support/place.ts";
import { type Engine, numbers } from "../support/spec.ts";

export interface Given {
  readonly input: Placed;
  readonly filters: Placed;
  readonly bias: Placed;
  readonly out: Placed;
}

export interface Hostile {
  readonly name: string;
  /** Whose good operands it is given; nnet.conv2d's unless stated. */
  readonly op?: OpName;
  readonly error: ErrorName;
  /** Accepted names; a call with two mistakes may name either. */
  readonly names: readonly string[];
  readonly prepare: (given: Given) => (engine: Engine) => unknown;
  /** The function is one that throws at once instead of rejecting. */
  readonly sync?: boolean;
}

/** Of the good problem of each op. */
const shapesOf = Object.fromEntries(
  opNames.map((op) => {
    const { spec, problem, shape } = numbers({ ...goodSpecs[op], bias: true });
    return [op, { input: problem.inputShape, filters: spec.filters, biasCount: problem.bias!.length, out: shape }];
  }),
) as Record<
  OpName,
  { input: readonly number[]; filters: readonly number[]; biasCount: number; out: readonly number[] }
>;

export interface GuardedGiven {
  readonly given: Given;
  /** The first byte that changed: a call that fails writes neither inputs nor `out`, one that succeeds only `out`. */
  damage(except?: keyof Given): string | undefined;
}

export function givenOperands(op: OpName = "nnet.conv2d"): GuardedGiven {
  const { input, filters, biasCount, out } = shapesOf[op];
  const filled = (shape: readonly number[]) => Float64Array.from(ramp(count(shape)));
  const guards: Record<keyof Given, Guarded> = {
    input: place(filled(input), input, "float32", "gapped"),
    filters: place(filled(filters), filters, "float32", "c"),
    bias: place(filled([biasCount]), [biasCount], "float32", "reversed"),
    out: place(undefined, out, "float32", "channels-last"),
  };
  const given = Object.fromEntries(Object.entries(guards).map(([name, { operand }]) => [name, operand]));
  return {
    given: given as unknown as Given,
    damage: (except) => {
      for (const [name, guard] of Object.entries(guards)) {
        const found = name === except ? undefined : guard.damage();
        if (found) return `${name}: ${found}`;
      }
      return undefined;
    },
  };
}

type Conv2d = (input: unknown, filters: unknown, options?: unknown) => Promise<unknown>;

/** nnet.conv2d without its types. */
export function conv2dOf(engine: Engine): Conv2d {
  return engine.nnet.conv2d as unknown as Conv2d;
}

/** How a value of any kind appears in a test name. */
export function show(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "symbol" || typeof value === "function" || typeof value === "undefined") return String(value);
  if (ArrayBuffer.isView(value)) return `${value.constructor.name}(${value.byteLength} bytes)`;
  if (Array.isArray(value)) return `[${Array.from(value, show).join(", ")}]`;
  if (typeof value === "object" && value !== null) return Object.prototype.toString.call(value);
  return typeof value === "number" ? String(value) : JSON.stringify(value);
}

/** What is no whole number from 1 on, in all the ways we know. */
export const notCounts: readonly unknown[] = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  -1,
  0,
  0.5,
  1 + 2 ** -52,
  -(2 ** 31),
  2 ** 53 + 2,
  "1",
  "",
  null,
  true,
  1n,
  Symbol("one"),
  [1],
  {},
  { valueOf: () => 1 },
  () => 1,
];
