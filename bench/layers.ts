// One layer on every binary, by the public API, operands resident: compute only, no copies.
import { type Case, geometry, multiplyAdds } from "./cases.ts";
import { check, fill } from "./check.ts";
import type { Engine, Layer } from "./library.ts";
import { type Subject, subject } from "./rounds.ts";
import type { Binary } from "./runtime.ts";

export interface PreparedLayer {
  readonly op: Layer;
  readonly subject: Subject;
  /** Outputs that were compared with the float64 sum. */
  readonly checked: number;
  /** The same run to be awaited, with this `openmp` among its options. */
  awaited(openmp: boolean | undefined): () => Promise<unknown>;
  dispose(): void;
}

/** Compiles and runs the layer once and checks the answer. */
export async function prepareLayer(engine: Engine, binary: Binary, layer: Case): Promise<PreparedLayer> {
  const { imageShape, filterShape, options } = layer;
  const x = engine.tensor(imageShape);
  const w = engine.tensor(filterShape);
  const out = engine.tensor(geometry(layer).outputShape);
  fill(x.data, 1);
  fill(w.data, 2);
  out.data.fill(Number.NaN);
  const op = await engine.nnet.conv2d.compile({ imageShape, filterShape, ...options });
  await op.setFilters(w);
  if (op.plan.binary !== binary) throw new Error(`asked for ${binary}, the plan says ${op.plan.binary}`);
  const run = { out };
  op.runSync(x, run);
  // `data` is taken anew at every use: the engine's memory may have grown.
  const checked = check(layer, x.data, w.data, out.data);
  return {
    op,
    subject: subject(`${layer.network} ${layer.name} ${binary}`, multiplyAdds(layer), () => void op.runSync(x, run)),
    checked,
    awaited(openmp) {
      const options = openmp === undefined ? run : { ...run, openmp };
      return () => op.run(x, options);
    },
    dispose() {
      op[Symbol.dispose]();
      for (const tensor of [x, w, out]) tensor.dispose();
    },
  };
}

/** "direct: contract_6x8_f32 ×14, …" — what the plan runs, and in how many tiles. */
export function planText({ plan }: Layer): string {
  return `${plan.algorithm}: ${plan.steps.map(({ kernel, tiles }) => `${kernel} ×${tiles}`).join(", ")}`;
}
