/** Strided arrays, into C order and out of it. */
export type FloatArray = Float32Array | Float64Array;

/** Strides and offset count elements. */
export interface Strided {
  readonly data: FloatArray;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
  readonly offset: number;
  readonly size: number;
  /** C order without gaps, so that it is one run of `size` elements from `offset` on. */
  readonly dense: boolean;
}

/** Whether the elements are one run in C order; no elements are. */
export function isDense(shape: readonly number[], stride: readonly number[]): boolean {
  let dense = true;
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && stride[axis] !== step) dense = false;
    step *= shape[axis]!;
  }
  return dense || step === 0;
}

/** Copy a view into C order at `target[at …]`. */
export function copyIn(view: Strided, target: FloatArray, at: number): void {
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
export function copyOut(source: FloatArray, at: number, view: Strided): void {
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
function eachRow(view: Strided, f: (start: number, step: number, count: number, place: number) => void): void {
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
