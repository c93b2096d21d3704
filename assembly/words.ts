/** Reading argument blocks. */

// @ts-ignore: decorator
@inline export function word(block: usize, offset: i32): i32 {
  return load<i32>(block + <usize>offset);
}

/** Entry i of a table of words. */
// @ts-ignore: decorator
@inline export function entry(table: usize, i: i32): i32 {
  return load<i32>(table + (<usize>i << 2));
}

/** ⌈a / b⌉ for a ≥ 0, b > 0. */
// @ts-ignore: decorator
@inline export function ceilDivide(a: i32, b: i32): i32 {
  return (a + b - 1) / b;
}
