/** What gradients ask of shapes. */
import { ShapeError } from "../../errors.ts";

/** A shape as an option says it, null for what is left open. */
export type Declared = readonly (number | null)[];

/** The declared shape, its open entries filled in from the operands; null in `known` is what they do not tell. */
export function wholeShape(declared: Declared | undefined, known: Declared, argument: string): readonly number[] {
  if (!declared) throw new ShapeError(argument, "is required: inputs of several shapes have outputs of one");
  return declared.map((entry, axis) => {
    const extent = entry ?? known[axis];
    if (typeof extent !== "number") throw new ShapeError(argument, `entry ${axis} is required`);
    return extent;
  });
}

/** The gradient must have the shape of the forward op's result. */
export function checkGradient(found: readonly number[], wanted: readonly number[], argument: string): void {
  if (found.length === wanted.length && found.every((extent, axis) => extent === wanted[axis])) return;
  throw new ShapeError(argument, `the forward op gives [${wanted}] for these shapes, got [${found}]`);
}
