/** Who takes part: an engine for each binary, and the best of them once more with its workers. */
import { type Capabilities, createEngine, type Engine, OptionError } from "simdconv";

export const BINARIES = ["scalar", "simd", "relaxed"] as const;
export type Binary = (typeof BINARIES)[number];
export type EntryId = Binary | "workers";

/** One line of the comparison; without an engine, `why` says what keeps it out. */
export interface Entry {
  readonly id: EntryId;
  readonly title: string;
  readonly note: string;
  readonly engine?: Engine;
  readonly openmp: boolean;
  readonly why?: string;
}

const NOTES: Record<Binary, string> = {
  scalar: "one number at a time",
  simd: "four numbers at a time",
  relaxed: "multiply-add in one step",
};

/** WebAssembly memory grows but never shrinks: beyond this an engine makes room for a new one. */
const LARGE_MEMORY = 256 * 2 ** 20;

export class Lineup {
  private readonly engines = new Map<Binary, Engine>();
  private readonly missing = new Map<Binary, string>();

  /** An engine for each binary that this browser validates. Any other failure is one of the page and is thrown. */
  static async start(): Promise<Lineup> {
    const lineup = new Lineup();
    await Promise.all(BINARIES.map((binary) => lineup.enter(binary)));
    return lineup;
  }

  private async enter(binary: Binary): Promise<void> {
    try {
      this.engines.set(binary, await createEngine({ binary }));
    } catch (error) {
      if (!(error instanceof OptionError && error.argument === "binary")) throw error;
      this.missing.set(binary, error.message.replace(/^binary: /, ""));
    }
  }

  get scalar(): Engine {
    return this.engines.get("scalar")!;
  }

  private get best(): Binary {
    return BINARIES.filter((binary) => this.engines.has(binary)).at(-1)!;
  }

  capabilities(): Capabilities {
    return this.engines.get(this.best)!.capabilities();
  }

  entries(): Entry[] {
    const alone = BINARIES.map((id): Entry => {
      const common = { id, title: id, note: NOTES[id], openmp: false };
      const engine = this.engines.get(id);
      return engine ? { ...common, engine } : { ...common, why: this.missing.get(id)! };
    });
    return [...alone, this.withWorkers()];
  }

  private withWorkers(): Entry {
    const { workers, sharedMemory, why } = this.capabilities();
    const common = { id: "workers" as const, openmp: true };
    if (workers === 0) {
      const reason = [why.workers, why.crossOriginIsolated].filter(Boolean).join("; ");
      return { ...common, title: `${this.best} + workers`, note: "on several cores at once", why: reason };
    }
    const crew = workers === 1 ? "1 worker" : `${workers} workers`;
    const threads = workers === 1 ? "in a thread beside the page" : `the same, on ${workers} threads`;
    const note = sharedMemory ? threads : `${threads}; copies are timed`;
    return { ...common, title: `${this.best} + ${crew}`, note, engine: this.engines.get(this.best)! };
  }

  /** Engines that a large shape has left with much memory are replaced. */
  async tidy(): Promise<void> {
    for (const [binary, engine] of [...this.engines]) {
      if (engine.memoryBytes <= LARGE_MEMORY) continue;
      this.engines.set(binary, await createEngine({ binary }));
      engine.dispose();
    }
  }
}

/** How long workers may take to start before the comparison goes on with those that are there. */
const START_MS = 5000;

/** Workers start with the first call that wants them: make a tiny one, and wait until all serve. */
export async function startWorkers(engine: Engine, signal: AbortSignal): Promise<void> {
  const one = { data: new Float32Array(64), shape: [1, 1, 8, 8] };
  await engine.nnet.conv2d(one, { data: new Float32Array(1), shape: [1, 1, 1, 1] }, { openmp: true, signal });
  const end = performance.now() + START_MS;
  for (;;) {
    const { using, workers, why } = engine.capabilities();
    if (using.workers >= workers || why.workers || performance.now() > end) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
    signal.throwIfAborted();
  }
}
