// scipy, where the machine's python3 has it: one process for the whole run, one line of JSON a message, arrays by file.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { workOf } from "../op-cases.ts";
import type { Numbers } from "../op-check.ts";
import { type Challenger, type Declined, isPlainFiltering, type Library, type Peer, tooMuch } from "./peer.ts";

/** The last two are direct sums. */
const METHODS = ["oaconvolve", "fftconvolve", "convolve2d", "ndimage.convolve"] as const;
const DIRECT: readonly string[] = ["convolve2d", "ndimage.convolve"];
/** At most a second a call; the transforms are long ahead there. */
const MOST_DIRECT = 5e8;

interface Answer {
  readonly error?: string;
  readonly version?: string;
  readonly ms?: number;
}

const ONE_THREAD = { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1", MKL_NUM_THREADS: "1" };

class Python {
  private readonly child: ChildProcess;
  private readonly lines: AsyncIterator<string>;
  private failure: Error | undefined;

  constructor() {
    const script = fileURLToPath(new URL("serve_scipy.py", import.meta.url));
    this.child = spawn("python3", [script], {
      env: { ...process.env, ...ONE_THREAD },
      stdio: ["pipe", "pipe", "inherit"],
    });
    // Also where there is no python3; the lines then end.
    this.child.on("error", (error) => {
      this.failure = error;
    });
    this.child.stdin!.on("error", () => {});
    this.lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();
  }

  async ask(request: object): Promise<Answer> {
    this.child.stdin!.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw this.failure ?? new Error("python3 has ended");
    const answer = JSON.parse(value) as Answer;
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.failure) return;
    this.child.stdin!.end();
    await once(this.child, "exit");
  }
}

export async function open(): Promise<Library> {
  const python = new Python();
  const { version = "" } = await python.ask({ do: "hello" });
  const folder = await mkdtemp(join(tmpdir(), "simdconv-bench-"));
  const operands = new Operands(python, folder);
  const peers = METHODS.map((method): Peer => {
    const accuracy = DIRECT.includes(method) ? "sum" : "transform";
    const prepareMethod = (numbers: Numbers) => prepare(operands, method, numbers);
    return { name: `scipy ${method}`, kind: "scipy", accuracy, prepare: prepareMethod };
  });
  const close = async () => {
    await python.end();
    await rm(folder, { recursive: true });
  };
  return { peers, version, close };
}

/** What the methods share: the numbers of the case at hand, on the other side. */
class Operands {
  readonly python: Python;
  private readonly folder: string;
  private loaded: Numbers | undefined;

  constructor(python: Python, folder: string) {
    this.python = python;
    this.folder = folder;
  }

  async load(numbers: Numbers): Promise<void> {
    if (this.loaded === numbers) return;
    const { sum, image, filter } = numbers;
    const files = [join(this.folder, "image"), join(this.folder, "filter")];
    await writeFile(files[0], image);
    await writeFile(files[1], filter);
    const [[, rows, columns], [, height, width]] = [sum.image, sum.taps];
    const shapes = [
      [sum.batch, rows, columns],
      [sum.filters, height, width],
    ];
    await this.python.ask({ do: "load", image: files[0], filter: files[1], shapes });
    this.loaded = numbers;
  }

  async result(): Promise<Float32Array> {
    const file = join(this.folder, "result");
    await this.python.ask({ do: "save", file });
    const { buffer, byteOffset, byteLength } = await readFile(file);
    return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
  }
}

async function prepare(operands: Operands, method: string, numbers: Numbers): Promise<Challenger | Declined | null> {
  if (!isPlainFiltering(numbers)) return null;
  const declined = DIRECT.includes(method) ? tooMuch(workOf(numbers.sum), MOST_DIRECT) : null;
  if (declined) return declined;
  await operands.load(numbers);
  return {
    // Its own clock: the two messages are not scipy's time.
    call: async () => (await operands.python.ask({ do: "call", method })).ms,
    result: () => operands.result(),
    dispose() {},
  };
}
