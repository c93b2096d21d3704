// Reads a golden set (index.json and golden.bin; README.md beside it says what they hold), in Node and on a page.
import { projectRoot } from "../support/binaries.ts";
import { count, type DType } from "../support/place.ts";
import { readBytes } from "../support/runtime.ts";

export interface GoldenArray {
  readonly dtype: "f32" | "f64";
  readonly shape: readonly number[];
  readonly offset: number;
}

export interface GoldenOutput extends GoldenArray {
  readonly atol: number;
  readonly rtol: number;
  readonly terms: number;
  readonly exact?: boolean;
}

export interface GoldenCase {
  readonly id: string;
  readonly op: string;
  readonly tags: readonly string[];
  readonly params: Readonly<Record<string, unknown>>;
  readonly inputs: Readonly<Record<string, GoldenArray>>;
  readonly outputs: Readonly<Record<string, GoldenOutput>>;
  readonly source?: string;
}

export interface GoldenError {
  readonly id: string;
  readonly op: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly inputs: Readonly<Record<string, Omit<GoldenArray, "offset">>>;
  readonly error: string;
  readonly why: string;
  readonly source?: string;
}

export interface GoldenSet {
  readonly cases: readonly GoldenCase[];
  readonly errors: readonly GoldenError[];
  /** The numbers of an array, as doubles. */
  values(array: GoldenArray): Float64Array;
}

export const dtypeOf = (array: { readonly dtype: "f32" | "f64" }): DType =>
  array.dtype === "f32" ? "float32" : "float64";

/** Our own set. */
export const goldenUrl = (): URL => new URL("test/golden/", projectRoot());

/** An imported set beside the repository; it need not be there. */
export const importedUrl = (name: string): URL => new URL(`../shared/golden/${name}/`, projectRoot());

export async function loadGolden(folder: URL): Promise<GoldenSet> {
  const index = JSON.parse(new TextDecoder().decode(await readBytes(new URL("index.json", folder))));
  if (index.format !== "conv-golden" || index.version !== 1)
    throw new Error(`${folder}: not a golden set of version 1`);
  const { buffer, length } = await readBytes(new URL(index.blob, folder));
  if (length !== index.bytes) throw new Error(`${folder}${index.blob}: ${length} bytes, the index says ${index.bytes}`);
  return {
    cases: index.cases,
    errors: index.errors,
    values: ({ dtype, shape, offset }) => {
      const total = count(shape);
      const view = dtype === "f32" ? new Float32Array(buffer, offset, total) : new Float64Array(buffer, offset, total);
      return Float64Array.from(view);
    },
  };
}
