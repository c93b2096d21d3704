/**
 * The sum of blocks of partial sums, by a tree that depends on their number alone: the first half of them plus the second half, and so on
 * down. A tile is a run of elements. Writes the run in the target; scratch holds one run for each level of the tree. No blocks are zeros.
 */
import { SUM_BLOCKS, SUM_COUNT, SUM_SOURCE, SUM_STEP, SUM_TARGET, SUM_TILE } from "./args";
import { add, lanes, loadLanes, storeLanes, vectorBytes } from "./lanes";
import { word } from "./words";

export function sumBlocks<T, V>(args: usize, scratch: usize, first: i32, last: i32): void {
  const run = word(args, SUM_TILE), blocks = word(args, SUM_BLOCKS), step = <usize>word(args, SUM_STEP);
  for (let tile = first; tile < last; ++tile) {
    const from = tile * run, bytes = min(run, word(args, SUM_COUNT) - from) * <i32>sizeof<T>(), at = <usize>from * sizeof<T>();
    const target = <usize>word(args, SUM_TARGET) + at;
    if (blocks) memory.copy(target, tree<T, V>(scratch, <usize>word(args, SUM_SOURCE) + at, blocks, step, bytes), <usize>bytes);
    else memory.fill(target, 0, <usize>bytes);
  }
}

/** Where the sum of `blocks` ≥ 1 blocks stands: in scratch, or, if there is one only, where it is. Whole vectors of it are read and written. */
function tree<T, V>(scratch: usize, source: usize, blocks: i32, step: usize, bytes: i32): usize {
  if (blocks == 1) return source;
  const half = blocks >> 1, next = scratch + <usize>bytes + 16 & ~15;
  let a = tree<T, V>(scratch, source, half, step, bytes), b = tree<T, V>(next, source + <usize>half * step, blocks - half, step, bytes);
  const vector = <usize>vectorBytes<T, V>();
  for (let to = scratch, end = scratch + <usize>bytes; to < end; to += vector, a += vector, b += vector) {
    storeLanes<T, V>(to, add<T, V>(loadLanes<T, V>(a), loadLanes<T, V>(b)));
  }
  return scratch;
}
