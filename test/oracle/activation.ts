// tanh and sigmoid to far more digits than a double has, in fixed-point BigInt arithmetic, and the distance of a
// float from them in units in the last place. A number is an integer times 2^-bits.

const bits = 1400n; // the smallest double is 2^-1074; 300 more for relative precision
const one = 1n << bits;

/** A double as fixed point, exactly. */
export function fixed(x: number): bigint {
  if (x === 0) return 0n;
  const word = new DataView(new ArrayBuffer(8));
  word.setFloat64(0, x);
  const raw = word.getBigUint64(0);
  const exponent = (raw >> 52n) & 0x7ffn;
  const fraction = raw & ((1n << 52n) - 1n);
  const mantissa = exponent === 0n ? fraction : fraction | (1n << 52n);
  const shift = bits - 1074n + (exponent === 0n ? 0n : exponent - 1n);
  const value = shift >= 0n ? mantissa << shift : mantissa >> -shift;
  return raw >> 63n ? -value : value;
}

/** e^x for a fixed-point x: halved until small, Taylor's series, squared back. */
function exponential(x: bigint): bigint {
  if (x < 0n) return (one * one) / exponential(-x);
  let halvings = 0n;
  while (x >> halvings > one >> 12n) halvings++;
  const z = x >> halvings;
  let term = one;
  let sum = one;
  for (let k = 1n; term !== 0n; k++) {
    term = ((term * z) >> bits) / k;
    sum += term;
  }
  for (; halvings > 0n; halvings--) sum = (sum * sum) >> bits;
  return sum;
}

export function sigmoidFixed(x: number): bigint {
  if (x >= 0) return (one * one) / (one + exponential(fixed(-x)));
  const e = exponential(fixed(x));
  return (e << bits) / (one + e);
}

export function tanhFixed(x: number): bigint {
  if (x < 0) return -tanhFixed(-x);
  if (x > 2 ** -10) {
    const e = exponential(fixed(2 * x));
    return ((e - one) << bits) / (e + one);
  }
  // sinh / cosh by their series: no cancellation near 0.
  const z = fixed(x);
  const square = (z * z) >> bits;
  let [sinh, cosh] = [0n, 0n];
  let [odd, even] = [z, one];
  for (let k = 1n; odd !== 0n || even !== 0n; k += 2n) {
    sinh += odd;
    cosh += even;
    even = ((even * square) >> bits) / (k * (k + 1n));
    odd = ((odd * square) >> bits) / ((k + 1n) * (k + 2n));
  }
  return (sinh << bits) / cosh;
}

/** |got − want| in units in the last place of `want`, for a format of `digits` binary digits and least exponent. */
export function ulps(got: number, want: bigint, dtype: "float32" | "float64"): number {
  const [digits, least] = dtype === "float32" ? [24n, -149n] : [53n, -1074n];
  const magnitude = want < 0n ? -want : want;
  const exponent = BigInt(magnitude.toString(2).length) - digits; // of one ulp, in fixed-point bits
  const ulp = exponent > least + bits ? exponent : least + bits;
  const error = fixed(got) - want;
  return Number(((error < 0n ? -error : error) * 1024n) >> ulp) / 1024;
}
