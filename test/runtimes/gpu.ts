// On this runtime's WebGPU: every golden case in float32, every op on tensors that stay there, and random problems of integers, which must be exact. Run as a program,
// because a driver may crash and must not take a suite along. SEED repeats the random problems of an earlier run.
import { goldenUrl, loadGolden } from "../golden/load.ts";
import { gpuForms, runGolden } from "../golden/run.ts";
import { checkExact, gpuForm } from "../support/exact.ts";
import { checkOnGpu } from "../support/on-gpu.ts";
import { opNames } from "../support/ops.ts";
import { environment } from "../support/runtime.ts";
import type { Engine } from "../support/spec.ts";
import { createEngine } from "./library.ts";

/** Of each op. */
const CASES = 20;

const engine = (await createEngine({ device: "webgpu", workers: 0 })) as Engine;
const { gpu } = engine.capabilities().using;
console.log(`adapter: ${gpu}`);
const { calls, failures } = await runGolden(await loadGolden(goldenUrl()), engine, "webgpu", gpuForms);
for (const failure of failures) console.log(failure);
if (failures.length > 0 || calls < 200) throw new Error(`${failures.length} of ${calls} golden cases failed on ${gpu}`);
console.log(`${calls} golden cases`);

const wrong = await checkOnGpu(engine);
if (wrong.length > 0) throw new Error(`on tensors that stay on the GPU: ${wrong.join(", ")}`);
console.log("every op on tensors that stay on the GPU");

const seed = Number(environment("SEED") ?? Date.now() % 2 ** 31);
const exact: string[] = [];
for (const op of opNames) {
  const { evidence } = await checkExact([["webgpu", engine]], CASES, seed, op, gpuForm);
  if (evidence < CASES) throw new Error(`only ${evidence} problems of ${op} prove anything`);
  exact.push(`${op} ${evidence}`);
}
engine.dispose();
const counts = `${calls} golden cases; exact on random integers: ${exact.join(", ")} (seed ${seed})`;
console.log(`${counts}; all right on ${gpu}`);
