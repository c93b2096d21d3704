/** What the lowerings share: the extents of one axis, and the sizes of whole arrays. */
import { ShapeError } from "../errors.ts";
import { dilatedExtent, LARGEST_EXTENT, outputExtent } from "../problem/problem.ts";
import { elementCount } from "../tensor.ts";

/** What errors call the operands of the op. */
export interface Names {
  readonly input: string;
  readonly filters: string;
}

export interface AxisExtents {
  /** In the plural: "rows". */
  readonly name: string;
  readonly input: number;
  readonly taps: number;
  readonly stride: number;
  readonly dilation: number;
  readonly low: number;
  readonly high: number;
}

/** Outputs on one axis, at least one. Throws a ShapeError that names the operand at fault. */
export function outputOf({ name, input, taps, stride, dilation, low, high }: AxisExtents, names: Names): number {
  if (input < 1) throw new ShapeError(names.input, `it has no ${name}`);
  if (taps < 1) throw new ShapeError(names.filters, `they have no ${name}`);
  const extent = dilatedExtent(taps, dilation);
  if (input + low + high > LARGEST_EXTENT || extent > LARGEST_EXTENT) {
    throw new ShapeError(
      names.input,
      `${name}: ${input} with paddings ${low} and ${high} and a filter of ${extent} are beyond ${LARGEST_EXTENT}`,
    );
  }
  const output = outputExtent(input, taps, stride, dilation, low, high);
  if (output < 1) {
    throw new ShapeError(
      names.filters,
      `${name}: a filter of ${extent} does not fit into ${input} with paddings ${low} and ${high}`,
    );
  }
  return output;
}

/** All element counts must be exact numbers. */
export function checkSizes(shapes: readonly (readonly number[])[], names: Names): void {
  for (const shape of shapes) {
    if (!Number.isSafeInteger(elementCount(shape)))
      throw new ShapeError(names.input, `the shape [${shape}] has too many elements`);
  }
}

export function checkRank(shape: readonly number[], rank: number, wanted: string, argument: string): void {
  if (shape.length !== rank) throw new ShapeError(argument, `expected ${wanted}, got [${shape}]`);
}

/** Filters must have the channels of the input. */
export function checkSameChannels(input: number, filters: number, argument: string): void {
  if (input !== filters) throw new ShapeError(argument, `they have ${filters} channels, the input has ${input}`);
}
