// The fused activations, seen through a 1x1 convolution with filter 1: relu exact, tanh and sigmoid within 2 units in
// the last place over a dense sample of the floats, special values, saturation, and the seams near 0.5.
import { describe, expect, it } from "vitest";
import { sigmoidFixed, tanhFixed, ulps } from "../oracle/activation.ts";
import { enginesOfThisFile } from "../support/engines.ts";
import { forms } from "../support/forms.ts";
import type { DType } from "../support/place.ts";
import { integer, random } from "../support/random.ts";
import { countCalls, note } from "../support/record.ts";
import type { Activation, Engine } from "../support/spec.ts";

const engines = await enginesOfThisFile();
const dtypes = ["float32", "float64"] as const;
const special = [
  0,
  1,
  0.5,
  0.549306144334,
  0.625,
  0.25,
  2,
  9,
  9.01,
  15,
  16.6,
  17,
  18.7,
  19.1,
  20,
  22,
  36.7,
  37,
  38,
  40,
  87.3,
  88.7,
  88.8,
  89,
  100,
  103.9,
  104,
  150,
  708.3,
  709.7,
  709.8,
  744.4,
  745.1,
  745.2,
  746,
  1000,
  1e10,
  1e38,
  2 ** -30,
  2 ** -126,
  2 ** -149,
  2 ** -140,
];

async function activate(
  engine: Engine,
  values: ArrayLike<number>,
  dtype: DType,
  activation: Activation,
  form = "auto",
) {
  const Floats = dtype === "float32" ? Float32Array : Float64Array;
  const input = { data: Floats.from(values), shape: [1, 1, 1, values.length] };
  const one = { data: Floats.of(1), shape: [1, 1, 1, 1] };
  const { data } = await engine.nnet.conv2d(input, one, { activation, ...forms[form].options });
  return data;
}

/** Points around the special values, random ones at every scale, and every `step`-th float32 where asked. */
function sample(dtype: DType, count: number): Float64Array {
  const next = random(11);
  const points = special.flatMap((x) => [x, x * (1 + 2 ** -20), x * (1 - 2 ** -20), x + 2 ** -40, x - 2 ** -40]);
  for (let i = 0; i < count; i++) points.push((1 + next()) * 2 ** integer(next, -40, 9));
  for (let i = 0; i < count; i++) points.push(next() * 25);
  for (let i = 0; i < 4 * count; i++) points.push(next() * 10); // where e^x and 1 + e^x both round
  points.push(2.7163171502928343, 7.950828435615982); // a naive float64 sigmoid of their negatives is 2.1 ulp off
  if (dtype === "float64") points.push(2 ** -1074, 2 ** -1022, 3e-310, 2 ** -1000, 1e300);
  const rounded = dtype === "float32" ? Float64Array.from(Float32Array.from(points)) : Float64Array.from(points);
  return Float64Array.from([...rounded, ...rounded.map((x) => -x)]);
}

for (const binary of engines.binaries) {
  describe(binary, () => {
    for (const dtype of dtypes) {
      it(`${dtype} special values`, async (test) => {
        const engine = await engines.get(binary);
        const x = [0, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, -5, 5];
        for (const form of ["auto", "direct pixels", "direct filters", "depthwise"]) {
          countCalls(test, binary, 4);
          const got = async (activation: Activation) => [...(await activate(engine, x, dtype, activation, form))];
          // A sum starts from +0, so an input of -0 arrives as +0.
          expect(await got("linear")).toEqual([0, 0, Infinity, -Infinity, NaN, -5, 5]);
          expect(await got("relu")).toEqual([0, 0, Infinity, 0, NaN, 0, 5]);
          expect((await got("tanh")).slice(0, 5)).toEqual([0, 0, 1, -1, NaN]);
          expect((await got("sigmoid")).slice(0, 5)).toEqual([0.5, 0.5, 1, 0, NaN]);
        }
      });

      for (const [name, reference] of [
        ["tanh", tanhFixed],
        ["sigmoid", sigmoidFixed],
      ] as const) {
        it(`${dtype} ${name} within 2 ulp`, async (test) => {
          const engine = await engines.get(binary);
          const points = sample(dtype, 700);
          const got = await activate(engine, points, dtype, name);
          let worst = { ulps: 0, x: 0, got: 0 };
          for (let i = 0; i < points.length; i++) {
            const error = ulps(got[i]!, referenceOf(name, points[i]!, reference), dtype);
            if (error > worst.ulps) worst = { ulps: error, x: points[i]!, got: got[i]! };
          }
          countCalls(test, binary);
          note(
            test,
            `${binary} ${dtype} ${name}: worst ${worst.ulps.toFixed(2)} ulp of ${points.length} points, at ${worst.x}`,
          );
          expect(worst.ulps, `${name}(${worst.x}) gave ${worst.got}`).toBeLessThanOrEqual(2);
        });
      }
    }

    it("float32, every 16,381st float there is: within 2 ulp of float64's Math", async (test) => {
      const engine = await engines.get(binary);
      const raw = Uint32Array.from({ length: Math.floor(2 ** 32 / 16381) }, (_, i) => i * 16381);
      const points = new Float32Array(raw.buffer);
      const exact = {
        relu: (x: number) => Math.max(x, 0),
        tanh: Math.tanh,
        sigmoid: (x: number) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x))),
      };
      for (const [name, f] of Object.entries(exact)) {
        const got = await activate(engine, points, "float32", name as Activation);
        const bad = points.findIndex((x, i) => distance(got[i]!, f(x)) > (name === "relu" ? 0 : 2));
        expect(bad, `${name}(${points[bad]}) gave ${got[bad]}, must be near ${f(points[bad]!)}`).toBe(-1);
        countCalls(test, binary);
      }
    });
  });
}

// The reference does not depend on the binary: computed once.
const known = new Map<string, bigint>();
function referenceOf(name: string, x: number, f: (x: number) => bigint): bigint {
  const key = `${name} ${x}`;
  const value = known.get(key) ?? f(Math.max(-1e4, Math.min(1e4, x))); // constant to 1400 bits beyond
  known.set(key, value);
  return value;
}

/** Distance of a float32 from a double, in float32 ulps of the latter. */
function distance(got: number, want: number): number {
  if (Number.isNaN(want)) return Number.isNaN(got) ? 0 : Infinity;
  if (got === want) return 0;
  const exponent = Math.max(-126, Math.floor(Math.log2(Math.abs(want))));
  return Math.abs(got - want) / 2 ** (exponent - 23);
}
