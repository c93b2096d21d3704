/** Measuring the candidates of a problem on this machine, so that plans made afterwards need not go by estimates. */
import type { Runtime } from "../engine/runtime.ts";
import { OptionError, show } from "../errors.ts";
import { candidateNames } from "../plan/choose.ts";
import { tuningOf } from "../plan/tuning.ts";
import type { Operand } from "../tensor.ts";
import { makeFilterActs } from "./c01b.ts";
import type { CompiledForward } from "./compiled.ts";
import { makeConv2d } from "./conv2d.ts";
import { makeConv3D } from "./conv3d.ts";
import { makeConv3d } from "./conv3d2d.ts";
import type { ForwardSettings, RuntimeSource } from "./forward.ts";
import { makeSignalConv2d } from "./signal.ts";

/** The ops that `engine.tune` knows, by name. */
export type TunableOp = "nnet.conv2d" | "signal.conv2d" | "conv3D" | "conv3d2d.conv3d" | "c01b.filterActs";

const OPS: { readonly [op in TunableOp]: (source: RuntimeSource) => object } = {
  "nnet.conv2d": makeConv2d,
  "signal.conv2d": makeSignalConv2d,
  conv3D: makeConv3D,
  "conv3d2d.conv3d": makeConv3d,
  "c01b.filterActs": makeFilterActs,
};

/** What `compile` of the op takes, shapes and options, and which op it is; `nnet.conv2d` if nothing is said. */
export interface TuneSpec {
  readonly op?: TunableOp;
  readonly [option: string]: unknown;
}

/** What `engine.tune` found: the fastest candidate, and what each took. */
export interface Tuned {
  /** The fastest candidate, and the one that the estimates would have taken. */
  readonly best: string;
  readonly estimated: string;
  /** Of one thread, the least of several runs, by candidate. */
  readonly milliseconds: Readonly<Record<string, number>>;
}

/** Each candidate is run for so long, in turns with the others, but no less and no more often than this after it is warm. */
const ENOUGH_MS = 60;
const LEAST_ROUNDS = 4;
const MOST_ROUNDS = 12;
const WARM_UP = 3;

type Layer = CompiledForward<ForwardSettings>;

export async function tune(runtime: Runtime, spec: TuneSpec, signal?: AbortSignal): Promise<Tuned> {
  if (runtime.reproducible) throw new OptionError("float", "reproducible results do not depend on what was measured");
  const { op = "nnet.conv2d", ...shapes } = spec;
  if (!Object.hasOwn(OPS, op))
    throw new OptionError("op", `expected one of ${Object.keys(OPS).join(", ")}, got ${show(op)}`);
  for (const name of ["algorithm", "lanes"]) {
    if (shapes[name] !== undefined) throw new OptionError(name, "it is what tuning finds out");
  }
  const factory = OPS[op](async () => runtime) as { compile(spec: unknown): Promise<unknown> };
  const compile = () => factory.compile({ ...shapes, device: "wasm" }) as Promise<Layer>;
  const first = await compile();
  const { problem } = first;
  first.dispose();
  const before = runtime.tunings.get(problem);
  const names = candidateNames(problem, runtime.binary, {
    algorithm: "auto",
    tuning: tuningOf({}, problem.batch, problem.filters * problem.groups),
    rankOne: false,
    exact: false,
    input: op,
    memory: runtime.arena.limit,
  });
  if (names.length < 2) return { best: names[0] ?? "direct", estimated: names[0] ?? "direct", milliseconds: {} };
  try {
    const milliseconds = await measure(
      names,
      (name) => {
        runtime.tunings.set(problem, name);
        return compile();
      },
      signal,
    );
    const best = names.reduce((a, b) => (milliseconds[b]! < milliseconds[a]! ? b : a));
    runtime.tunings.set(problem, best);
    return { best, estimated: names[0]!, milliseconds };
  } catch (error) {
    runtime.tunings.set(problem, before);
    throw error;
  }
}

/** Rounds of one run each, so that whatever else the machine does meets all alike. */
async function measure(
  names: readonly string[],
  compile: (name: string) => Promise<Layer>,
  signal: AbortSignal | undefined,
): Promise<Record<string, number>> {
  const least: Record<string, number> = {};
  const layers: { readonly name: string; readonly layer: Layer; spent: number }[] = [];
  try {
    for (const name of names) {
      const layer = await compile(name);
      layers.push({ name, layer, spent: 0 });
      await layer.setFilters(noise(layer.filterShape, layer.problem.dtype));
    }
    const { inputShape, problem } = layers[0]!.layer;
    const input = noise(inputShape, problem.dtype);
    for (let round = 0; round < WARM_UP + MOST_ROUNDS; round++) {
      for (const one of layers) {
        if (round >= WARM_UP + LEAST_ROUNDS && one.spent > ENOUGH_MS) continue;
        const start = performance.now();
        const result = await one.layer.run(input, { openmp: false, device: "wasm", ...(signal ? { signal } : {}) });
        const ms = performance.now() - start;
        result.dispose();
        if (round < WARM_UP) continue;
        one.spent += ms;
        least[one.name] = Math.min(least[one.name] ?? Number.POSITIVE_INFINITY, ms);
      }
    }
    return least;
  } finally {
    for (const { layer } of layers) layer.dispose();
  }
}

/** Numbers that are neither zero nor special, the same every time. */
function noise(shape: readonly number[], dtype: "float32" | "float64"): Operand {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const data = dtype === "float32" ? new Float32Array(size) : new Float64Array(size);
  for (let i = 0; i < size; i++) data[i] = ((i * 7919) % 1009) / 1009 - 0.5;
  return { data, shape };
}
