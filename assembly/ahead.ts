/**
 * Lines of memory asked for together, before they are used. A processor that meets them one by one, in between arithmetic, waits for each:
 * it does not look far enough ahead, and its prefetcher stops at the end of a page. There is no instruction for it; a load of every line will do.
 */

/** `bytes` from `at`. `sink` takes a word that depends on all of them, or no engine would load them. */
export function fetchLines(at: usize, bytes: i32, sink: usize): void {
  let seen = 0;
  for (const end = at + <usize>bytes; at < end; at += 64) seen ^= load<i32>(at);
  store<i32>(sink, seen);
}
