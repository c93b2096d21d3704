/** Arrays for results. A fresh one of 64 MB costs more than computing it may, so those that users give back are kept. */
import type { DType, FloatArray } from "../tensor.ts";

const MOST_ARRAYS_OF_A_LENGTH = 4;
const MOST_BYTES = 256 * 1024 * 1024;

export class ResultArrays {
  private readonly idle = new Map<string, FloatArray[]>();
  private bytes = 0;

  /** The elements `[start, end)` of `heap`, as an ordinary array. */
  copyOf(dtype: DType, heap: FloatArray, start: number, end: number): FloatArray {
    const kept = this.bytes > 0 ? this.idle.get(`${dtype}${end - start}`)?.pop() : undefined;
    if (!kept) return heap.slice(start, end);
    this.bytes -= kept.byteLength;
    kept.set(heap.subarray(start, end));
    return kept;
  }

  giveBack(dtype: DType, array: FloatArray): void {
    // A detached or resized array is no longer the one that was handed out.
    if (array.byteLength === 0 || this.bytes + array.byteLength > MOST_BYTES) return;
    const key = `${dtype}${array.length}`;
    const list = this.idle.get(key);
    if (!list) this.idle.set(key, [array]);
    else if (list.length < MOST_ARRAYS_OF_A_LENGTH) list.push(array);
    else return;
    this.bytes += array.byteLength;
  }
}
