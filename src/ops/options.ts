/** Reading option objects: every option once, unknown ones refused, each value checked against what is documented. */
import { OptionError, ShapeError, show } from "../errors.ts";
import type { AnyLanes } from "../plan/plan.ts";
import { numberList, property } from "../problem/operand.ts";
import type { Operand } from "../tensor.ts";

/** What every op takes besides its own options. */
export interface RunOptions {
  /** Written and returned. Must not overlap an input. */
  out?: Operand;
  /** true: use the worker pool; false: stay in the calling thread; unset: decided by measured cost. */
  openmp?: boolean;
  device?: "auto" | "wasm" | "webgpu";
  algorithm?: "auto" | "direct" | "winograd" | "fft" | "separable" | "depthwise";
  /** Stops the computation, not only the promise, which rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Called with the tiles done and all tiles, now and then and at the end. */
  onProgress?: (done: number, total: number) => void;
}

/** Tuning of the direct algorithm: giving any of it asks for plain sums, and among those it changes no bit of the result. */
export interface TuningOptions {
  /** The axis along which the vectors of the direct algorithm run; `gathered`: pixels, their terms gathered first where that can be done. */
  lanes?: AnyLanes;
}

export const TUNING_OPTIONS = ["lanes"] as const;

export const RUN_OPTIONS = ["out", "openmp", "device", "algorithm", "signal", "onProgress"] as const;
const ALGORITHMS = ["auto", "direct", "winograd", "fft", "separable", "depthwise"] as const;
const DEVICES = ["auto", "wasm", "webgpu"] as const;

/** The options given, by name; each was read once. `null` counts as not given. */
export class OptionReader {
  private readonly values = new Map<string, unknown>();

  constructor(options: unknown, known: readonly string[], argument = "options") {
    if (options === undefined) return;
    if (typeof options !== "object" || options === null) {
      throw new OptionError(argument, `expected an object, got ${show(options)}`);
    }
    for (const key of ownKeys(options, argument)) {
      if (!known.includes(key)) throw new OptionError(key, `there is no such option; known are ${known.join(", ")}`);
    }
    // Not the own keys alone: options may be inherited, or getters of a class.
    for (const key of known) {
      const value = property(options, key, key);
      if (value !== undefined && value !== null) this.values.set(key, value);
    }
  }

  raw(name: string): unknown {
    return this.values.get(name);
  }

  boolean(name: string): boolean | undefined {
    const value = this.raw(name);
    if (value !== undefined && typeof value !== "boolean")
      throw new OptionError(name, `expected true or false, got ${show(value)}`);
    return value;
  }

  oneOf<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    if (!choices.includes(value as T)) {
      throw new OptionError(
        name,
        `expected ${choices.map((choice) => `"${choice}"`).join(" or ")}, got ${show(value)}`,
      );
    }
    return value as T;
  }

  /** A whole number from `least` on. */
  integer(name: string, least: number): number | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    return checkInteger(value, least, name);
  }

  /** A list of `count` whole numbers from `least` on. */
  integers(name: string, count: number, least: number): number[] | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    const list = numberList(value, name);
    if (list?.length !== count) throw new OptionError(name, `expected a list of ${count} numbers`);
    return list.map((item) => checkInteger(item, least, name));
  }

  /** A declared shape: extents, or null where nothing is declared; of `rank` entries if that is given. */
  extents(name: string, rank?: number): (number | null)[] | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    const length = typeof value === "object" && value !== null ? property(value, "length", name) : undefined;
    const wanted = rank ?? (Number.isInteger(length) && (length as number) <= MOST_AXES ? length : undefined);
    if (length !== wanted || typeof wanted !== "number" || wanted < 0) {
      throw new ShapeError(name, `expected ${rank ?? `at most ${MOST_AXES}`} entries, each an extent or null`);
    }
    const list = Array.from({ length: wanted }, (_, axis) => {
      const entry = property(value as object, String(axis), name) ?? null;
      if (entry !== null && !(Number.isSafeInteger(entry) && (entry as number) >= 0)) {
        throw new ShapeError(name, `entry ${axis} must be an extent or null, got ${show(entry)}`);
      }
      return entry as number | null;
    });
    // Who asks again gets the same answer, whatever the caller's object says by then.
    this.values.set(name, list);
    return list;
  }
}

/** Every declared entry must be that of the array. */
export function checkHint(
  hint: readonly (number | null)[] | undefined,
  shape: readonly number[],
  argument: string,
): void {
  for (const [axis, entry] of hint?.entries() ?? []) {
    if (entry !== null && entry !== shape[axis]) {
      throw new ShapeError(argument, `declares ${entry} on axis ${axis}, the array has ${shape[axis]}`);
    }
  }
}

const MOST_AXES = 8;

function ownKeys(options: object, argument: string): string[] {
  try {
    const symbols = Object.getOwnPropertySymbols(options);
    if (symbols.length > 0) throw new TypeError(`there is no option ${String(symbols[0])}`);
    return Object.keys(options);
  } catch (cause) {
    throw new OptionError(argument, `the options could not be read: ${(cause as Error).message}`, { cause });
  }
}

/** Numbers beyond this cannot be an extent, a stride or a padding of anything that fits into 32-bit memory. */
const LARGEST = 2 ** 31 - 1;

export function checkInteger(value: unknown, least: number, argument: string): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > LARGEST) {
    throw new OptionError(argument, `expected a whole number from ${least} on, got ${show(value)}`);
  }
  return value;
}

/** `RunOptions`, checked. `out` is left to the op, which knows its shape. */
export interface RunControls {
  readonly out: unknown;
  readonly openmp: boolean | undefined;
  /** Undefined: as the engine was told. */
  readonly device: (typeof DEVICES)[number] | undefined;
  readonly algorithm: (typeof ALGORITHMS)[number] | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((done: number, total: number) => void) | undefined;
}

/** Controls, algorithm and tuning: what every op reads besides its own options. */
export interface ReadTuning {
  readonly controls: RunControls;
  readonly algorithm: NonNullable<RunControls["algorithm"]>;
  readonly lanes: AnyLanes | undefined;
}

export function readTuning(options: OptionReader): ReadTuning {
  const controls = readControls(options);
  const lanes = options.oneOf("lanes", ["pixels", "filters", "planes", "gathered"]);
  return { controls, algorithm: controls.algorithm ?? "auto", lanes };
}

export function readControls(options: OptionReader): RunControls {
  const device = options.oneOf("device", DEVICES);
  const signal = options.raw("signal");
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new OptionError("signal", `expected an AbortSignal, got ${show(signal)}`);
  }
  const onProgress = options.raw("onProgress");
  if (onProgress !== undefined && typeof onProgress !== "function") {
    throw new OptionError("onProgress", `expected a function, got ${show(onProgress)}`);
  }
  return {
    out: options.raw("out"),
    openmp: options.boolean("openmp"),
    device,
    algorithm: options.oneOf("algorithm", ALGORITHMS),
    signal,
    onProgress: onProgress as RunControls["onProgress"],
  };
}
