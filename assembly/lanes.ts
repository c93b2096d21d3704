/**
 * The vector vocabulary: a lane type `V` is the vector of the binary (`v128`) or the element itself, and `T` is the
 * element (f32 or f64). This is the only file that names v128 or asks for a compiler feature; every branch below is
 * decided while compiling, so the scalar binary holds no vector type and the others no dead path.
 */

/** The vector type of the vector binaries. */
export type Vector = v128;
/** Whether this binary has vectors. */
// @ts-ignore: decorator
@inline export const VECTORS: bool = ASC_FEATURE_SIMD;
/** Whether its multiply-add is one instruction. */
// @ts-ignore: decorator
@inline export const FUSED: bool = ASC_FEATURE_RELAXED_SIMD;

/** Elements of T in one V. */
// @ts-ignore: decorator
@inline export function lanes<T, V>(): i32 {
  return isVector<V>() ? 16 / <i32>sizeof<T>() : 1;
}

/** Bytes of one V. */
// @ts-ignore: decorator
@inline export function vectorBytes<T, V>(): i32 {
  return isVector<V>() ? 16 : <i32>sizeof<T>();
}

// @ts-ignore: decorator
@inline export function loadLanes<T, V>(p: usize): V {
  if (isVector<V>()) return v128.load(p);
  return load<T>(p);
}

/** The V that follows the one at p. Offsets that are immediates of the instruction cost nothing. */
// @ts-ignore: decorator
@inline export function loadNextLanes<T, V>(p: usize): V {
  if (isVector<V>()) return v128.load(p, 16);
  return load<T>(p, sizeof<T>());
}

// @ts-ignore: decorator
@inline export function storeLanes<T, V>(p: usize, v: V): void {
  if (isVector<V>()) v128.store(p, v);
  else store<T>(p, v);
}

// @ts-ignore: decorator
@inline export function storeNextLanes<T, V>(p: usize, v: V): void {
  if (isVector<V>()) v128.store(p, v, 16);
  else store<T>(p, v, sizeof<T>());
}

/** The lanes of four f32, each to a place of its own. */
// @ts-ignore: decorator
@inline export function storeApart<V>(p: usize, q: usize, r: usize, s: usize, v: V): void {
  if (isVector<V>()) {
    v128.store_lane<f32>(p, v, 0);
    v128.store_lane<f32>(q, v, 1);
    v128.store_lane<f32>(r, v, 2);
    v128.store_lane<f32>(s, v, 3);
  } else {
    store<f32>(p, v);
  }
}

/** Lanes 0, 2, 4, … of two vectors that follow each other at p. A scalar is its own lane 0. */
// @ts-ignore: decorator
@inline export function loadEvenLanes<T, V>(p: usize): V {
  if (isVector<V>()) {
    const a = v128.load(p), b = v128.load(p, 16);
    if (sizeof<T>() == 4) return i8x16.shuffle(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
    return i8x16.shuffle(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
  }
  return load<T>(p);
}

/** Elements 1, 3, … of two vectors that follow each other in memory. */
// @ts-ignore: decorator
@inline export function oddLanes<T, V>(a: V, b: V): V {
  if (!isVector<V>()) return b;
  return sizeof<T>() == 4 ? v128.shuffle<f32>(a, b, 1, 3, 5, 7) : v128.shuffle<f64>(a, b, 1, 3);
}

/** Elements 0, 2, … of them. */
// @ts-ignore: decorator
@inline export function evenLanes<T, V>(a: V, b: V): V {
  if (!isVector<V>()) return a;
  return sizeof<T>() == 4 ? v128.shuffle<f32>(a, b, 0, 2, 4, 6) : v128.shuffle<f64>(a, b, 0, 2);
}

/** One element in every lane. */
// @ts-ignore: decorator
@inline export function splat<T, V>(value: T): V {
  if (isVector<V>()) return v128.splat<T>(value);
  return value;
}

/** The element at p in every lane: a single instruction, unlike load and splat. */
// @ts-ignore: decorator
@inline export function loadSplat<T, V>(p: usize): V {
  if (isVector<V>()) return sizeof<T>() == 4 ? v128.load32_splat(p) : v128.load64_splat(p);
  return load<T>(p);
}

/** Element `lengthof<I>() − 1` of those at p in every lane. */
// @ts-ignore: decorator
@inline export function loadSplatAt<T, V, I>(p: usize): V {
  if (isVector<V>()) {
    if (sizeof<T>() == 4) return v128.load32_splat(p, (lengthof<I>() - 1) * sizeof<T>());
    return v128.load64_splat(p, (lengthof<I>() - 1) * sizeof<T>());
  }
  return load<T>(p, (lengthof<I>() - 1) * sizeof<T>());
}

/** a·b + c. Rounded once by the relaxed binary where the machine can, twice by the others. */
// @ts-ignore: decorator
@inline export function multiplyAdd<T, V>(a: V, b: V, c: V): V {
  if (isVector<V>()) {
    if (ASC_FEATURE_RELAXED_SIMD) {
      return sizeof<T>() == 4 ? f32x4.relaxed_madd(a, b, c) : f64x2.relaxed_madd(a, b, c);
    }
    return v128.add<T>(v128.mul<T>(a, b), c);
  }
  return a * b + c;
}

/** c − a·b, rounded like `multiplyAdd`. */
// @ts-ignore: decorator
@inline export function multiplySubtract<T, V>(a: V, b: V, c: V): V {
  if (isVector<V>()) {
    if (ASC_FEATURE_RELAXED_SIMD) {
      return sizeof<T>() == 4 ? f32x4.relaxed_nmadd(a, b, c) : f64x2.relaxed_nmadd(a, b, c);
    }
    return v128.sub<T>(c, v128.mul<T>(a, b));
  }
  return c - a * b;
}

// @ts-ignore: decorator
@inline export function add<T, V>(a: V, b: V): V {
  if (isVector<V>()) return v128.add<T>(a, b);
  return a + b;
}

// @ts-ignore: decorator
@inline export function subtract<T, V>(a: V, b: V): V {
  if (isVector<V>()) return v128.sub<T>(a, b);
  return a - b;
}

// @ts-ignore: decorator
@inline export function multiply<T, V>(a: V, b: V): V {
  if (isVector<V>()) return v128.mul<T>(a, b);
  return a * b;
}

// @ts-ignore: decorator
@inline export function divide<T, V>(a: V, b: V): V {
  if (isVector<V>()) return v128.div<T>(a, b);
  return a / b;
}

/** The larger, NaN if either is NaN. */
// @ts-ignore: decorator
@inline export function maximum<T, V>(a: V, b: V): V {
  if (isVector<V>()) return v128.max<T>(a, b);
  return max<T>(a, b);
}

/** The larger of v and 0; NaN stays NaN, and −0 is 0. A pseudo-maximum is one instruction where a maximum is six, and 0 + −0 is 0. */
// @ts-ignore: decorator
@inline export function positivePart<T, V>(v: V): V {
  const zero = splat<T, V>(0);
  if (isVector<V>()) return v128.pmax<T>(add<T, V>(v, zero), zero);
  return max<T>(v, zero);
}

/** The smaller, NaN if either is NaN. */
// @ts-ignore: decorator
@inline export function minimum<T, V>(a: V, b: V): V {
  if (isVector<V>()) return v128.min<T>(a, b);
  return min<T>(a, b);
}

// @ts-ignore: decorator
@inline export function absolute<T, V>(a: V): V {
  if (isVector<V>()) return v128.abs<T>(a);
  return abs<T>(a);
}

/** The lanes whose bits are set in the mask; the others 0. A scalar is always there. */
// @ts-ignore: decorator
@inline export function masked<T, V>(a: V, mask: V): V {
  if (isVector<V>()) return v128.and(a, mask);
  return a;
}

/** Round to the nearest integer, ties to even. */
// @ts-ignore: decorator
@inline export function roundEven<T, V>(a: V): V {
  if (isVector<V>()) return v128.nearest<T>(a);
  return nearest<T>(a);
}

/** Lane by lane: `a < b ? yes : no`. */
// @ts-ignore: decorator
@inline export function whereLess<T, V>(a: V, b: V, yes: V, no: V): V {
  if (isVector<V>()) return v128.bitselect(yes, no, v128.lt<T>(a, b));
  return a < b ? yes : no;
}

/** The magnitude of the first with the sign of the second. */
// @ts-ignore: decorator
@inline export function withSign<T, V>(magnitude: V, sign: V): V {
  if (isVector<V>()) return v128.bitselect(magnitude, sign, v128.abs<T>(i64x2.splat(-1)));
  return copysign<T>(magnitude, sign);
}

/** 2^k for an integral double k in [-1022, 1023]: k + 1023 stands in the low bits of k + 1.5·2^52 + 1023, and moves up. */
// @ts-ignore: decorator
@inline export function powerOfTwo<V>(k: V): V {
  const magic: f64 = 6755399441055744.0 + 1023.0;
  if (isVector<V>()) return i64x2.shl(f64x2.add(k, f64x2.splat(magic)), 52);
  return reinterpret<f64>(reinterpret<i64>(<f64>k + magic) << 52);
}

/** The two lower (or upper) f32 lanes as doubles. A scalar is its own lower half. */
// @ts-ignore: decorator
@inline export function widenLow<V>(a: v128): v128 {
  return f64x2.promote_low_f32x4(a);
}

// @ts-ignore: decorator
@inline export function widenHigh<V>(a: v128): v128 {
  return f64x2.promote_low_f32x4(i8x16.shuffle(a, a, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
}

// @ts-ignore: decorator
@inline export function narrow(low: v128, high: v128): v128 {
  return i8x16.shuffle(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high),
    0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
}

/** a0 b0 a1 b1 of the lanes of two vectors of four; a2 b2 a3 b3. */
// @ts-ignore: decorator
@inline export function interleaveLow(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
}

// @ts-ignore: decorator
@inline export function interleaveHigh(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
}

/** The lower, the upper halves of two vectors. */
// @ts-ignore: decorator
@inline export function joinLow(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
}

// @ts-ignore: decorator
@inline export function joinHigh(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
}

/** A square of L × L elements, L the lanes of V: its rows at `from`, `fromPitch` bytes apart, become columns at `to`. */
// @ts-ignore: decorator
@inline export function transpose<T, V>(from: usize, fromPitch: usize, to: usize, toPitch: usize): void {
  transposeRows<T, V>(from, from + fromPitch, from + 2 * fromPitch, from + 3 * fromPitch, to, toPitch);
}

/** The same for rows that stand anywhere; of two lanes the first two. */
// @ts-ignore: decorator
@inline export function transposeRows<T, V>(p: usize, q: usize, r: usize, s: usize, to: usize, toPitch: usize): void {
  if (!isVector<V>()) {
    store<T>(to, load<T>(p));
  } else if (sizeof<T>() == 8) {
    const a = v128.load(p), b = v128.load(q);
    v128.store(to, joinLow(a, b));
    v128.store(to + toPitch, joinHigh(a, b));
  } else {
    const a = v128.load(p), b = v128.load(q), c = v128.load(r), d = v128.load(s);
    const ab = interleaveLow(a, b), cd = interleaveLow(c, d);
    v128.store(to, joinLow(ab, cd));
    v128.store(to + toPitch, joinHigh(ab, cd));
    const ef = interleaveHigh(a, b), gh = interleaveHigh(c, d);
    v128.store(to + 2 * toPitch, joinLow(ef, gh));
    v128.store(to + 3 * toPitch, joinHigh(ef, gh));
  }
}
