// What every peer looks like to the bench. A file here is one library; the rest of the bench knows none of them by name.
import type { Layout, Sum } from "../op-cases.ts";
import type { Accuracy, Numbers } from "../op-check.ts";
import type { Called } from "../op-rounds.ts";

export interface Challenger {
  /** Operands are where the library wants them, and the result stays there: compute only. */
  call(): Called | Promise<Called>;
  result(): Float32Array | Promise<Float32Array>;
  /** The image from an ordinary array, the result in a new one; filters stay where they are. */
  whole?(): Promise<Float32Array>;
  /** Where the result's elements lie, if not as [n, o, z, y, x]. */
  readonly layout?: Layout;
  dispose(): void | Promise<void>;
}

/** What leads from the gradient of a layer's result to that of its image. */
export interface Backward {
  /** The layer. */
  readonly sum: Sum;
  /** [n, o, z, y, x] */
  readonly outputGrad: Float32Array;
  /** [o, c, z, y, x], in the order in which the layer's window walks them. */
  readonly filter: Float32Array;
}

/** Why a case is not tried, though the library has such an operation. */
export interface Declined {
  readonly declined: string;
}

export interface Peer {
  readonly name: string;
  readonly kind: "wasm" | "native" | "scipy";
  /** What its answers are held to. */
  readonly accuracy: Accuracy;
  /** Null: the library has no such operation. */
  prepare(numbers: Numbers): Promise<Challenger | Declined | null>;
  /** The transposed convolution, if it has one; the result's layout is of [n, c, z, y, x]. */
  prepareGradient?(backward: Backward): Promise<Challenger | Declined>;
  /** What its time holds beside the arithmetic. */
  readonly inside?: string;
}

/** The peers of one library; `close` ends what it started. */
export interface Library {
  readonly peers: readonly Peer[];
  readonly version: string;
  close(): void | Promise<void>;
}

/** One channel, planes only, nothing padded or skipped: what signal processing libraries serve. */
export const isPlainFiltering = ({ sum }: Numbers): boolean =>
  sum.channels === 1 &&
  sum.taps[0] === 1 &&
  sum.image[0] === 1 &&
  sum.stride.every((step) => step === 1) &&
  sum.low.every((pad) => pad === 0);

/** A call cannot be stopped; where a direct sum would take many seconds, it is not begun. */
export function tooMuch(work: number, most: number): Declined | null {
  return work > most ? { declined: `${Number((work / 1e9).toPrecision(2))} G multiply-adds` } : null;
}
