// What a long movie costs beside its input and its output: the engine's memory never shrinks, so its size afterwards is the peak.

import { fill } from "./check.ts";
import { type Engine, library } from "./library.ts";
import { type OpCase, product } from "./op-cases.ts";
import type { Binary } from "./runtime.ts";

export interface MemoryUse {
  readonly name: string;
  /** Bytes of input and output. */
  readonly operands: number;
  readonly peak: number;
}

export async function memoryOf(of: OpCase, binary: Binary): Promise<MemoryUse> {
  const { createEngine } = await library();
  const engine = await createEngine({ binary });
  try {
    await runOnce(engine, of);
    const operands = 4 * (product(of.imageShape) + product(of.outputShape));
    return { name: of.name, operands, peak: engine.memoryBytes };
  } finally {
    await engine.dispose();
  }
}

async function runOnce(engine: Engine, of: OpCase): Promise<void> {
  const x = engine.tensor(of.imageShape);
  const out = engine.tensor(of.outputShape);
  fill(x.data, 1);
  const filters = { data: new Float32Array(product(of.filterShape)), shape: of.filterShape };
  fill(filters.data, 2);
  const op = await of.compile(engine);
  await op.setFilters(filters);
  op.runSync(x, { out });
}
