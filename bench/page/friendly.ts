/** The library's refusals in a newcomer's words, and the field that each belongs to. */
import { ConvError, OutOfMemoryError } from "simdconv";
import type { Layer } from "./layer.ts";

export type Field = keyof Layer | "padding" | "shape";

export interface Complaint {
  /** "shape": the whole of it, no single field. */
  readonly field: Field;
  readonly text: string;
  /** What the library said, if it was the library. */
  readonly words?: string;
}

const IMAGE_FIELDS = ["batch", "channels", "height", "width"] as const;
const FILTER_FIELDS = ["filters", "channels", "filterHeight", "filterWidth"] as const;

export function complaintOf(error: unknown): Complaint {
  if (!(error instanceof ConvError))
    return { field: "shape", text: error instanceof Error ? error.message : String(error) };
  return { field: fieldOf(error), text: textOf(error), words: `${error.name}: ${error.message}` };
}

function doesNotFit(error: ConvError): boolean {
  return error.argument === "filterShape" && error.message.includes("does not fit");
}

function fieldOf({ argument, message }: ConvError): Field {
  const columns = message.startsWith(`${argument}: columns`);
  const rows = message.startsWith(`${argument}: rows`);
  const entry = Number(/entry (\d)/.exec(message)?.[1] ?? Number.NaN);
  switch (argument) {
    case "numGroups":
      return "groups";
    case "subsample":
      return "subsample";
    case "borderMode":
      return "border";
    case "imageShape":
      return columns ? "width" : rows ? "height" : (IMAGE_FIELDS[entry] ?? "shape");
    case "filterShape":
      return columns ? "filterWidth" : rows ? "filterHeight" : (FILTER_FIELDS[entry] ?? "shape");
    default:
      return "shape";
  }
}

function textOf(error: ConvError): string {
  if (doesNotFit(error)) {
    return "The filter is larger than the image, padding included. Make the filter smaller or the image larger, or choose a border that pads.";
  }
  if (error.argument === "numGroups")
    return "Each group gets the same share, so channels and filters must both divide by it.";
  if (error instanceof OutOfMemoryError)
    return "That is more than WebAssembly's memory can hold. Make the batch or the image smaller.";
  return "The library cannot compute this shape.";
}
