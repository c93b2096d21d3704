// What every runtime must show, apart from Vitest, so that any runtime's own test runner can run it: all binaries that the
// runtime validates, on the caller alone and with a pool, same bits; golden cases, exactness, abort, errors, the answers of capabilities.
import { goldenUrl, loadGolden } from "../golden/load.ts";
import { GOLDEN, runErrors, runGolden } from "../golden/run.ts";
import { type Binary, supportedBinaries, wasmUrl } from "../support/binaries.ts";
import { checkBits } from "../support/check.ts";
import { failureOf, mustFail } from "../support/errors.ts";
import { checkExact } from "../support/exact.ts";
import { good, goodAnswer, goodSpecs, stillGood } from "../support/fixtures.ts";
import { opNames } from "../support/ops.ts";
import { gather } from "../support/place.ts";
import { environment } from "../support/runtime.ts";
import { expected, numbers } from "../support/spec.ts";
import { longJob } from "../support/work.ts";
import { capabilities, createEngine, type Engine, nnet } from "./library.ts";
import { always, beats, hash, wakeMicroseconds, withPool } from "./pool.ts";
import { REPORT, type Report } from "./report.ts";

export interface Check {
  readonly name: string;
  run(): Promise<void>;
}

const WORKERS = 2;
const EXACT_CASES = 200;

function must(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what);
}

/** For checks that say what is wrong instead of throwing it. */
function none(problem: string | undefined): void {
  if (problem !== undefined) throw new Error(problem);
}

const ignore = () => {};
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export async function checks(): Promise<readonly Check[]> {
  const binaries = await supportedBinaries();
  const report: Report = { binaries, workers: 0, golden: 0, exact: 0, wakeMicroseconds: Number.NaN };
  const all: readonly Check[] = [
    { name: "capabilities: SIMD, shared memory, a reason for every no", run: () => capable(binaries) },
    { name: "module-level ops find their kernels", run: moduleLevel },
    ...binaries.map((binary) => ({
      name: `${binary}: golden cases in every form, same bits alone and with ${WORKERS} workers`,
      run: () => golden(binary, report),
    })),
    { name: "every must-throw case throws its typed error, with a pool", run: goldenErrors },
    {
      name: `every op is exact on every binary, called and compiled, alone and with ${WORKERS} workers`,
      run: () => everyOp(binaries),
    },
    { name: `${EXACT_CASES} random integer problems, alone`, run: () => exact(binaries, 0, report) },
    {
      name: `${EXACT_CASES} random integer problems, with ${WORKERS} workers`,
      run: () => exact(binaries, WORKERS, report),
    },
    { name: "a long job has one hash with 0, 1, 2, 3 and 7 workers, and workers took part", run: oneHash },
    { name: "abort stops a run, alone and with a pool, and the next call is exact", run: abort },
    { name: "missing or wrong kernels: OptionError naming wasm, and the next engine works", run: wrongKernels },
    { name: "a worker script that is not there: exact all the same, and capabilities say why", run: noWorkerScript },
    { name: "dispose with jobs in flight: every promise settles", run: disposeInFlight },
    { name: "wake-up latency", run: () => wakeUp(report) },
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
  must(found.simd && found.sharedMemory, `no SIMD or no shared memory: ${JSON.stringify(found)}`);
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

async function golden(binary: Binary, report: Report): Promise<void> {
  const set = await loadGolden(goldenUrl());
  const hashes: number[][] = [];
  for (const workers of [0, WORKERS]) {
    const engine = workers === 0 ? await createEngine({ binary, workers }) : await withPool(binary, workers);
    try {
      const mine: number[] = [];
      const { cases, failures } = await runGolden(
        set,
        always(engine, workers > 0, (data) => void mine.push(hash(data))),
        binary,
      );
      must(failures.length === 0, `${failures.length} failed\n${failures.slice(0, 5).join("\n")}`);
      must(cases === GOLDEN.cases, `${cases} cases instead of ${GOLDEN.cases}`);
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

async function exact(binaries: readonly Binary[], workers: number, report: Report): Promise<void> {
  const seed = Number(environment("SEED") ?? Date.now() % 2 ** 31);
  const engines: [Binary, Engine][] = [];
  try {
    for (const binary of binaries) {
      engines.push([binary, workers === 0 ? await createEngine({ binary, workers }) : await withPool(binary, workers)]);
    }
    const pairs = engines.map(([binary, engine]) => [binary, always(engine, workers > 0, ignore)] as const);
    const { evidence, calls } = await checkExact(pairs, EXACT_CASES, seed);
    must(evidence === EXACT_CASES, `only ${evidence} problems prove anything`);
    report.exact += calls;
  } finally {
    for (const [, engine] of engines) engine.dispose();
  }
}

/** One small problem of each op; nnet.conv2d has random ones besides. */
async function everyOp(binaries: readonly Binary[]): Promise<void> {
  for (const binary of binaries) {
    for (const workers of [0, WORKERS]) {
      const engine = workers === 0 ? await createEngine({ binary, workers }) : await withPool(binary, workers);
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

async function oneHash(): Promise<void> {
  const { input, filters } = longJob(600_000_000);
  const hashes: number[] = [];
  for (const workers of [0, 1, 2, 3, 7]) {
    const engine = workers === 0 ? await createEngine({ workers }) : await withPool("auto", workers);
    try {
      const before = workers === 0 ? [] : beats(engine);
      hashes.push(hash((await engine.nnet.conv2d(input, filters, { openmp: true })).data));
      const after = workers === 0 ? [] : beats(engine);
      const took = after.filter((count, i) => count > before[i]! + 2).length;
      must(workers === 0 || took > 0, `none of ${workers} workers computed anything`);
    } finally {
      engine.dispose();
    }
  }
  must(new Set(hashes).size === 1, `hashes ${hashes.join(", ")}`);
}

async function abort(): Promise<void> {
  for (const workers of [0, WORKERS]) {
    const engine = workers === 0 ? await createEngine({ workers }) : await withPool("auto", workers);
    try {
      const { input, filters } = longJob(1_500_000_000);
      const openmp = workers > 0;
      const early = { why: "before the call" };
      const before = await failureOf(() =>
        engine.nnet.conv2d(input, filters, { openmp, signal: AbortSignal.abort(early) }),
      );
      must(before?.error === early, `before: ${String(before?.error)}`);
      for (const ms of [0, 1, 4, 9]) {
        const controller = new AbortController();
        const running = failureOf(() => engine.nnet.conv2d(input, filters, { openmp, signal: controller.signal }));
        await pause(ms);
        const reason = new Error(`stopped after ${ms} ms`);
        controller.abort(reason);
        const start = performance.now();
        const failure = await running;
        must(failure?.error === reason, `after ${ms} ms, ${workers} workers: ${String(failure?.error ?? "finished")}`);
        must(performance.now() - start < 200, `it took ${performance.now() - start} ms to stop`);
        none(await stillGood(always(engine, openmp, ignore)));
      }
    } finally {
      engine.dispose();
    }
  }
}

async function wrongKernels(): Promise<void> {
  const nowhere = new URL("absent.wasm", wasmUrl("simd"));
  const bytes = Uint8Array.of(1, 2, 3, 4);
  for (const wasm of [nowhere, nowhere.href, new URL(import.meta.url), bytes, "http://127.0.0.1:9/simd.wasm"]) {
    none(await mustFail(() => createEngine({ wasm }), "OptionError", ["wasm"]));
    const engine = await createEngine({ binary: "simd", wasm: wasmUrl("simd") });
    none(await stillGood(engine));
    engine.dispose();
  }
}

async function noWorkerScript(): Promise<void> {
  const engine = await createEngine({ workers: WORKERS, worker: new URL("absent.js", import.meta.url) });
  try {
    const end = performance.now() + 20_000;
    while (engine.capabilities().why.workers === undefined) {
      must(performance.now() < end, "no reason after 20 s");
      none(await stillGood(always(engine, true, ignore)));
      await pause(5);
    }
    none(await stillGood(always(engine, true, ignore)));
    must(engine.capabilities().using.workers === 0, "it counts workers that cannot be there");
  } finally {
    engine.dispose();
  }
}

async function disposeInFlight(): Promise<void> {
  const engine = await withPool("auto", WORKERS);
  const { input, filters } = longJob(600_000_000);
  const running = [1, 2, 3].map(() => failureOf(() => engine.nnet.conv2d(input, filters, { openmp: true })));
  await pause(3);
  engine.dispose();
  let late: ReturnType<typeof setTimeout> | undefined;
  const slow = new Promise<"late">((resolve) => {
    late = setTimeout(() => resolve("late"), 20_000);
  });
  const settled = await Promise.race([Promise.all(running), slow]);
  clearTimeout(late);
  must(settled !== "late", "not all settled within 20 s");
}

async function wakeUp(report: Report): Promise<void> {
  const crew = await withPool("auto", WORKERS);
  report.workers = crew.capabilities().using.workers;
  crew.dispose();
  // One: several that are woken at once are in each other's way on a small machine.
  const engine = await withPool("auto", 1);
  try {
    report.wakeMicroseconds = await wakeMicroseconds(engine);
    must(report.wakeMicroseconds < 5000, `${report.wakeMicroseconds} µs`);
    console.log(REPORT + JSON.stringify(report));
  } finally {
    engine.dispose();
  }
}
