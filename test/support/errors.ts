// One check for every call that must fail: a typed error of the right class that names the right argument.
import {
  ConvError,
  DeviceError,
  DisposedError,
  DTypeError,
  OptionError,
  OutOfMemoryError,
  ShapeError,
  WorkerError,
} from "simdconv";

export const errorClasses = {
  ConvError,
  ShapeError,
  DTypeError,
  OptionError,
  OutOfMemoryError,
  WorkerError,
  DeviceError,
  DisposedError,
};
export type ErrorName = keyof typeof errorClasses;

/** What is wrong with `error`, or undefined. An empty list of arguments accepts any name that is not empty. */
export function wrongError(error: unknown, expected: ErrorName, names: readonly string[]): string | undefined {
  const must = `must be ${expected} naming ${names.join(" or ") || "its argument"}`;
  if (!(error instanceof ConvError)) {
    return `threw ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}, ${must}`;
  }
  const { name, code, argument, message } = error;
  const right =
    error instanceof errorClasses[expected] &&
    (names.length === 0 ? argument !== "" : names.includes(argument)) &&
    typeof code === "string" &&
    code !== "" &&
    message !== "";
  return right ? undefined : `threw ${name} naming "${argument}", code "${code}" (${message}), ${must}`;
}

/** The rejection of a promise, or of a function that throws at once; undefined if it gives a result. */
export async function failureOf(call: () => unknown): Promise<{ error: unknown } | undefined> {
  try {
    await call();
  } catch (error) {
    return { error };
  }
  return undefined;
}

/** Undefined if the call fails as it must, else a sentence. */
export async function mustFail(
  call: () => unknown,
  expected: ErrorName,
  names: readonly string[],
): Promise<string | undefined> {
  const failure = await failureOf(call);
  if (!failure) return `did not fail, must be ${expected} naming ${names.join(" or ")}`;
  return wrongError(failure.error, expected, names);
}
