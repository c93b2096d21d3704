// Repeats one failing problem:  npx tsx test/replay.ts '{"spec":{…},"how":{…}}'  (the line a failure prints).
// Prints where the library and the oracle part, and by how much; the exit code says whether they do.
import { setFlagsFromString } from "node:v8";
import { createEngine } from "simdconv";
import { at, firstDifference } from "./support/compare.ts";
import { compute, damageTo, expected, type How, numbers, operandsOf, type Spec } from "./support/spec.ts";

async function replay({ spec, how }: { spec: Spec; how: How }): Promise<boolean> {
  if (how.binary === "relaxed" && Number(process.versions.node.split(".")[0]) < 22) {
    setFlagsFromString("--experimental-wasm-relaxed-simd");
  }
  await using engine = await createEngine({ binary: how.binary as "simd" });
  const problem = numbers(spec);
  const want = expected(problem);
  const operands = operandsOf(problem);
  const got = await compute(engine, spec, operands, how);
  const rounded = problem.dtype === "float32" ? Float64Array.from(Float32Array.from(want.y)) : want.y;
  const first = firstDifference(got, rounded);
  let [differ, worst] = [0, 0];
  got.forEach((value, i) => {
    if (!Object.is(value, rounded[i])) differ++;
    worst = Math.max(worst, Math.abs(value - want.y[i]!));
  });
  console.log(`output [${problem.shape}], ${differ} of ${got.length} elements differ, largest error ${worst}`);
  if (first >= 0)
    console.log(`first: out${at(problem.shape, first)} is ${got[first]}, the oracle says ${rounded[first]}`);
  const damage = damageTo(operands);
  if (damage) console.log(`damage: ${damage}`);
  return first < 0 && !damage;
}

const [given] = process.argv.slice(2);
if (!given) throw new Error(`usage: npx tsx test/replay.ts '{"spec":{…},"how":{…}}'`);
process.exitCode = (await replay(JSON.parse(given))) ? 0 : 1;
