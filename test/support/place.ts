// Puts an array into a larger buffer in a given layout, with canary bytes in every place that is not its own, and
// tells afterwards whether anything else was written, or anything of the array at all.

export type DType = "float32" | "float64";
export type Floats = Float32Array<ArrayBufferLike> | Float64Array<ArrayBufferLike>;

/** C order; every axis backwards; channels last; gaps between elements; element (not vector) aligned; a SharedArrayBuffer. */
export type Layout = "c" | "reversed" | "channels-last" | "gapped" | "shared";
export const layouts: readonly Layout[] = ["c", "reversed", "channels-last", "gapped", "shared"];

export interface Placed {
  readonly data: Floats;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
  readonly offset: number;
}

export interface Guarded {
  readonly operand: Placed;
  /** The elements now, in C order. */
  read(): Float64Array;
  /** Says what changed that must not have: canaries always, the elements too unless they are the output. */
  damage(mayWriteElements?: boolean): string | undefined;
}

const margin = 16; // elements of canary before and after
const canary = 0xa5;

export function count(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

export function stridesOf(
  shape: readonly number[],
  layout: Layout,
): { stride: number[]; span: number; origin: number } {
  const order = shape.map((_, axis) => axis); // slowest first
  if (layout === "channels-last" && shape.length > 2) order.push(order.splice(shape.length === 6 ? 3 : 1, 1)[0]!);
  const stride: number[] = shape.map(() => 0);
  let step = layout === "gapped" ? 2 : 1;
  for (const axis of order.reverse()) {
    stride[axis] = step;
    step *= Math.max(1, shape[axis]!);
    if (layout === "gapped") step += 1 + (axis % 2); // rows that are not packed either
  }
  let origin = 0;
  let span = 1;
  for (let axis = 0; axis < shape.length; axis++) {
    const reach = (Math.max(1, shape[axis]!) - 1) * stride[axis]!;
    span += reach;
    if (layout !== "reversed") continue;
    origin += reach;
    stride[axis] = -stride[axis]!;
  }
  return { stride, span, origin };
}

export function place(
  values: Float64Array | undefined,
  shape: readonly number[],
  dtype: DType,
  layout: Layout,
): Guarded {
  const { stride, span, origin } = stridesOf(shape, layout);
  const size = dtype === "float32" ? 4 : 8;
  const bytes = (span + 2 * margin) * size;
  // A page that is not isolated has no SharedArrayBuffer to make.
  const shared = layout === "shared" && typeof SharedArrayBuffer === "function";
  const buffer = shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
  new Uint8Array(buffer).fill(canary);
  const skew = layout === "gapped" ? 3 : 0; // data that starts within the buffer, at no vector boundary
  const from = skew * size;
  const length = span + 2 * margin - skew;
  const data = dtype === "float32" ? new Float32Array(buffer, from, length) : new Float64Array(buffer, from, length);
  const offset = margin - skew + origin;
  const operand: Placed = { data, shape, stride, offset };
  const spots = addresses(operand);
  for (let i = 0; values && i < spots.length; i++) data[spots[i]!] = values[i]!;
  const before = new Uint8Array(buffer).slice();
  return {
    operand,
    read: () => Float64Array.from(spots, (spot) => data[spot]!),
    damage: (mayWriteElements = false) => {
      if (mayWriteElements) for (const spot of spots) before.fill(0, (spot + skew) * size, (spot + skew + 1) * size);
      const now = new Uint8Array(buffer).slice();
      if (mayWriteElements) for (const spot of spots) now.fill(0, (spot + skew) * size, (spot + skew + 1) * size);
      const at = now.findIndex((byte, i) => byte !== before[i]);
      return at < 0 ? undefined : `byte ${at} of ${bytes} changed from ${before[at]} to ${now[at]} (${layout})`;
    },
  };
}

/** The positions in `data` of the elements of a view, in C order. */
export function addresses(view: Placed): Int32Array {
  const total = count(view.shape);
  const spots = new Int32Array(total);
  const index = view.shape.map(() => 0);
  for (let i = 0; i < total; i++) {
    spots[i] = view.offset + index.reduce((sum, at, axis) => sum + at * view.stride[axis]!, 0);
    for (let axis = index.length - 1; axis >= 0 && ++index[axis]! >= view.shape[axis]!; axis--) index[axis] = 0;
  }
  return spots;
}

interface OperandLike {
  readonly data: Floats;
  readonly shape: readonly number[];
  readonly stride?: readonly number[] | undefined;
  readonly offset?: number | undefined;
}

/** The elements of any operand or result in C order, as doubles. */
export function gather(operand: OperandLike): Float64Array {
  const { data, shape } = operand;
  if (operand.stride === undefined && !operand.offset) return Float64Array.from(data.subarray(0, count(shape)));
  const stride = operand.stride ?? stridesOf(shape, "c").stride;
  return Float64Array.from(addresses({ data, shape, stride, offset: operand.offset ?? 0 }), (spot) => data[spot]!);
}
