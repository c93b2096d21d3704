/** The library's refusals in a newcomer's words, and the field that each belongs to. */
import { ConvError, OutOfMemoryError } from "simdconv";
import type { Layer } from "./layer.ts";

export type Field = keyof Layer | "padding" | "shape" | "workers";

export interface Complaint {
  /** "shape": the whole of it, no single field. */
  readonly field: Field;
  readonly text: string;
  /** What the library said, if it was the library. */
  readonly words?: string;
}

/** Ops call the shapes of their filters by these names, and their axes by these. */
const FILTERS: readonly string[] = ["filterShape", "filtersShape", "WShape"];
const AXES: Readonly<Record<string, readonly [image: Field, filter: Field]>> = {
  rows: ["height", "filterHeight"],
  columns: ["width", "filterWidth"],
  frames: ["frames", "filterFrames"],
  times: ["frames", "filterFrames"],
};
const OPTIONS: Readonly<Record<string, Field>> = {
  numGroups: "groups",
  subsample: "subsample",
  stride: "subsample",
  d: "subsample",
  borderMode: "border",
  pad: "padding",
};

export function complaintOf(error: unknown): Complaint {
  if (!(error instanceof ConvError))
    return { field: "shape", text: error instanceof Error ? error.message : String(error) };
  return { field: fieldOf(error), text: textOf(error), words: `${error.name}: ${error.message}` };
}

function fieldOf({ argument, message }: ConvError): Field {
  if (argument in OPTIONS) return OPTIONS[argument];
  const axis = /: (rows|columns|frames|times)\b/.exec(message)?.[1];
  if (axis === undefined) return "shape";
  return AXES[axis][FILTERS.includes(argument) ? 1 : 0];
}

function textOf(error: ConvError): string {
  if (FILTERS.includes(error.argument) && error.message.includes("does not fit")) {
    return "The filter is larger than the image, padding included. Make the filter smaller or the image larger, or choose a border that pads.";
  }
  if (error.argument === "numGroups")
    return "Each group gets the same share, so channels and filters must both divide by it.";
  if (error.argument === "stride")
    return "Some pixels would be in no window: the step may not be larger than the filter.";
  if (error instanceof OutOfMemoryError)
    return "That is more than WebAssembly's memory can hold. Make the batch or the image smaller.";
  return "The library cannot compute this shape.";
}
