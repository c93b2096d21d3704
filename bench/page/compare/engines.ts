/** Who takes part: an engine for each binary, one with workers, and the GPU. */
import { type Capabilities, createEngine, DeviceError, type Engine, type EngineOptions, OptionError } from "simdconv";

export const BINARIES = ["scalar", "simd", "relaxed"] as const;
export type Binary = (typeof BINARIES)[number];
export const ENTRIES = [...BINARIES, "workers", "webgpu"] as const;
export type EntryId = (typeof ENTRIES)[number];

/** What the form asks for. */
export interface Choice {
  readonly entries: ReadonlySet<EntryId>;
  /** 0: none. */
  readonly workers: number;
  /** What the workers compute with. */
  readonly binary: Binary;
}

/** One line of the comparison; without an engine, `why` says what keeps it out. */
export interface Entry {
  readonly id: EntryId;
  readonly title: string;
  readonly note: string;
  readonly engine?: Engine;
  /** Whose answers must have the same bits. */
  readonly binary?: Binary;
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
  private crew!: Engine;
  private crewIs = "";
  private gpu: Engine | undefined;

  /** An engine for each binary that this browser validates. Any other failure is one of the page and is thrown. */
  static async start(): Promise<Lineup> {
    const lineup = new Lineup();
    await Promise.all(BINARIES.map((binary) => lineup.enter(binary)));
    lineup.crew = await createEngine({ binary: lineup.best });
    return lineup;
  }

  private async enter(binary: Binary): Promise<void> {
    try {
      this.engines.set(binary, await createEngine({ binary, workers: 0 }));
    } catch (error) {
      if (!(error instanceof OptionError && error.argument === "binary")) throw error;
      this.missing.set(binary, error.message.replace(/^binary: /, ""));
    }
  }

  get scalar(): Engine {
    return this.engines.get("scalar")!;
  }

  get best(): Binary {
    return BINARIES.filter((binary) => this.engines.has(binary)).at(-1)!;
  }

  /** Why a binary cannot be chosen; undefined if it can. */
  whyNot(binary: Binary): string | undefined {
    return this.missing.get(binary);
  }

  capabilities(): Capabilities {
    return this.crew.capabilities();
  }

  /** Once a comparison has opened it. */
  get gpuName(): string | undefined {
    return this.gpu?.capabilities().using.gpu;
  }

  /** What the table shows before the first comparison. */
  beforehand(choice: Choice): Promise<Entry[]> {
    const entries = new Set(choice.entries);
    entries.delete("webgpu");
    return this.entries({ ...choice, entries });
  }

  /** The entries that were chosen, in the order of `ENTRIES`. */
  async entries(choice: Choice): Promise<Entry[]> {
    await this.tidy();
    const all = await Promise.all(
      ENTRIES.filter((id) => choice.entries.has(id)).map((id) => {
        if (id === "workers") return this.withWorkers(choice);
        return id === "webgpu" ? this.onGpu() : this.alone(id);
      }),
    );
    return all;
  }

  private alone(id: Binary): Entry {
    const common = { id, title: id, note: NOTES[id], binary: id, openmp: false };
    const engine = this.engines.get(id);
    return engine ? { ...common, engine } : { ...common, why: this.missing.get(id)! };
  }

  private async withWorkers({ workers, binary }: Choice): Promise<Entry> {
    const common = { id: "workers" as const, binary, openmp: true };
    const bare = { ...common, title: `${binary} + workers`, note: "on several cores at once" };
    if (workers === 0) return { ...bare, why: "0 workers were asked for" };
    const missing = this.missing.get(binary);
    if (missing) return { ...bare, why: missing };
    await this.hire({ binary, workers });
    const { workers: able, sharedMemory, why } = this.crew.capabilities();
    if (able === 0) return { ...bare, why: [why.workers, why.crossOriginIsolated].filter(Boolean).join("; ") };
    const crew = workers === 1 ? "1 worker" : `${workers} workers`;
    const threads = workers === 1 ? "in a thread beside the page" : `the same, on ${workers} threads`;
    const note = sharedMemory ? threads : `${threads}; copies are timed`;
    return { ...common, title: `${binary} + ${crew}`, note, engine: this.crew };
  }

  private async hire(options: EngineOptions): Promise<void> {
    const wanted = JSON.stringify(options);
    if (this.crewIs === wanted) return;
    const former = this.crew;
    this.crew = await createEngine(options);
    this.crewIs = wanted;
    former.dispose();
  }

  /** Only a comparison asks for an adapter: some browsers complain where there is none. */
  private async onGpu(): Promise<Entry> {
    const common = { id: "webgpu" as const, title: "WebGPU", note: "there and back are timed", openmp: false };
    if (!("gpu" in navigator)) return { ...common, why: "this browser has no WebGPU" };
    try {
      this.gpu ??= await createEngine({ device: "webgpu", workers: 0 });
      return { ...common, engine: this.gpu };
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error;
      return { ...common, why: error.message.replace(/^device: /, "") };
    }
  }

  /** Engines that a large shape has left with much memory are replaced. */
  private async tidy(): Promise<void> {
    for (const [binary, engine] of [...this.engines]) {
      if (engine.memoryBytes <= LARGE_MEMORY) continue;
      this.engines.set(binary, await createEngine({ binary, workers: 0 }));
      engine.dispose();
    }
    if (this.crew.memoryBytes > LARGE_MEMORY) this.crewIs = "";
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
