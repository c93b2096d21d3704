/**
 * Lines of memory asked for together, before they are used. A processor that meets them one by one, in between arithmetic, waits for each:
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
