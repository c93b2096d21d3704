// One op case on our library, checked, as two things to time: operands resident and `out` reused, and all of it afresh.

import type { Engine, Layer, ResidentTensor } from "./library.ts";
import { type OpCase, product, stackOf } from "./op-cases.ts";
import type { Numbers } from "./op-check.ts";
import { type Accuracy, checkAnswer, lay } from "./op-check.ts";
import { type Entrant, entrant, firstCall } from "./op-rounds.ts";

export interface PreparedOp {
  readonly op: Layer;
  readonly algorithm: string;
  readonly checked: number;
  /** On resident operands: compute only, no copies. With one thread `runSync`, with more an awaited `run` that may use the pool. */
  readonly resident: Entrant;
  /** An awaited run: ordinary arrays in, a new ordinary array out. */
  readonly fresh: Entrant;
  dispose(): void;
}

const ACCURACIES: Readonly<Record<string, Accuracy>> = {
  separable: "separable",
  fft: "transform",
  winograd: "winograd",
};

export async function prepareOp(engine: Engine, of: OpCase, numbers: Numbers, threads: number): Promise<PreparedOp> {
  const { imageShape, filterShape, outputShape, sum, layouts } = of;
  const plain = { data: new Float32Array(product(imageShape)), shape: imageShape };
  lay(numbers.image, sum.batch, sum.channels, sum.image, { data: plain.data, layout: layouts.image });
  const filters = { data: new Float32Array(product(filterShape)), shape: filterShape };
  lay(numbers.filter, sum.filters, stackOf(sum), sum.taps, { data: filters.data, layout: layouts.filter });

  const x = engine.tensor(imageShape);
  const out = engine.tensor(outputShape);
  const op = await of.compile(engine);
  const dispose = () => {
    op[Symbol.dispose]();
    for (const tensor of [x, out]) tensor.dispose();
  };
  try {
    await op.setFilters(filters);
    // `data` is taken anew at every use: the engine's memory may have grown.
    x.data.set(plain.data);
    out.data.fill(Number.NaN);
    const { algorithm } = op.plan;
    const run = { out };
    const compute = threads === 1 ? () => void op.runSync(x, run) : async () => void (await op.run(x, run));
    const resident = entrant(of.name, compute);
    const here = threads === 1 ? { openmp: false } : {};
    let made: ResidentTensor | undefined;
    const fresh = entrant(`${of.name}, fresh`, async () => {
      made = await op.run(plain, here);
      return undefined;
    });
    await firstCall(resident);
    const accuracy = ACCURACIES[algorithm] ?? "sum";
    const checked = checkAnswer(numbers, out.data, layouts.result, accuracy);
    await firstCall(fresh);
    checkAnswer(numbers, made!.data, layouts.result, accuracy);
    return { op, algorithm, checked, resident, fresh, dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}
