// Past failures of the random tests, run first in every run. Add the shrunk counterexample of a failure here when it
// is fixed, with a word on what it was.
import type { RandomCase } from "./arbitrary.ts";

export const corpus: readonly RandomCase[] = [];
