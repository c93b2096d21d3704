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
  // Compared in words, and told in bytes.
  const now = new Int32Array(buffer);
  const before = now.slice();
  return {
    operand,
    read: () => valuesAt(data, spots),
    damage: (mayWriteElements = false) => {
      const may = mayWriteElements ? wordsOf(spots, skew, size / 4, now.length) : undefined;
      for (let word = 0; word < now.length; word++) {
        if (now[word] === before[word] || may?.[word] === 1) continue;
        const [were, are] = [new Uint8Array(before.buffer, 4 * word, 4), new Uint8Array(buffer, 4 * word, 4)];
        const at = are.findIndex((byte, i) => byte !== were[i]);
        return `byte ${4 * word + at} of ${bytes} changed from ${were[at]} to ${are[at]} (${layout})`;
      }
      return undefined;
    },
  };
}

/** 1 for each 32 bits that belong to an element. */
function wordsOf(spots: Int32Array, skew: number, perElement: number, words: number): Uint8Array {
  const own = new Uint8Array(words);
  for (let i = 0; i < spots.length; i++) {
    const from = (spots[i]! + skew) * perElement;
    for (let word = from; word < from + perElement; word++) own[word] = 1;
  }
  return own;
}

/** The positions in `data` of the elements of a view, in C order. */
export function addresses(view: Placed): Int32Array {
  // Axis by axis: each position becomes a line of them.
  let spots = Int32Array.of(view.offset);
  for (let axis = 0; axis < view.shape.length; axis++) {
    const [extent, stride] = [view.shape[axis]!, view.stride[axis]!];
    const lines = new Int32Array(spots.length * extent);
    for (let i = 0, to = 0; i < spots.length; i++)
      for (let at = 0; at < extent; at++, to++) lines[to] = spots[i]! + at * stride;
    spots = lines;
  }
  return spots;
}

function valuesAt(data: Floats, spots: Int32Array): Float64Array {
  const values = new Float64Array(spots.length);
  for (let i = 0; i < spots.length; i++) values[i] = data[spots[i]!]!;
  return values;
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
  if (operand.stride === undefined && !operand.offset) return new Float64Array(data.subarray(0, count(shape)));
  const stride = operand.stride ?? stridesOf(shape, "c").stride;
  return valuesAt(data, addresses({ data, shape, stride, offset: operand.offset ?? 0 }));
}
