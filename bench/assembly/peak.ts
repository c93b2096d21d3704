// The register peak: multiply-adds on accumulators that never leave their registers. No kernel of the same binary can be
// faster, so this is what its fractions are counted against. No memory, no import, no state.
//
// Two widths, because the best one differs by binary and engine: 12 accumulators and two factors fit V8's 15 registers
// with a temporary to spare, 14 hide the longer chain of mul + add. Work of one call: rounds × accumulators × lanes
// multiply-adds.
//
// Plain steps are c·a + b, not c + a·b: there the product does not depend on the loop and would be taken out of it. The
// fused step is one instruction and cannot be split. `a` and `b` are arguments, so that V8 has no constant to rebuild.

/** Lanes of one accumulator. */
export function lanes(): i32 {
  return ASC_FEATURE_SIMD ? 4 : 1;
}

export function peak12(rounds: i32, a: f32, b: f32): f32 {
  if (ASC_FEATURE_SIMD) return run<v128>(rounds, a, b, false);
  return run<f32>(rounds, a, b, false);
}

export function peak14(rounds: i32, a: f32, b: f32): f32 {
  if (ASC_FEATURE_SIMD) return run<v128>(rounds, a, b, true);
  return run<f32>(rounds, a, b, true);
}

// @ts-ignore: decorator
@inline function run<V>(rounds: i32, x: f32, y: f32, wide: bool): f32 {
  const a = splat<V>(x), b = splat<V>(y);
  // Different starting values: equal accumulators could be merged into one.
  let c0 = splat<V>(x), c1 = splat<V>(x + 1), c2 = splat<V>(x + 2), c3 = splat<V>(x + 3);
  let c4 = splat<V>(x + 4), c5 = splat<V>(x + 5), c6 = splat<V>(x + 6), c7 = splat<V>(x + 7);
  let c8 = splat<V>(x + 8), c9 = splat<V>(x + 9), c10 = splat<V>(x + 10), c11 = splat<V>(x + 11);
  let c12 = splat<V>(x + 12), c13 = splat<V>(x + 13);
  for (let r = 0; r < rounds; r++) {
    c0 = step<V>(a, b, c0);
    c1 = step<V>(a, b, c1);
    c2 = step<V>(a, b, c2);
    c3 = step<V>(a, b, c3);
    c4 = step<V>(a, b, c4);
    c5 = step<V>(a, b, c5);
    c6 = step<V>(a, b, c6);
    c7 = step<V>(a, b, c7);
    c8 = step<V>(a, b, c8);
    c9 = step<V>(a, b, c9);
    c10 = step<V>(a, b, c10);
    c11 = step<V>(a, b, c11);
    if (wide) {
      c12 = step<V>(a, b, c12);
      c13 = step<V>(a, b, c13);
    }
  }
  const low = add<V>(add<V>(add<V>(c0, c1), add<V>(c2, c3)), add<V>(c4, c5));
  const high = add<V>(add<V>(add<V>(c6, c7), add<V>(c8, c9)), add<V>(c10, c11));
  return sum<V>(add<V>(add<V>(low, high), add<V>(c12, c13)));
}

// @ts-ignore: decorator
@inline function step<V>(a: V, b: V, c: V): V {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  else if (ASC_FEATURE_SIMD) return f32x4.add(f32x4.mul(c, a), b);
  else return c * a + b;
}

// @ts-ignore: decorator
@inline function splat<V>(x: f32): V {
  if (ASC_FEATURE_SIMD) return f32x4.splat(x);
  else return x;
}

// @ts-ignore: decorator
@inline function add<V>(a: V, b: V): V {
  if (ASC_FEATURE_SIMD) return f32x4.add(a, b);
  else return a + b;
}

// @ts-ignore: decorator
@inline function sum<V>(a: V): f32 {
  if (ASC_FEATURE_SIMD) {
    return f32x4.extract_lane(a, 0) + f32x4.extract_lane(a, 1) + f32x4.extract_lane(a, 2) + f32x4.extract_lane(a, 3);
  } else return a;
}
