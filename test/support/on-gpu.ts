// Operands that are tensors on the GPU, and every op on them.
import type { Tensor } from "simdconv";
import { firstDifference } from "./compare.ts";
import { goodSpecs } from "./fixtures.ts";
import { callOp, opNames } from "./ops.ts";
import { type Engine, expected, numbers, type Problem, type Spec, settingsOf } from "./spec.ts";

export function onGpu(engine: Engine, shape: readonly number[]): Tensor {
  return engine.tensor(shape, { device: "webgpu" });
}

export async function holding(engine: Engine, values: Float64Array, shape: readonly number[]): Promise<Tensor> {
  const tensor = onGpu(engine, shape);
  await tensor.write(Float32Array.from(values));
  return tensor;
}

/** Every operand of a problem on the GPU, and room for its result. */
export async function allOnGpu(engine: Engine, { problem, shape }: Problem) {
  const { input, inputShape, filters, filterShape, bias } = problem;
  return {
    input: await holding(engine, input, inputShape),
    filters: await holding(engine, filters, filterShape),
    bias: bias && (await holding(engine, bias, [bias.length])),
    out: onGpu(engine, shape),
  };
}

/** Nothing to sum, nothing to upload. */
const noChannels: Spec = { input: [2, 0, 4, 5], filters: [3, 0, 2, 2], seed: 1 };

/** One problem of each op, and an empty sum: the names of those that went wrong, and how. */
export async function checkOnGpu(engine: Engine): Promise<string[]> {
  const wrong: string[] = [];
  for (const spec of [...opNames.map((op) => goodSpecs[op]), noChannels]) {
    const { op = "nnet.conv2d" } = spec;
    const problem = numbers(spec);
    const { out, ...operands } = await allOnGpu(engine, problem);
    const result = await callOp(engine, op, operands, { ...settingsOf(problem.spec, "webgpu"), out });
    const at = firstDifference(Float64Array.from(await result.read()), expected(problem).y);
    if (result !== out || at >= 0) wrong.push(`${op}: element ${at}`);
    for (const tensor of [out, ...Object.values(operands)]) tensor?.dispose();
  }
  return wrong;
}
