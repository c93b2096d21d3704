// What every runtime must show, apart from Vitest, so that any runtime's own test runner and any page can run it: all binaries that
// the runtime validates, on the caller alone and with a pool, same bits; golden cases, exactness, every op, and what `faults.ts` has.
import { goldenUrl, loadGolden } from "../golden/load.ts";
import { GOLDEN, runErrors, runGolden, sampleOf } from "../golden/run.ts";
import { type Binary, supportedBinaries } from "../support/binaries.ts";
import { checkBits } from "../support/check.ts";
import { mustFail } from "../support/errors.ts";
import { checkExact } from "../support/exact.ts";
import { good, goodAnswer, goodSpecs } from "../support/fixtures.ts";
import { checkOnGpu } from "../support/on-gpu.ts";
import { opNames } from "../support/ops.ts";
import { gather } from "../support/place.ts";
import { environment } from "../support/runtime.ts";
import { expected, numbers } from "../support/spec.ts";
import { longJob } from "../support/work.ts";
import {
  abort,
  collect,
  collected,
  deathOfAWorker,
  disposeInFlight,
  isPage,
  kernelsAtTheSecondTry,
  noSharedArrayBuffer,
  noWorkerGlobal,
  noWorkerScript,
  wrongKernels,
} from "./faults.ts";
import { capabilities, createEngine, type Engine, nnet } from "./library.ts";
import { ignore, must, none } from "./must.ts";
import { always, hash, poolOrAlone, signs, tookPart, wakeMicroseconds, withPool } from "./pool.ts";
import { REPORT, type Report } from "./report.ts";

export interface Check {
  readonly name: string;
  run(): Promise<void>;
}

/** How much of it. */
export interface Extent {
  /** Golden cases of each op at most. */
  readonly golden: number;
  /** Random problems, alone and again with a pool. */
  readonly exact: number;
}
export const THOROUGH: Extent = { golden: Number.POSITIVE_INFINITY, exact: 200 };
/** For the second and third of a kind, and for engines that a short run has only seconds for. */
export const SAMPLE: Extent = { golden: 4, exact: 20 };

const WORKERS = 2;

const ofPages: readonly Check[] = [
  { name: "kernels that the server refuses once are had by the next call", run: kernelsAtTheSecondTry },
  { name: "no Worker: exact all the same, and capabilities say why", run: noWorkerGlobal },
];

export async function checks(extent: Extent): Promise<readonly Check[]> {
  const binaries = await supportedBinaries();
  const { sharedMemory, crossOriginIsolated } = await capabilities();
  const report: Report = {
    binaries,
    sharedMemory,
    isolated: isPage ? crossOriginIsolated : undefined,
    workers: { shared: 0, own: 0 },
    gpu: { why: "not asked" },
    golden: 0,
    exact: 0,
    wakeMicroseconds: undefined,
  };
  // Where memory cannot be shared every pool is of the other kind.
  const kinds = sharedMemory ? [true, false] : [false];
  const kind = (shared: boolean) => (shared ? "workers that share memory" : "workers with memories of their own");
  const all: readonly Check[] = [
    { name: "capabilities: SIMD, a reason for every no", run: () => capable(binaries) },
    { name: "module-level ops find their kernels", run: moduleLevel },
    { name: "engines, layers and tensors have what `using` calls", run: disposable },
    ...binaries.map((binary) => ({
      name: `${binary}: golden cases in every form, same bits alone and with ${WORKERS} workers`,
      run: () => golden(binary, [{ workers: 0 }, { workers: WORKERS }], extent, report),
    })),
    ...(sharedMemory
      ? [{ name: "golden sample, same bits with memories of their own", run: () => ownMemories(report) }]
      : []),
    { name: "every must-throw case throws its typed error, with a pool", run: goldenErrors },
    {
      name: `every op is exact on every binary, called and compiled, alone and with ${WORKERS} workers`,
      run: () => everyOp(binaries),
    },
    ...[0, WORKERS].map((workers) => ({
      name: `${extent.exact} random integer problems, ${workers ? `with ${workers} workers` : "alone"}`,
      run: () => exact(binaries, workers, extent, report),
    })),
    ...kinds.map((shared) => ({
      name: `a long job has one hash with 0, 1, 2, 3 and 7 ${kind(shared)}, which took part`,
      run: () => oneHash(shared, report),
    })),
    { name: "abort stops a run, alone and with a pool, and the next call is exact", run: abort },
    { name: "missing or wrong kernels: OptionError naming wasm, and the next engine works", run: wrongKernels },
    ...(isPage ? ofPages : []),
    { name: "a worker script that is not there: exact all the same, and capabilities say why", run: noWorkerScript },
    {
      name: "no SharedArrayBuffer: exact, with memories of their own, and capabilities say why",
      run: noSharedArrayBuffer,
    },
    ...kinds.map((shared) => ({
      name: `death of one of the ${kind(shared)}: exact all the same`,
      run: () => deathOfAWorker(shared),
    })),
    ...(collect ? kinds : []).map((shared) => ({
      name: `engines that were disposed of, with ${kind(shared)}, are collected`,
      run: () => collected(shared),
    })),
    { name: "dispose with jobs in flight: every promise settles", run: disposeInFlight },
    // Elsewhere a program of its own sees to that, for a driver may crash and must not take a suite along.
    ...(isPage
      ? [{ name: "every op is exact on WebGPU, or the reason why there is none", run: () => onGpu(report) }]
      : []),
    ...(sharedMemory ? [{ name: "wake-up latency", run: () => wakeUp(report) }] : []),
    { name: "report", run: async () => console.log(REPORT + JSON.stringify(report)) },
  ];
  return all.map(({ name, run }) => ({ name, run: () => inTime(run()) }));
}

const MOST_MS = 60_000;

/** A check that hangs fails; not every test runner sees to that. */
async function inTime(running: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it did not end within ${MOST_MS / 1000} s`)), MOST_MS);
  });
  await Promise.race([running, late]).finally(() => clearTimeout(timer));
}

async function capable(binaries: readonly string[]): Promise<void> {
  const found = await capabilities();
  must(found.simd, `no SIMD: ${JSON.stringify(found)}`);
  must(found.relaxedSimd === binaries.includes("relaxed"), "relaxedSimd differs from what WebAssembly.validate says");
  must(found.using.binary === binaries.at(-1), `uses ${found.using.binary} where there is ${binaries.at(-1)}`);
  for (const [name, has] of Object.entries(found)) {
    if (!has) must(/\w+ \w+/.test(found.why[name] ?? ""), `no reason for ${name}: ${has}`);
  }
}

async function moduleLevel(): Promise<void> {
  const { input, filters } = good();
  const got = gather(await nnet.conv2d(input, filters));
  must(String(got) === String(goodAnswer.y), "wrong answer");
}

async function disposable(): Promise<void> {
  // Where there are no such symbols, what compilers put in their place.
  const key: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for("Symbol.dispose");
  const asyncKey: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose");
  const engine = await createEngine({ workers: 0 });
  engine.tensor([4])[key]();
  (await engine.nnet.conv2d.compile({ imageShape: [1, 1, 4, 4], filterShape: [1, 1, 3, 3] }))[key]();
  must(engine.liveBytes === 0, `${engine.liveBytes} bytes are still leased`);
  await engine[asyncKey]();
  none(await mustFail(() => engine.capabilities(), "DisposedError", []));
}

/** The same bits from each of these engines. */
async function golden(
  binary: Binary | "auto",
  settings: readonly { workers: number; sharedMemory?: boolean }[],
  extent: Extent,
  report: Report,
): Promise<void> {
  const set = sampleOf(await loadGolden(goldenUrl()), extent.golden);
  const hashes: number[][] = [];
  for (const { workers, ...more } of settings) {
    const engine = workers === 0 ? await createEngine({ binary, workers }) : await withPool(binary, workers, more);
    try {
      const mine: number[] = [];
      const { cases, failures } = await runGolden(
        set,
        always(engine, workers > 0, (data) => void mine.push(hash(data))),
        engine.capabilities().using.binary as Binary,
      );
      must(failures.length === 0, `${failures.length} failed\n${failures.slice(0, 5).join("\n")}`);
      const wanted = extent === THOROUGH ? GOLDEN.cases : set.cases.length;
      must(cases === wanted && cases > 0, `${cases} cases instead of ${wanted}`);
      hashes.push(mine);
      report.golden += mine.length;
    } finally {
      engine.dispose();
    }
  }
  const [alone, pooled] = hashes as [number[], number[]];
  const differs = alone.findIndex((h, i) => h !== pooled[i]);
  must(differs < 0 && alone.length === pooled.length, `call ${differs} of ${alone.length} has other bits with a pool`);
}

const ownMemories = (report: Report) =>
  golden("auto", [{ workers: 0 }, { workers: WORKERS, sharedMemory: false }], SAMPLE, report);

async function goldenErrors(): Promise<void> {
  const engine = await withPool("auto", WORKERS);
  try {
    const { ran, failures } = await runErrors(await loadGolden(goldenUrl()), always(engine, true, ignore));
    must(failures.length === 0, failures.join("\n"));
    must(ran === GOLDEN.errors, `${ran} cases instead of ${GOLDEN.errors}`);
  } finally {
    engine.dispose();
  }
}

async function exact(binaries: readonly Binary[], workers: number, extent: Extent, report: Report): Promise<void> {
  const seed = Number(environment("SEED") ?? Date.now() % 2 ** 31);
  const engines: [Binary, Engine][] = [];
  try {
    for (const binary of binaries) {
      engines.push([binary, await poolOrAlone(binary, workers)]);
    }
    const pairs = engines.map(([binary, engine]) => [binary, always(engine, workers > 0, ignore)] as const);
    const { evidence, calls } = await checkExact(pairs, extent.exact, seed);
    must(evidence === extent.exact, `only ${evidence} problems prove anything`);
    report.exact += calls;
  } finally {
    for (const [, engine] of engines) engine.dispose();
  }
}

/** One small problem of each op; nnet.conv2d has random ones besides. */
async function everyOp(binaries: readonly Binary[]): Promise<void> {
  for (const binary of binaries) {
    for (const workers of [0, WORKERS]) {
      const engine = await poolOrAlone(binary, workers);
      try {
        for (const op of opNames) {
          const problem = numbers(goodSpecs[op]);
          const { y } = expected(problem);
          for (const via of ["call", "run", "runSync"] as const) {
            none(await checkBits(always(engine, workers > 0, ignore), problem, y, { binary, form: "auto", via }));
          }
        }
      } finally {
        engine.dispose();
      }
    }
  }
}

async function oneHash(sharedMemory: boolean, report: Report): Promise<void> {
  const { input, filters } = longJob(600_000_000);
  const hashes: number[] = [];
  for (const workers of [0, 1, 2, 3, 7]) {
    const engine = workers === 0 ? await createEngine({ workers }) : await withPool("auto", workers, { sharedMemory });
    try {
      const before = workers === 0 ? [] : signs(engine);
      hashes.push(hash((await engine.nnet.conv2d(input, filters, { openmp: true })).data));
      must(workers === 0 || tookPart(engine, before, signs(engine)), `none of ${workers} workers computed anything`);
      const found = engine.capabilities().using;
      must(workers === 0 || (found.memory === "shared") === sharedMemory, `memory: ${found.memory}`);
      report.workers[sharedMemory ? "shared" : "own"] = found.workers;
    } finally {
      engine.dispose();
    }
  }
  must(new Set(hashes).size === 1, `hashes ${hashes.join(", ")}`);
}

async function onGpu(report: Report): Promise<void> {
  const { gpu } = (globalThis.navigator ?? {}) as { gpu?: GPU };
  const adapter = await gpu?.requestAdapter();
  const engine = await createEngine({ device: "webgpu", workers: 0 }).catch((error: Error) => error);
  if (engine instanceof Error) {
    must(!adapter, `there is an adapter, and the library says ${engine.message}`);
    must(engine.name === "DeviceError" && /\w+ \w+/.test(engine.message), String(engine));
    report.gpu = { why: engine.message };
    return;
  }
  try {
    const wrong = await checkOnGpu(engine as Parameters<typeof checkOnGpu>[0]);
    must(wrong.length === 0, wrong.join(", "));
    report.gpu = { adapter: engine.capabilities().using.gpu! };
  } finally {
    engine.dispose();
  }
}

async function wakeUp(report: Report): Promise<void> {
  // One: several that are woken at once are in each other's way on a small machine.
  const engine = await withPool("auto", 1);
  try {
    report.wakeMicroseconds = await wakeMicroseconds(engine);
    must(report.wakeMicroseconds < 5000, `${report.wakeMicroseconds} µs`);
  } finally {
    engine.dispose();
  }
}
