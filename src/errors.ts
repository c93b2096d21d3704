/** Every error the library raises by itself. An aborted call rejects with its signal's own reason instead. */

/**
 * Base class: `code` says what kind of mistake it was, `argument` which argument (or option) it concerns. `kind` is the name of the class
 * without "Error", written out because minifiers rename classes.
 */
export class ConvError extends Error {
  readonly code: string;
  readonly argument: string;

  constructor(kind: string, argument: string, message: string, options?: ErrorOptions) {
    super(`${argument}: ${message}`, options);
    this.name = `${kind}Error`;
    this.code = kind.replace(/([a-z])([A-Z])/g, "$1_$2").toUpperCase();
    this.argument = argument;
  }
}

/** A rank, an extent or a channel count that does not fit, or data that is too short for its shape. */
export class ShapeError extends ConvError {
  constructor(argument: string, message: string, options?: ErrorOptions) {
    super("Shape", argument, message, options);
  }
}

/** Element types other than float32 and float64, or two of them in one call. */
export class DTypeError extends ConvError {
  constructor(argument: string, message: string, options?: ErrorOptions) {
    super("DType", argument, message, options);
  }
}

/** An option whose value is not one of those documented, or that does not exist. */
export class OptionError extends ConvError {
  constructor(argument: string, message: string, options?: ErrorOptions) {
    super("Option", argument, message, options);
  }
}

/** The call needs more memory than the engine may have or can get. Nothing was allocated. */
export class OutOfMemoryError extends ConvError {
  constructor(argument: string, message: string, options?: ErrorOptions) {
    super("OutOfMemory", argument, message, options);
  }
}

/** A worker failed. */
export class WorkerError extends ConvError {
  constructor(argument: string, message: string, options?: ErrorOptions) {
    super("Worker", argument, message, options);
  }
}

/** A device that was demanded is not there, or was lost. */
export class DeviceError extends ConvError {
  constructor(argument: string, message: string, options?: ErrorOptions) {
    super("Device", argument, message, options);
  }
}

/** The engine, tensor or compiled op was disposed of before. */
export class DisposedError extends ConvError {
  constructor(argument: string, message = "was disposed of", options?: ErrorOptions) {
    super("Disposed", argument, message, options);
  }
}

/** How a value appears in a message: short, and never by calling the value's own code. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}
