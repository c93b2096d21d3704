/** The level that parts bytes into dark and bright so that the two means lie furthest apart (Otsu, 1979). */
export function otsu(bytes: Iterable<number>): number {
  const histogram = new Float64Array(256);
  for (const byte of bytes) histogram[byte]++;
  const count = histogram.reduce((sum, n) => sum + n, 0);
  const mean = histogram.reduce((sum, n, level) => sum + n * level, 0) / count;
  let best = { level: 0, spread: -1 };
  let below = 0;
  let moment = 0;
  for (let level = 0; level < 255; level++) {
    below += histogram[level];
    moment += histogram[level] * level;
    const spread = (mean * below - moment) ** 2 / Math.max(1, below * (count - below));
    if (spread > best.spread) best = { level, spread };
  }
  return best.level;
}
