/** The last check of the suite writes its report as one line of JSON after this word; the runner reads it. */
export const REPORT = "#report ";

export interface Report {
  binaries: readonly string[];
  workers: number;
  /** Calls that were checked. */
  golden: number;
  exact: number;
  wakeMicroseconds: number;
}
