// The contraction kernel alone, all its operands in the first-level cache: what the arithmetic reaches before memory,
// planning and calls cost anything. Straight through the wasm export, without the checks and copies of an op.
import { type Case, geometry, type Quad } from "./cases.ts";
import { check, fill } from "./check.ts";
import { type Engine, hooks } from "./library.ts";
import { best, type Effort, interleave, type Subject, subject, warmUp } from "./rounds.ts";
import type { Binary } from "./runtime.ts";

const small = (imageShape: Quad, filterShape: Quad): Case => ({
  name: `${filterShape[2]}×${filterShape[3]} ${imageShape[1]}→${filterShape[0]} @${imageShape[2]}×${imageShape[3]}`,
  network: "seed",
  kind: "dense",
  imageShape,
  filterShape,
  options: { borderMode: "valid", subsample: [1, 1], numGroups: 1 },
});

/**
 * Image, filters and result are 17–27 KB together. Rows are a multiple of 24 or 20 pixels and filters of 12 or 10, so
 * that one or the other is whole for any register tile (6×2, 5×2, 4×2, 3×3 vectors).
 */
const candidates: readonly Case[] = [
  small([1, 16, 6, 26], [12, 16, 3, 3]),
  small([1, 16, 6, 26], [10, 16, 3, 3]),
  small([1, 16, 6, 18], [12, 16, 3, 3]),
  small([1, 16, 6, 18], [20, 16, 3, 3]),
  small([1, 16, 6, 18], [24, 16, 3, 3]),
  small([1, 8, 6, 26], [24, 8, 3, 3]),
  small([1, 128, 4, 8], [12, 128, 1, 1]),
  small([1, 64, 4, 16], [20, 64, 1, 1]),
];

export interface L1Kernel {
  readonly subject: Subject;
  readonly kernel: string;
  readonly layer: string;
}

/** One candidate, its answer checked. */
async function prepare(engine: Engine, binary: Binary, layer: Case): Promise<L1Kernel> {
  const { prepareKernelCall } = await hooks();
  const { imageShape, filterShape, options } = layer;
  const x = engine.tensor(imageShape);
  const w = engine.tensor(filterShape);
  const out = engine.tensor(geometry(layer).outputShape);
  fill(x.data, 1);
  fill(w.data, 2);
  const op = await engine.nnet.conv2d.compile({ imageShape, filterShape, ...options });
  await op.setFilters(w);
  const { call, multiplyAdds } = prepareKernelCall(op, [x, out]);
  out.data.fill(Number.NaN);
  call();
  check(layer, x.data, w.data, out.data);
  const kernel = op.plan.steps.at(-1)!.kernel;
  return { subject: subject(`kernel in L1 ${binary}`, multiplyAdds, call), kernel, layer: layer.name };
}

/** The best of the candidates on this binary, warm. They stay allocated: a few hundred KB. */
export async function prepareL1(engine: Engine, binary: Binary, budget: Effort): Promise<L1Kernel> {
  const prepared: L1Kernel[] = [];
  for (const layer of candidates) prepared.push(await prepare(engine, binary, layer));
  const subjects = prepared.map(({ subject }) => subject);
  for (const subject of subjects) warmUp(subject, { ...budget, warmMs: budget.warmMs / 2 });
  const times = interleave(subjects, { ...budget, fillMs: 0 });
  const speed = ({ subject }: L1Kernel) => subject.multiplyAdds / best(times.get(subject)!);
  return prepared.reduce((first, second) => (speed(second) > speed(first) ? second : first));
}
