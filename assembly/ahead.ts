/**
 * Lines of memory asked for before they are used, many together or one after the other. A processor that meets them one by one, in between arithmetic, waits for each:
 * it does not look far enough ahead, and its prefetcher stops at the end of a page. There is no instruction for it; a load of every line will do.
 */

/** The lines of `count` places `step` bytes apart. `sink` takes a word that depends on all of them, or no engine would load them. */
export function fetchEach(at: usize, count: i32, step: usize, sink: usize): void {
  let seen = 0;
  for (; count > 0; --count, at += step) seen ^= load<i32>(at);
  store<i32>(sink, seen);
}

/** `bytes` from `at`. */
export function fetchLines(at: usize, bytes: i32, sink: usize): void {
  fetchEach(at, (bytes + 63) >> 6, 64, sink);
}

/**
 * A line at a time while register tiles multiply: a burst waits for its last line, one load every so many terms for none, and the processor's own
 * prefetcher follows it. `ahead` is a record in scratch, of one line: a line of memory is asked for whenever `pace` bytes of packed filters are to be
 * used, from `at` up to `end`. Where less than LEAST_TILES register tiles use each filter lines come too slowly so (3×3 512→512 @7, two of them: 0.8 of
 * a burst's speed), and none is asked for.
 */
// @ts-ignore: decorator
@inline const PACE: usize = 0;
// @ts-ignore: decorator
@inline const AT: usize = 4;
// @ts-ignore: decorator
@inline const END: usize = 8;
// @ts-ignore: decorator
@inline const SEEN: usize = 12;
// @ts-ignore: decorator
@inline const RECORD_BYTES: usize = 16;
// @ts-ignore: decorator
@inline export const LEAST_TILES: i32 = 3;

/** A record that asks for nothing. */
export function askForNothing(ahead: usize): void {
  memory.fill(ahead, 0, RECORD_BYTES);
}

/** Where a burst may leave what it has seen. */
// @ts-ignore: decorator
@inline export function sinkOf(ahead: usize): usize {
  return ahead + SEEN;
}

/** Ask for `bytes` from `at` while as many bytes of packed filters are multiplied, each by so many `tiles`. */
export function askWhile(ahead: usize, at: usize, bytes: i32, tiles: i32): void {
  store<u32>(ahead, tiles < LEAST_TILES ? 0 : 64 * tiles, PACE);
  store<u32>(ahead, <u32>at, AT);
  store<u32>(ahead, <u32>(at + <usize>bytes), END);
}

/** For the next line. Returns the bytes of packed filters until the one after it, 0 when there is none. */
// @ts-ignore: decorator
@inline export function askNext(ahead: usize): usize {
  const at = <usize>load<u32>(ahead, AT);
  store<i32>(ahead, load<i32>(at), SEEN);
  store<u32>(ahead, <u32>(at + 64), AT);
  if (at + 64 >= <usize>load<u32>(ahead, END)) store<u32>(ahead, 0, PACE);
  return <usize>load<u32>(ahead, PACE);
}

/** Bytes of packed filters that are used for each line, 0 where none is asked for. */
// @ts-ignore: decorator
@inline export function paceOf(ahead: usize): usize {
  return ahead ? <usize>load<u32>(ahead, PACE) : 0;
}
