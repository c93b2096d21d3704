/** Where a place beyond the border of a mirrored picture is: −1 is 0 again; small pictures are crossed more than once. */
export function mirrored(i: number, extent: number): number {
  const period = 2 * extent;
  const at = ((i % period) + period) % period;
  return at < extent ? at : period - 1 - at;
}
