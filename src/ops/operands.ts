/** Operands as a call finds them: here, or on a GPU. */
import type { Runtime } from "../engine/runtime.ts";
import { DeviceError, DisposedError, DTypeError, OptionError, ShapeError } from "../errors.ts";
import { type DenseView, type Extents, overlaps, readOperand, repeatsElements } from "../problem/operand.ts";
import { copyOut, type FloatArray } from "../strided.ts";
import { type DType, isDisposed, isTensor, type Remote, storageOf, type Tensor, tensorOver } from "../tensor.ts";
import { GpuElements } from "../webgpu/elements.ts";

/** An operand as the call found it, and the object it came from, which may be a tensor of the engine. */
export interface Given {
  readonly source: unknown;
  readonly view: DenseView;
}

/** A tensor whose elements are on a GPU, this engine's or another's. */
export interface Away {
  readonly source: Tensor;
  readonly view: Extents;
  readonly remote: Remote;
}

export type Handed = Given | Away;

export function isAway(operand: Handed): operand is Away {
  return "remote" in operand;
}

export function given(source: unknown, argument: string): Handed {
  const remote = storageOf(source)?.remote;
  if (!remote) return { source, view: readOperand(source, argument) };
  const tensor = source as Tensor;
  return { source: tensor, view: { dtype: tensor.dtype, shape: tensor.shape, size: tensor.size }, remote };
}

/** `null` or undefined is an operand that was not given. */
export function givenIfAny(source: unknown, argument: string): Handed | null {
  return source === undefined || source === null ? null : given(source, argument);
}

/** The operand with its elements here, read back if need be. */
export async function here(operand: Handed, argument: string): Promise<Given> {
  if (!isAway(operand)) return operand;
  const { remote, view } = operand;
  const source = { data: await remote.read(argument), shape: view.shape };
  return { source, view: readOperand(source, argument) };
}

/** For those who cannot wait for a GPU. */
export function mustBeHere(operand: Handed, argument: string): Given {
  if (!isAway(operand)) return operand;
  throw new DeviceError(argument, "its elements are on the GPU: await tensor.read()");
}

/** The elements, if they are on the GPU of this engine. */
export function onGpuOf(runtime: Runtime, operand: Handed | null): GpuElements | undefined {
  if (!operand || !isAway(operand)) return undefined;
  const { remote } = operand;
  return remote instanceof GpuElements && remote.owner === runtime.gpu ? remote : undefined;
}

export function checkSameDtype(dtype: DType, operand: Handed | null, argument: string): void {
  if (operand && operand.view.dtype !== dtype) {
    throw new DTypeError(argument, `all arrays of a call have one dtype: expected ${dtype}, got ${operand.view.dtype}`);
  }
}

export function checkShapeIs(shape: readonly number[], operand: Handed | null, argument: string): void {
  if (!operand) return;
  const found = operand.view.shape;
  if (found.length !== shape.length || !found.every((extent, axis) => extent === shape[axis])) {
    throw new ShapeError(argument, `expected the shape [${shape}], got [${found}]`);
  }
}

/** `out` must have the result's shape and dtype, no element twice, and nothing in common with an input. */
export function checkOut(
  out: Handed | null,
  shape: readonly number[],
  dtype: DType,
  inputs: readonly (Handed | null)[],
): void {
  if (!out) return;
  checkSameDtype(dtype, out, "out");
  checkShapeIs(shape, out, "out");
  if (!isAway(out) && repeatsElements(out.view))
    throw new OptionError("out", "several of its indices are the same element");
  if (inputs.some((input) => input && haveCommon(out, input))) throw new OptionError("out", "it overlaps an input");
}

function haveCommon(a: Handed, b: Handed): boolean {
  if (isAway(a) || isAway(b)) return a.source === b.source;
  return overlaps(a.view, b.view);
}

/** While something else is awaited a tensor may be disposed of, an array detached or cut short. */
export function checkStillThere(operand: Handed, argument: string): void {
  if (isDisposed(operand.source)) throw new DisposedError(argument);
  if (isAway(operand)) return;
  const { view } = operand;
  if (view.size > 0 && view.high >= view.data.length) {
    throw new ShapeError(argument, "its buffer was detached or resized meanwhile");
  }
}

/** The result, in C order, brought to where the caller wants it, who may have lost interest in `out` meanwhile. */
export async function putOut(out: Handed, data: FloatArray, shape: readonly number[]): Promise<Tensor> {
  checkStillThere(out, "out");
  if (isAway(out)) {
    await out.remote.write(data as Float32Array, "out");
    return out.source;
  }
  copyOut(data, 0, out.view);
  return outOf(out, shape);
}

/** `out` as a tensor: the caller's own if it is one. */
export function outOf({ source, view }: Given, shape: readonly number[]): Tensor {
  return isTensor(source) ? source : tensorOver(view.data, shape, undefined, view.stride, view.offset);
}
