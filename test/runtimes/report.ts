/** The last check of the suite writes its report as one line of JSON after this word; the runner reads it. */
export const REPORT = "#report ";

export interface Report {
  binaries: readonly string[];
  sharedMemory: boolean;
  /** Of pages: whether they say that they are isolated. */
  isolated: boolean | undefined;
  /** Workers that served and took part in a job: with shared memory, and with memories of their own. */
  workers: { shared: number; own: number };
  /** The name of the adapter that computed, or why none did. */
  gpu: { adapter: string } | { why: string };
  /** Calls that were checked. */
  golden: number;
  exact: number;
  /** From a call to a sleeping worker's awakening; undefined where memory cannot be shared. */
  wakeMicroseconds: number | undefined;
}
