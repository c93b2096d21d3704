import { OptionError, show } from "./errors.ts";
import type { DType } from "./tensor.ts";

/** Defaults of the module-level ops, which share one engine. Engines of your own take `EngineOptions` instead. */
export interface Config {
  /** Element type of `tensor([...numbers])` and of `compile` where no dtype is given. */
  floatX: DType;
  /** Use the worker pool: always, never, or (null) where the measured cost says it pays. */
  openmp: boolean | null;
  /** `"reproducible"` holds to plain SIMD and the direct algorithm: the same bits on every machine. */
  float: "fast" | "reproducible";
  device: "auto" | "wasm" | "webgpu";
  workers: number | "auto";
}

const allowed: { [K in keyof Config]: (value: unknown) => boolean } = {
  floatX: (v) => v === "float32" || v === "float64",
  openmp: (v) => v === true || v === false || v === null,
  float: (v) => v === "fast" || v === "reproducible",
  device: (v) => v === "auto" || v === "wasm" || v === "webgpu",
  workers: (v) => v === "auto" || (typeof v === "number" && Number.isInteger(v) && v >= 0),
};

/** Assigning a value that is not allowed throws an OptionError; a change applies from the next call on. */
export const config: Config = new Proxy<Config>(
  { floatX: "float32", openmp: null, float: "fast", device: "auto", workers: "auto" },
  {
    set(target, key, value) {
      const check = Object.hasOwn(allowed, key) ? allowed[key as keyof Config] : undefined;
      if (!check) throw new OptionError(String(key), "config has no such entry");
      if (!check(value)) throw new OptionError(String(key), `config does not allow ${show(value)}`);
      return Reflect.set(target, key, value);
    },
  },
);
