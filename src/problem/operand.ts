/**
 * Reading what the caller handed over. Operands and options come from outside: getters may throw or change their mind,
 * buffers may be detached. So everything is read once, checked, and kept in numbers of our own.
 */
import { DisposedError, DTypeError, OptionError, ShapeError, show } from "../errors.ts";
import type { DType, FloatArray } from "../tensor.ts";
import { cOrder, dtypeOf, elementCount, sameBuffer } from "../tensor.ts";

export interface DenseView {
  readonly data: FloatArray;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
  readonly offset: number;
  readonly size: number;
  /** First and last element touched, for telling overlaps; an empty view touches none. */
  readonly low: number;
  readonly high: number;
  /** C order without gaps, so that it is one run of `size` elements from `offset` on. */
  readonly dense: boolean;
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
export function numberList(value: unknown, argument: string, most = MOST_AXES): number[] | null {
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
  let dense = true;
  for (let axis = shape.length - 1, step = 1; axis >= 0; axis--) {
    const reach = (shape[axis]! - 1) * stride[axis]!;
    if (reach > 0) high += reach;
    else low += reach;
    if (shape[axis] !== 1 && stride[axis] !== step) dense = false;
    step *= shape[axis]!;
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
    dense: dense || size === 0,
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

/** Copy a view into C order at `target[at …]`. */
export function copyIn(view: DenseView, target: FloatArray, at: number): void {
  if (view.dense) {
    // A short run is cheaper element by element than through a subarray object.
    if (view.size > 64) target.set(view.data.subarray(view.offset, view.offset + view.size), at);
    else for (let i = 0; i < view.size; i++) target[at + i] = view.data[view.offset + i]!;
    return;
  }
  eachRow(view, (from, step, count, row) => {
    const to = at + row;
    if (step === 1) target.set(view.data.subarray(from, from + count), to);
    else for (let i = 0; i < count; i++) target[to + i] = view.data[from + i * step]!;
  });
}

/** Copy `source[at …]`, in C order, into a view. */
export function copyOut(source: FloatArray, at: number, view: DenseView): void {
  if (view.dense) {
    view.data.set(source.subarray(at, at + view.size), view.offset);
    return;
  }
  eachRow(view, (to, step, count, row) => {
    const from = at + row;
    for (let i = 0; i < count; i++) view.data[to + i * step] = source[from + i]!;
  });
}

/** Call `f` for every run along the last axis: its first element, its step, its count, and its place in C order. */
function eachRow(view: DenseView, f: (start: number, step: number, count: number, place: number) => void): void {
  const last = view.shape.length - 1;
  if (view.size === 0) return;
  if (last < 0) {
    f(view.offset, 1, 1, 0);
    return;
  }
  const count = view.shape[last]!;
  const index = new Array<number>(last).fill(0);
  let start = view.offset;
  for (let place = 0; place < view.size; place += count) {
    f(start, view.stride[last]!, count, place);
    for (let axis = last - 1; axis >= 0; axis--) {
      start += view.stride[axis]!;
      if (++index[axis]! < view.shape[axis]!) break;
      start -= view.shape[axis]! * view.stride[axis]!;
      index[axis] = 0;
    }
  }
}
