/**
 * Reading what the caller handed over. Operands and options come from outside: getters may throw or change their mind,
 * buffers may be detached. So everything is read once, checked, and kept in numbers of our own.
 */
import { DisposedError, DTypeError, OptionError, ShapeError, show } from "../errors.ts";
import { isDense, type Strided } from "../strided.ts";
import type { DType, FloatArray } from "../tensor.ts";
import { cOrder, dtypeOf, elementCount, sameBuffer } from "../tensor.ts";

/** What is known of an operand wherever its elements are. */
export interface Extents {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly size: number;
}

export interface DenseView extends Extents, Strided {
  /** First and last element touched, for telling overlaps; an empty view touches none. */
  readonly low: number;
  readonly high: number;
}

const MOST_AXES = 8;

/** Read one property of a foreign object; an error of its getter becomes ours. */
export function property(object: object, key: string, argument: string): unknown {
  try {
    return (object as Record<string, unknown>)[key];
  } catch (cause) {
    if (cause instanceof DisposedError) throw new DisposedError(argument);
    throw new OptionError(argument, `its property "${key}" could not be read`, { cause });
  }
}

/** A list of numbers, copied; null if it is not one. */
export function numberList(value: unknown, argument: string, most: number = MOST_AXES): number[] | null {
  if (typeof value !== "object" || value === null) return null;
  const length = property(value, "length", argument);
  if (typeof length !== "number" || !Number.isInteger(length) || length < 0 || length > most) return null;
  const list: number[] = [];
  for (let i = 0; i < length; i++) {
    const item = property(value, String(i), argument);
    if (typeof item !== "number") return null;
    list.push(item);
  }
  return list;
}

/** A view of the operand as it is now. Throws a DTypeError or ShapeError that names `argument`. */
export function readOperand(value: unknown, argument: string): DenseView {
  if (typeof value !== "object" || value === null) {
    throw new ShapeError(argument, `expected an object with data and shape, got ${show(value)}`);
  }
  const data = property(value, "data", argument);
  const dtype = dtypeOf(data);
  if (!dtype) throw new DTypeError(argument, "its data must be a Float32Array or a Float64Array");
  const shape = numberList(property(value, "shape", argument), argument);
  if (!shape) throw new ShapeError(argument, `its shape must be a list of at most ${MOST_AXES} extents`);
  for (const extent of shape) {
    if (!Number.isSafeInteger(extent) || extent < 0)
      throw new ShapeError(argument, `its shape has the extent ${extent}`);
  }
  const size = elementCount(shape);
  if (!Number.isSafeInteger(size)) throw new ShapeError(argument, `its shape [${shape}] has too many elements`);
  const given = property(value, "stride", argument);
  const stride = given === undefined ? cOrder(shape) : numberList(given, argument);
  if (stride?.length !== shape.length || !stride.every(Number.isSafeInteger)) {
    throw new ShapeError(argument, `its stride must be a list of ${shape.length} whole numbers`);
  }
  const offset = property(value, "offset", argument) ?? 0;
  if (typeof offset !== "number" || !Number.isSafeInteger(offset) || offset < 0) {
    throw new ShapeError(argument, `its offset must be a whole number from 0 on, got ${show(offset)}`);
  }
  return viewOf(data as FloatArray, dtype, shape, stride, offset, size, argument);
}

function viewOf(
  foreign: FloatArray,
  dtype: DType,
  shape: number[],
  stride: number[],
  offset: number,
  size: number,
  argument: string,
): DenseView {
  let low = offset;
  let high = offset;
  for (let axis = 0; axis < shape.length; axis++) {
    const reach = (shape[axis]! - 1) * stride[axis]!;
    if (reach > 0) high += reach;
    else low += reach;
  }
  const length = lengthOf(foreign);
  if (size > 0 && !(low >= 0 && high < length)) {
    const why = length === 0 ? " (was its buffer detached?)" : "";
    throw new ShapeError(
      argument,
      `shape [${shape}] reaches element ${low < 0 ? low : high}, its data has ${length}${why}`,
    );
  }
  return {
    data: ownView(foreign, dtype, length),
    dtype,
    shape,
    stride,
    offset,
    size,
    low,
    high,
    dense: isDense(shape, stride),
  };
}

const typedArray = Object.getPrototypeOf(Float32Array.prototype) as object;
const intrinsic = (name: string) =>
  Object.getOwnPropertyDescriptor(typedArray, name)!.get as (this: unknown) => unknown;
const lengthGetter = intrinsic("length");
const bufferGetter = intrinsic("buffer");
const byteOffsetGetter = intrinsic("byteOffset");

function lengthOf(array: FloatArray): number {
  return lengthGetter.call(array) as number;
}

/** The array itself, or for a subclass (whose methods are not ours) a plain view of the same elements. */
function ownView(array: FloatArray, dtype: DType, length: number): FloatArray {
  const type = dtype === "float32" ? Float32Array : Float64Array;
  if (Object.getPrototypeOf(array) === type.prototype) return array;
  return new type(bufferGetter.call(array) as ArrayBuffer, byteOffsetGetter.call(array) as number, length);
}

/** Whether two views have an element's bytes in common, as far as their first and last elements can tell. */
export function overlaps(a: DenseView, b: DenseView): boolean {
  if (!sameBuffer(a.data.buffer, b.data.buffer) || a.size === 0 || b.size === 0) return false;
  const from = (v: DenseView) => v.data.byteOffset + v.low * v.data.BYTES_PER_ELEMENT;
  const to = (v: DenseView) => v.data.byteOffset + (v.high + 1) * v.data.BYTES_PER_ELEMENT;
  return from(a) < to(b) && from(b) < to(a);
}

/** Whether two indices of the view may be the same element: then it cannot be written to. */
export function repeatsElements(view: DenseView): boolean {
  if (view.size === 0) return false; // and its strides in C order are 0
  const axes = view.shape
    .map((extent, axis) => ({ extent, step: Math.abs(view.stride[axis]!) }))
    .filter((axis) => axis.extent > 1)
    .sort((a, b) => a.step - b.step);
  let reach = 0;
  for (const { extent, step } of axes) {
    if (step <= reach) return true;
    reach += (extent - 1) * step;
  }
  return false;
}
