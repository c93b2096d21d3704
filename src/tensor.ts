import { config } from "./config.ts";
import { nameDisposal } from "./disposal.ts";
import { DisposedError, DTypeError, ShapeError, show } from "./errors.ts";
import { copyIn, copyOut, type FloatArray, isDense, type Strided } from "./strided.ts";

export type { FloatArray };
/** Element types: those of Float32Array and Float64Array. All operands of a call have the same. */
export type DType = "float32" | "float64";

/** Anything array-like with a shape: an ndarray, a zarrita chunk, a Tensor. Strides and offset count elements. */
export interface Operand {
  readonly data: FloatArray;
  readonly shape: readonly number[];
  readonly stride?: readonly number[];
  readonly offset?: number;
}

export interface Resident {
  readonly owner: object;
  readonly pointer: number;
  /** Keep the memory even if the tensor is disposed of meanwhile; call what is returned when it is no longer used. */
  retain(): () => void;
}

/** Elements that are not in the host's memory: dense, in C order. `argument` is what errors call the tensor. */
export interface Remote {
  readonly owner: object;
  read(argument: string): Promise<Float32Array>;
  write(data: Float32Array, argument: string): Promise<void>;
  /** Keep the elements even if the tensor is disposed of meanwhile; call what is returned when they are no longer used. */
  retain(): () => void;
}

/** Where a tensor's elements live. `view` is asked at each access, because an engine's memory moves when it grows. */
export interface Storage {
  /** Throws where the elements are remote. */
  view(): FloatArray;
  release(): void;
  /** Engine memory that ops may use in place, for as long as they retain it. */
  readonly resident?: Resident;
  readonly remote?: Remote;
}

/** Strides of C order (last axis fastest), in elements. */
export function cOrder(shape: readonly number[]): number[] {
  const stride = new Array<number>(shape.length);
  for (let axis = shape.length - 1, step = 1; axis >= 0; axis--) {
    stride[axis] = step;
    step *= shape[axis]!;
  }
  return stride;
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** Of every Tensor; null once it was disposed of. Asking it runs no code of the caller's, as `instanceof` on a proxy may. */
const storages = new WeakMap<object, Storage | null>();

export function isTensor(operand: unknown): operand is Tensor {
  return storages.has(operand as object);
}

/** The storage behind an operand, if it is a living Tensor. */
export function storageOf(operand: unknown): Storage | undefined {
  return storages.get(operand as object) ?? undefined;
}

/** Whether the operand is a Tensor that was disposed of. */
export function isDisposed(operand: unknown): boolean {
  return storages.get(operand as object) === null;
}

const memories = new WeakMap<object, object>();

/** A memory has a new `buffer` object whenever it has grown: remember that this is one of them. */
export function bufferOfMemory(memory: WebAssembly.Memory): ArrayBufferLike {
  const { buffer } = memory;
  memories.set(buffer, memory);
  return buffer;
}

/** Whether two buffers are the same bytes. */
export function sameBuffer(a: ArrayBufferLike, b: ArrayBufferLike): boolean {
  return a === b || (memories.has(a) && memories.get(a) === memories.get(b));
}

/** An array with a shape. Results are Tensors over ordinary arrays; `engine.tensor()` makes them in engine memory or on the GPU. */
export class Tensor implements Operand, Disposable {
  readonly shape: readonly number[];
  readonly stride: readonly number[];
  readonly offset: number;
  readonly dtype: DType;
  /** Number of elements. */
  readonly size: number;

  constructor(
    storage: Storage,
    dtype: DType,
    shape: readonly number[],
    stride: readonly number[] = cOrder(shape),
    offset = 0,
  ) {
    this.shape = Object.freeze([...shape]);
    this.stride = Object.freeze([...stride]);
    this.offset = offset;
    this.dtype = dtype;
    this.size = elementCount(shape);
    storages.set(this, storage);
  }

  /**
   * The elements. Taken anew on each access: keep the Tensor, not the array, across calls that may grow the memory. Of a tensor
   * on the GPU it throws a DeviceError: those are had by `read`.
   */
  get data(): FloatArray {
    return livingStorage(this).view();
  }

  /**
   * The elements in C order, in a new array, wherever they are. Rejects with a DeviceError if they were on a GPU that was lost.
   *
   * @example const maps = await engine.tensor([1, 64, 56, 56], { device: "webgpu" }).read(); // zeros so far
   */
  async read(): Promise<FloatArray> {
    const { remote } = livingStorage(this);
    if (remote) return remote.read("tensor");
    const elements = new (this.dtype === "float32" ? Float32Array : Float64Array)(this.size);
    copyIn(stridedOf(this), elements, 0);
    return elements;
  }

  /**
   * Replace all elements by those of `data`, in C order and of the tensor's dtype. Do not change `data` until it resolves. Rejects
   * with a DTypeError or ShapeError that names `data`; a DeviceError or OutOfMemoryError if the GPU cannot take them.
   */
  async write(data: FloatArray): Promise<void> {
    const { remote } = livingStorage(this);
    if (dtypeOf(data) !== this.dtype) throw new DTypeError("data", `expected ${this.dtype}`);
    if (data.length !== this.size) throw new ShapeError("data", `expected ${this.size} elements`);
    if (remote) await remote.write(data as Float32Array, "tensor");
    else copyOut(data, 0, stridedOf(this));
  }

  /** Give the memory back for reuse. A second call does nothing; using the tensor afterwards throws. */
  dispose(): void {
    const storage = storages.get(this);
    storages.set(this, null);
    storage?.release();
  }

  /** `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
nameDisposal(Tensor, "dispose");

function livingStorage(tensor: Tensor): Storage {
  const storage = storages.get(tensor);
  if (!storage) throw new DisposedError("tensor");
  return storage;
}

function stridedOf({ data, shape, stride, offset, size }: Tensor): Strided {
  if (size > 0 && data.length === 0) throw new ShapeError("tensor", "its buffer was detached or resized meanwhile");
  return { data, shape, stride, offset, size, dense: isDense(shape, stride) };
}

/** A Tensor over an array that the garbage collector owns. */
export function tensorOver(
  data: FloatArray,
  shape: readonly number[],
  release: () => void = () => {},
  stride?: readonly number[],
  offset?: number,
): Tensor {
  return new Tensor({ view: () => data, release }, dtypeOf(data) ?? "float32", shape, stride, offset);
}

const typedArray = Object.getPrototypeOf(Float32Array.prototype) as object;
const tag = Object.getOwnPropertyDescriptor(typedArray, Symbol.toStringTag)?.get as (
  this: unknown,
) => string | undefined;

/** The dtype of an array of whatever realm, by its internal slot rather than by what it claims. */
export function dtypeOf(data: unknown): DType | undefined {
  const name = tag.call(data);
  return name === "Float32Array" ? "float32" : name === "Float64Array" ? "float64" : undefined;
}

type Nested = readonly (number | Nested)[];

/**
 * A Tensor of `data`, which is used in place if it is a typed array and copied (to `config.floatX`) if it is a nested
 * list of numbers, whose shape it then has.
 *
 * @example tensor(new Float32Array(12), [1, 1, 3, 4])
 * @example tensor([[1, 2], [3, 4]]).shape // [2, 2]
 */
export function tensor(data: FloatArray | Nested, shape?: readonly number[]): Tensor {
  if (!Array.isArray(data)) {
    if (!dtypeOf(data)) {
      throw new DTypeError(
        "data",
        `expected a Float32Array, a Float64Array or nested lists of numbers, got ${show(data)}`,
      );
    }
    const array = data as FloatArray;
    return tensorOver(array, checkShape(shape ?? [array.length], array.length));
  }
  const extents: number[] = [];
  for (let level: unknown = data; Array.isArray(level); level = level[0]) extents.push(level.length);
  const values = new (config.floatX === "float64" ? Float64Array : Float32Array)(elementCount(extents));
  fill(values, data, extents, 0, 0);
  return tensorOver(values, checkShape(shape ?? extents, values.length));
}

function checkShape(shape: readonly number[], length: number): number[] {
  if (!Array.isArray(shape)) throw new ShapeError("shape", `expected a list of extents, got ${show(shape)}`);
  const extents = [...shape];
  if (!extents.every((extent) => Number.isSafeInteger(extent) && extent >= 0)) {
    throw new ShapeError("shape", "extents are whole numbers from 0 on");
  }
  if (elementCount(extents) !== length) {
    throw new ShapeError("shape", `[${extents}] holds ${elementCount(extents)} elements, the data ${length}`);
  }
  return extents;
}

/** Copy a nested list into C order; returns the place after the last element written. */
function fill(target: FloatArray, level: Nested, extents: readonly number[], depth: number, at: number): number {
  if (!Array.isArray(level) || level.length !== extents[depth]) {
    throw new ShapeError("data", `nested lists must all have the shape [${extents}]`);
  }
  for (const item of level) {
    if (depth + 1 < extents.length) at = fill(target, item as Nested, extents, depth + 1, at);
    else if (typeof item === "number") target[at++] = item;
    else throw new DTypeError("data", `expected a number, got ${show(item)}`);
  }
  return at;
}
