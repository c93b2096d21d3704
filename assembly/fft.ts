/**
 * Discrete Fourier transforms of planes, lanes over independent transforms, in place and without reordering.
 *
 * A stage of radix r over blocks of n = r·m elements computes, for j = 0 … m − 1, with w = e^(−2πi/n):
 *
 *   forward    y[j + p·m] = w^(jp) · Σ_q e^(−2πi pq/r) · x[j + q·m]      (decimation in frequency: natural order → digits reversed)
 *   backward   y[j + q·m] = Σ_p e^(−2πi pq/r) · w^(jp) · x[j + p·m]      (decimation in time: digits reversed → natural order)
 *
 * Backward with real and imaginary parts exchanged is the conjugate, that is the inverse of forward up to the factor 1/N. What
 * is multiplied in between has its digits reversed in the same way, so nobody ever sorts them.
 *
 * An element is `vectors` vectors of real parts and, `im` bytes further, as many of imaginary parts; elements are `step` bytes
 * apart. Cost of radix 4: 28 operations on vectors for 4 elements and one vector, 8 loads, 8 stores, 6 splats.
 */
import { FFT_CONSTANTS, STAGE_BYTES, STAGE_LENGTH, STAGE_RADIX, STAGE_TWIDDLES, STAGES_COUNT, STAGES_FIRST, STAGES_POINTS } from "./args";
import { N1, N2, N3, N4, N5, N6 } from "./contract";
import { add, loadLanes, loadSplat, loadSplatAt, multiply, multiplyAdd, multiplySubtract, storeLanes, subtract, vectorBytes } from "./lanes";
import { word } from "./words";

export type Forward = N1;
export type Backward = N2;

/** One stage; `R` counts the radix. Reads at `from`, writes the same elements at `to`, which may be the same place. */
function stage<T, V, R, D>(
  from: usize, fromStep: i32, fromIm: i32, to: usize, toStep: i32, toIm: i32, blocks: i32, m: i32, twiddles: usize, constants: usize, vectors: i32,
): void {
  const r = lengthof<R>(), backward = lengthof<D>() == lengthof<Backward>();
  const vector = vectorBytes<T, V>();
  // The longer of the two loops goes inside.
  const along = m >= blocks, inner = along ? m : blocks, outer = along ? blocks : m;
  const turn = (r - 1) * 2 * <i32>sizeof<T>(), turnInner = along ? turn : 0, turnOuter = along ? 0 : turn;
  const stepInner = along ? 1 : r * m, stepOuter = along ? r * m : 1;
  const a = m * fromStep, b = m * toStep;

  for (let o = 0; o < outer; ++o, twiddles += turnOuter) {
    let p = from + <usize>(o * stepOuter * fromStep), s = to + <usize>(o * stepOuter * toStep), w = twiddles;
    for (let i = 0; i < inner; ++i, p += stepInner * fromStep, s += stepInner * toStep, w += turnInner) {
      for (let v = 0, x = p, y = s; v < vectors; ++v, x += vector, y += vector) {
        let x0 = loadLanes<T, V>(x), i0 = loadLanes<T, V>(x + fromIm);
        let x1 = loadLanes<T, V>(x + a), i1 = loadLanes<T, V>(x + a + fromIm);
        let x2 = x0, i2 = i0, x3 = x0, i3 = i0, x4 = x0, i4 = i0;
        if (r > 2) { x2 = loadLanes<T, V>(x + 2 * a); i2 = loadLanes<T, V>(x + 2 * a + fromIm); }
        if (r > 3) { x3 = loadLanes<T, V>(x + 3 * a); i3 = loadLanes<T, V>(x + 3 * a + fromIm); }
        if (r > 4) { x4 = loadLanes<T, V>(x + 4 * a); i4 = loadLanes<T, V>(x + 4 * a + fromIm); }
        if (backward) {
          let t = x1;
          x1 = real<T, V, N1, N2>(w, x1, i1); i1 = imaginary<T, V, N1, N2>(w, t, i1);
          if (r > 2) { t = x2; x2 = real<T, V, N3, N4>(w, x2, i2); i2 = imaginary<T, V, N3, N4>(w, t, i2); }
          if (r > 3) { t = x3; x3 = real<T, V, N5, N6>(w, x3, i3); i3 = imaginary<T, V, N5, N6>(w, t, i3); }
          if (r > 4) { t = x4; x4 = real<T, V, N1, N2>(w + 6 * sizeof<T>(), x4, i4); i4 = imaginary<T, V, N1, N2>(w + 6 * sizeof<T>(), t, i4); }
        }
        if (r == 2) {
          const t = x0, u = i0;
          x0 = add<T, V>(t, x1); i0 = add<T, V>(u, i1);
          x1 = subtract<T, V>(t, x1); i1 = subtract<T, V>(u, i1);
        }
        if (r == 3) {
          const half = loadSplatAt<T, V, N1>(constants), sine = loadSplatAt<T, V, N2>(constants);
          const t = add<T, V>(x1, x2), u = add<T, V>(i1, i2);
          const d = multiply<T, V>(sine, subtract<T, V>(x1, x2)), e = multiply<T, V>(sine, subtract<T, V>(i1, i2));
          const c = multiplySubtract<T, V>(half, t, x0), f = multiplySubtract<T, V>(half, u, i0);
          x0 = add<T, V>(x0, t); i0 = add<T, V>(i0, u);
          x1 = add<T, V>(c, e); i1 = subtract<T, V>(f, d);
          x2 = subtract<T, V>(c, e); i2 = add<T, V>(f, d);
        }
        if (r == 4) {
          let t = add<T, V>(x0, x2), u = subtract<T, V>(x0, x2), c = add<T, V>(x1, x3), d = subtract<T, V>(x1, x3);
          x0 = add<T, V>(t, c); x2 = subtract<T, V>(t, c);
          t = add<T, V>(i0, i2); c = add<T, V>(i1, i3);
          const e = subtract<T, V>(i0, i2), f = subtract<T, V>(i1, i3);
          i0 = add<T, V>(t, c); i2 = subtract<T, V>(t, c);
          x1 = add<T, V>(u, f); i1 = subtract<T, V>(e, d);
          x3 = subtract<T, V>(u, f); i3 = add<T, V>(e, d);
        }
        if (r == 5) {
          const c1 = loadSplatAt<T, V, N3>(constants), c2 = loadSplatAt<T, V, N4>(constants);
          const s1 = loadSplatAt<T, V, N5>(constants), s2 = loadSplatAt<T, V, N6>(constants);
          const t1 = add<T, V>(x1, x4), t2 = add<T, V>(x2, x3), t3 = subtract<T, V>(x1, x4), t4 = subtract<T, V>(x2, x3);
          const u1 = add<T, V>(i1, i4), u2 = add<T, V>(i2, i3), u3 = subtract<T, V>(i1, i4), u4 = subtract<T, V>(i2, i3);
          const m1 = multiplyAdd<T, V>(c2, t2, multiplyAdd<T, V>(c1, t1, x0)), n1 = multiplyAdd<T, V>(c2, u2, multiplyAdd<T, V>(c1, u1, i0));
          const m2 = multiplyAdd<T, V>(c1, t2, multiplyAdd<T, V>(c2, t1, x0)), n2 = multiplyAdd<T, V>(c1, u2, multiplyAdd<T, V>(c2, u1, i0));
          const m3 = multiplyAdd<T, V>(s2, t4, multiply<T, V>(s1, t3)), n3 = multiplyAdd<T, V>(s2, u4, multiply<T, V>(s1, u3));
          const m4 = multiplySubtract<T, V>(s1, t4, multiply<T, V>(s2, t3)), n4 = multiplySubtract<T, V>(s1, u4, multiply<T, V>(s2, u3));
          x0 = add<T, V>(x0, add<T, V>(t1, t2)); i0 = add<T, V>(i0, add<T, V>(u1, u2));
          x1 = add<T, V>(m1, n3); i1 = subtract<T, V>(n1, m3);
          x4 = subtract<T, V>(m1, n3); i4 = add<T, V>(n1, m3);
          x2 = add<T, V>(m2, n4); i2 = subtract<T, V>(n2, m4);
          x3 = subtract<T, V>(m2, n4); i3 = add<T, V>(n2, m4);
        }
        storeLanes<T, V>(y, x0); storeLanes<T, V>(y + toIm, i0);
        storeTurned<T, V, D, N1, N2>(y + b, toIm, w, x1, i1);
        if (r > 2) storeTurned<T, V, D, N3, N4>(y + 2 * b, toIm, w, x2, i2);
        if (r > 3) storeTurned<T, V, D, N5, N6>(y + 3 * b, toIm, w, x3, i3);
        if (r > 4) storeTurned<T, V, D, N1, N2>(y + 4 * b, toIm, w + 6 * sizeof<T>(), x4, i4);
      }
    }
  }
}

/** Real part of (x + i·y) times the twiddle whose parts stand at places A and B of w. */
// @ts-ignore: decorator
@inline function real<T, V, A, B>(w: usize, x: V, y: V): V {
  return multiplySubtract<T, V>(loadSplatAt<T, V, B>(w), y, multiply<T, V>(loadSplatAt<T, V, A>(w), x));
}

// @ts-ignore: decorator
@inline function imaginary<T, V, A, B>(w: usize, x: V, y: V): V {
  return multiplyAdd<T, V>(loadSplatAt<T, V, B>(w), x, multiply<T, V>(loadSplatAt<T, V, A>(w), y));
}

/** Forward stages turn what they write, backward ones have turned what they read. */
// @ts-ignore: decorator
@inline function storeTurned<T, V, D, A, B>(to: usize, im: i32, w: usize, x: V, y: V): void {
  if (lengthof<D>() == lengthof<Backward>()) {
    storeLanes<T, V>(to, x); storeLanes<T, V>(to + im, y);
  } else {
    storeLanes<T, V>(to, real<T, V, A, B>(w, x, y)); storeLanes<T, V>(to + im, imaginary<T, V, A, B>(w, x, y));
  }
}

/**
 * All stages of one axis: of `vectors` vectors side by side, at `at`. The stages between the first and the last work in `buffer`,
 * where elements follow each other. `table` is the transform (args.ts), `stages` its list for this axis.
 */
export function transform<T, V, D>(
  table: usize, stages: usize, at: usize, step: i32, im: i32, buffer: usize, bufferStep: i32, bufferIm: i32, vectors: i32,
): void {
  const count = word(stages, STAGES_COUNT), points = word(stages, STAGES_POINTS);
  const constants = table + <usize>word(table, FFT_CONSTANTS);
  for (let i = 0; i < count; ++i) {
    const entry = stages + STAGES_FIRST + <usize>(STAGE_BYTES * (lengthof<D>() == lengthof<Backward>() ? count - 1 - i : i));
    const radix = word(entry, STAGE_RADIX), length = word(entry, STAGE_LENGTH), m = length / radix, blocks = points / length;
    const twiddles = table + <usize>word(entry, STAGE_TWIDDLES);
    const opens = i == 0, closes = i == count - 1;
    const from = opens ? at : buffer, fromStep = opens ? step : bufferStep, fromIm = opens ? im : bufferIm;
    const to = closes ? at : buffer, toStep = closes ? step : bufferStep, toIm = closes ? im : bufferIm;
    switch (radix) {
      case 2: stage<T, V, N2, D>(from, fromStep, fromIm, to, toStep, toIm, blocks, m, twiddles, constants, vectors); break;
      case 3: stage<T, V, N3, D>(from, fromStep, fromIm, to, toStep, toIm, blocks, m, twiddles, constants, vectors); break;
      case 4: stage<T, V, N4, D>(from, fromStep, fromIm, to, toStep, toIm, blocks, m, twiddles, constants, vectors); break;
      default: stage<T, V, N5, D>(from, fromStep, fromIm, to, toStep, toIm, blocks, m, twiddles, constants, vectors);
    }
  }
}

/** `points` complex numbers at `to` become their products with those at `from`: pairs of vectors, real and imaginary parts. */
export function multiplySpectra<T, V>(from: usize, other: usize, to: usize, points: i32): void {
  const vector = <usize>vectorBytes<T, V>();
  for (let i = 0; i < points; ++i, from += 2 * vector, other += 2 * vector, to += 2 * vector) {
    const x = loadLanes<T, V>(from), y = loadLanes<T, V>(from + vector), c = loadLanes<T, V>(other), d = loadLanes<T, V>(other + vector);
    storeLanes<T, V>(to, multiplySubtract<T, V>(y, d, multiply<T, V>(x, c)));
    storeLanes<T, V>(to + vector, multiplyAdd<T, V>(x, d, multiply<T, V>(y, c)));
  }
}
