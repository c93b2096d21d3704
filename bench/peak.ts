// The register peak loop of each binary: compiled on demand from assembly/peak.ts, the faster of its two widths taken.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type Effort, type Subject, subject, warmUp } from "./rounds.ts";
import type { Binary } from "./runtime.ts";

interface PeakExports {
  lanes(): number;
  peak12(rounds: number, a: number, b: number): number;
  peak14(rounds: number, a: number, b: number): number;
}

/** About 50 µs a call: long enough to hide the call, short enough to be promoted to the optimising compiler soon. */
const roundsPerCall = 15_000;

/** Builds bench/dist/peak.<binary>.wasm. */
export async function compilePeaks(targets: readonly Binary[]): Promise<void> {
  const { main } = await import("assemblyscript/asc");
  const baseDir = fileURLToPath(new URL(".", import.meta.url));
  for (const target of targets) {
    const { error, stderr } = await main(["--baseDir", baseDir, "--config", "asconfig.json", "--target", target]);
    if (error) throw new Error(`the ${target} peak loop does not compile:\n${stderr.toString()}`, { cause: error });
  }
}

/** The peak loop of one binary, warm, as something to time. */
export async function peakSubject(binary: Binary, budget: Effort): Promise<Subject> {
  const bytes = await readFile(new URL(`dist/peak.${binary}.wasm`, import.meta.url));
  const { instance } = await WebAssembly.instantiate(bytes, {});
  const exports = instance.exports as unknown as PeakExports;
  const [narrow, wide] = [12, 14].map((accumulators) => {
    const run = accumulators === 12 ? exports.peak12 : exports.peak14;
    const work = roundsPerCall * accumulators * exports.lanes();
    // 0.5 and 1: mul + add settles at 2 and the fused sum grows slowly; neither meets a denormal or an infinity.
    const loop = subject(`peak ${binary}, ${accumulators} accumulators`, work, () => void run(roundsPerCall, 0.5, 1));
    warmUp(loop, budget);
    return loop;
  });
  return narrow.multiplyAdds / narrow.ms >= wide.multiplyAdds / wide.ms ? narrow : wide;
}
