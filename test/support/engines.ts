// Engines per binary, made once per test file and disposed at its end.
import { createEngine } from "simdconv";
import { afterAll } from "vitest";
import { allBinaries, type Binary, supportedBinaries } from "./binaries.ts";
import type { Engine } from "./spec.ts";

export type EngineName = Binary | "debug";

export interface Engines {
  /** What this runtime supports; the test run fails if it is less than what the runtime has. */
  readonly binaries: readonly Binary[];
  get(binary: EngineName): Promise<Engine>;
}

export async function enginesOfThisFile(): Promise<Engines> {
  const made = new Map<EngineName, Promise<Engine>>();
  afterAll(async () => {
    for (const engine of made.values()) await (await engine).dispose();
  });
  const get = (binary: EngineName) => {
    const engine = made.get(binary) ?? createEngine({ binary: binary as Binary, workers: 0 });
    made.set(binary, engine);
    return engine;
  };
  return { binaries: await supportedBinaries(), get };
}

export type { Binary };
export { allBinaries };
