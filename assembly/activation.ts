/**
 * Bias is added and the activation applied where an output tile is stored. tanh and sigmoid are computed in double
 * precision for both element types: for f32 the result is then within 0.51 ulp, and one formula serves both.
 *
 * The formula is Lambert's continued fraction tanh t = t/(1 + t²/(3 + t²/(5 + …))) cut after 17, written as t − t³·P/Q so
 * that the rounding of P/Q is scaled by t²/3. Its truncation error is below t^18 / ((17!!)²·19), 1e-21 at t = 0.55.
 *   exp(−a) = 2^k · (1 + t)/(1 − t),  t = tanh(r/2),  r = −a − k·ln 2,  |r| ≤ ln 2 / 2   (addition theorem)
 *   tanh a = 1 − 2e/(1 + e) with e = exp(−2a) for a > 0.55;  sigmoid(a) = 1/(1 + e), sigmoid(−a) = e/(1 + e), e = exp(−a)
 */
import { ACTIVATION_RELU, ACTIVATION_TANH } from "./args";
import {
  absolute, add, divide, minimum, multiply, narrow, positivePart, powerOfTwo, roundEven, splat, subtract, whereLess, widenHigh,
  widenLow, withSign,
} from "./lanes";

/** a·b + c, rounded twice in every binary: the error analysis above is that of plain arithmetic. */
// @ts-ignore: decorator
@inline function mulAdd<D>(a: D, b: D, c: f64): D {
  return add<f64, D>(multiply<f64, D>(a, b), splat<f64, D>(c));
}

/** t³·P(t²)/Q(t²) = t − tanh t, for |t| ≤ 0.55. */
// @ts-ignore: decorator
@inline function tanhDefect<D>(t: D): D {
  const u = multiply<f64, D>(t, t);
  const p = mulAdd<D>(mulAdd<D>(mulAdd<D>(splat<f64, D>(44), u, 12870), u, 810810), u, 11486475);
  const q = mulAdd<D>(mulAdd<D>(mulAdd<D>(mulAdd<D>(splat<f64, D>(45), u, 13860), u, 945945), u, 16216200), u, 34459425);
  return divide<f64, D>(multiply<f64, D>(multiply<f64, D>(t, u), p), q);
}

/** exp(r) − 1 = 2t/(1 − t), t = tanh(r/2), for the reduced argument r of exp(−a), a ≥ 0. */
// @ts-ignore: decorator
@inline function expMinusOne<D>(x: D, k: D): D {
  // ln 2 in two parts, the first with 32 significant bits, so that k times it is exact.
  const r = subtract<f64, D>(
    multiply<f64, D>(k, splat<f64, D>(1.90821492927058770002e-10)),
    subtract<f64, D>(x, multiply<f64, D>(k, splat<f64, D>(6.93147180369123816490e-1))),
  );
  const half = multiply<f64, D>(r, splat<f64, D>(0.5));
  const t = subtract<f64, D>(half, tanhDefect<D>(half));
  return divide<f64, D>(add<f64, D>(t, t), subtract<f64, D>(splat<f64, D>(1), t));
}

/** Beyond 750 exp(−a) is 0 in double precision. */
// @ts-ignore: decorator
@inline function bounded<D>(a: D): D {
  return minimum<f64, D>(a, splat<f64, D>(750));
}

/** The k of a = k·ln 2 − r. */
// @ts-ignore: decorator
@inline function halvings<D>(a: D): D {
  return roundEven<f64, D>(multiply<f64, D>(a, splat<f64, D>(1.4426950408889634)));
}

/** v · 2^−k, in two steps, so that neither power leaves the normal range. */
// @ts-ignore: decorator
@inline function scaled<D>(v: D, k: D): D {
  const k1 = roundEven<f64, D>(multiply<f64, D>(k, splat<f64, D>(-0.5)));
  const k2 = subtract<f64, D>(subtract<f64, D>(splat<f64, D>(0), k), k1);
  return multiply<f64, D>(multiply<f64, D>(v, powerOfTwo<D>(k1)), powerOfTwo<D>(k2));
}

function tanhOf<D>(x: D): D {
  const a = absolute<f64, D>(x), one = splat<f64, D>(1), two = bounded<D>(add<f64, D>(a, a)), k = halvings<D>(two);
  const e = scaled<D>(add<f64, D>(one, expMinusOne<D>(two, k)), k);
  const small = subtract<f64, D>(a, tanhDefect<D>(a));
  const large = subtract<f64, D>(one, divide<f64, D>(add<f64, D>(e, e), add<f64, D>(one, e)));
  return withSign<f64, D>(whereLess<f64, D>(a, splat<f64, D>(0.55), small, large), x);
}

/**
 * n/(1 + e), n = 1 or e. The roundings of e and of 1 + e are kept (e + eLow, d + dLow; each exact because the first summand is
 * the larger) and put back: (n + nLow)/(d + dLow) = q + (nLow − q·dLow)/d for q = n/d, to first order.
 */
function sigmoidOf<D>(x: D): D {
  const one = splat<f64, D>(1), zero = splat<f64, D>(0), a = bounded<D>(absolute<f64, D>(x)), k = halvings<D>(a);
  const m = expMinusOne<D>(a, k), sum = add<f64, D>(one, m);
  const e = scaled<D>(sum, k), eLow = scaled<D>(subtract<f64, D>(m, subtract<f64, D>(sum, one)), k);
  const d = add<f64, D>(one, e), dLow = add<f64, D>(subtract<f64, D>(e, subtract<f64, D>(d, one)), eLow);
  const q = divide<f64, D>(whereLess<f64, D>(x, zero, e, one), d);
  const rest = subtract<f64, D>(whereLess<f64, D>(x, zero, eLow, zero), multiply<f64, D>(q, dLow));
  return add<f64, D>(q, divide<f64, D>(rest, d));
}

// @ts-ignore: decorator
@inline function smooth<D>(v: D, kind: i32): D {
  return kind == ACTIVATION_TANH ? tanhOf<D>(v) : sigmoidOf<D>(v);
}

/** The activation of one vector. NaN stays NaN, tanh(±0) is ±0, relu(−0) is 0. */
// @ts-ignore: decorator
@inline export function activate<T, V>(v: V, kind: i32): V {
  return kind == ACTIVATION_RELU ? positivePart<T, V>(v) : smoothed<T, V>(v, kind);
}

function smoothed<T, V>(v: V, kind: i32): V {
  if (sizeof<T>() == 8) return smooth<V>(v, kind);
  if (isVector<V>()) return narrow(smooth<v128>(widenLow<V>(v), kind), smooth<v128>(widenHigh<V>(v), kind));
  return <V>smooth<f64>(<f64>v, kind);
}
