// `openmp` true, false and unset, of a call, of a compiled op and of `config`; and what a pool leaves behind when idle or disposed of.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createEngine } from "simdconv";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { projectRoot } from "../support/binaries.ts";
import { good, goodAnswer, stillGood } from "../support/fixtures.ts";
import { gather } from "../support/place.ts";
import { note } from "../support/record.ts";
import type { Engine } from "../support/spec.ts";
import { longJob } from "../support/work.ts";
import { Control, hookedWorker, type Recorded, recordWorkers } from "./control.ts";
import { becomes, pause, serving, startPool } from "./jobs.ts";

let recorded: Recorded;
let control: Control;
beforeEach(() => {
  recorded = recordWorkers();
  control = new Control();
});
afterEach(async () => {
  expect(await becomes(() => recorded.alive.size === 0, 5000), `${recorded.alive.size} workers left`).toBe(true);
  recorded.restore();
});

const hooked = () => createEngine({ binary: "simd", workers: 2, worker: hookedWorker }) as Promise<Engine>;
const large = longJob(400_000_000);
const seed = {
  input: { data: new Float32Array(36).fill(1), shape: [1, 1, 6, 6] },
  filters: { data: new Float32Array(16).fill(1), shape: [1, 1, 4, 4] },
};

describe("openmp of a call", () => {
  it("false: no worker is started, whatever the size, and none takes part once there are some", async () => {
    await using engine = await hooked();
    for (let i = 0; i < 5; i++) await engine.nnet.conv2d(large.input, large.filters, { openmp: false });
    expect(recorded.made).toBe(0);
    expect(serving(engine)).toBe(0);
    await startPool(engine, 2);
    const { calls } = control;
    await engine.nnet.conv2d(large.input, large.filters, { openmp: false });
    expect(control.calls).toBe(calls);
  });

  it("true: the pool is started, also by the smallest call, and workers take part in a large one", async () => {
    await using engine = await hooked();
    const { input, filters } = good();
    expect(gather(await engine.nnet.conv2d(input, filters, { openmp: true }))).toEqual(goodAnswer.y);
    expect(await becomes(() => serving(engine) === 2, 10_000)).toBe(true);
    const { calls } = control;
    await engine.nnet.conv2d(large.input, large.filters, { openmp: true });
    expect(control.calls).toBeGreaterThan(calls);
  });

  it("unset: the seed's tiny case stays with the caller, batch 1 and 10, pool started or not", async () => {
    await using engine = await hooked();
    const batch10 = { data: new Float32Array(360).fill(1), shape: [10, 1, 6, 6] };
    const tiny = async () => {
      for (let i = 0; i < 100; i++) {
        for (const input of [seed.input, batch10]) {
          const result = gather(await engine.nnet.conv2d(input, seed.filters));
          expect(result.every((y) => y === 16)).toBe(true);
        }
      }
    };
    await tiny();
    expect(recorded.made).toBe(0);
    await startPool(engine, 2);
    const { calls } = control;
    await tiny();
    expect(control.calls).toBe(calls);
  });

  it("unset: many calls that are worth a pool start it together, few do not", async () => {
    await using engine = await hooked();
    // A fraction of a millisecond each.
    const input = { data: new Float32Array(64 * 40 * 40), shape: [1, 64, 40, 40] };
    const filters = { data: new Float32Array(64 * 64), shape: [64, 64, 1, 1] };
    for (let i = 0; i < 4; i++) await engine.nnet.conv2d(input, filters);
    expect(recorded.made).toBe(0);
    for (let i = 0; i < 400 && recorded.made === 0; i++) await engine.nnet.conv2d(input, filters);
    expect(await becomes(() => serving(engine) === 2, 10_000)).toBe(true);
  });

  it("unset: a large call starts the pool by itself, and uses it", async () => {
    await using engine = await hooked();
    await engine.nnet.conv2d(large.input, large.filters);
    expect(await becomes(() => serving(engine) === 2, 10_000)).toBe(true);
    const { calls } = control;
    await engine.nnet.conv2d(large.input, large.filters);
    expect(control.calls).toBeGreaterThan(calls);
  });

  it("of a compiled op: its spec's, unless the run says otherwise; runSync never leaves the thread", async () => {
    await using engine = await hooked();
    await startPool(engine, 2);
    const calls = async (compiled: boolean | undefined, run: boolean | undefined) => {
      const spec = {
        imageShape: large.input.shape,
        filterShape: large.filters.shape,
        ...(compiled !== undefined && { openmp: compiled }),
      };
      using layer = await engine.nnet.conv2d.compile(spec);
      await layer.setFilters(large.filters);
      const before = control.calls;
      await layer.run(large.input, run === undefined ? undefined : { openmp: run });
      const pooled = control.calls - before;
      layer.runSync(large.input);
      expect(control.calls - before).toBe(pooled);
      return pooled > 0;
    };
    const found: Record<string, boolean> = {};
    for (const compiled of [true, false, undefined])
      for (const run of [true, false, undefined]) found[`${compiled}, ${run}`] = await calls(compiled, run);
    expect(found).toEqual({
      "true, true": true,
      "true, false": false,
      "true, undefined": true,
      "false, true": true,
      "false, false": false,
      "false, undefined": false,
      "undefined, true": true,
      "undefined, false": false,
      "undefined, undefined": true,
    });
  });

  it("workers: 0 has no pool to use, and says so", async () => {
    await using engine = await createEngine({ workers: 0 });
    await engine.nnet.conv2d(large.input, large.filters, { openmp: true });
    expect(recorded.made).toBe(0);
    expect(engine.capabilities()).toMatchObject({
      workers: 0,
      using: { workers: 0 },
      why: { workers: expect.stringMatching(/0/) },
    });
  });
});

describe("a program", () => {
  const cwd = fileURLToPath(projectRoot());
  const head = `
    import { nnet, config, capabilities, createEngine } from "simdconv";
    const ones = (...shape) => ({ data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1), shape });
    const large = [ones(8, 256, 14, 14), ones(256, 256, 3, 3)], tiny = [ones(1, 1, 6, 6), ones(1, 1, 4, 4)];
    const started = async () => { for (let i = 0; i < 500 && (await capabilities()).using.workers === 0; i++) await new Promise((f) => setTimeout(f, 10)); };`;
  /** Runs it to its end, which must come by itself. */
  const program = async (source: string, flags: readonly string[] = []) => {
    const from = performance.now();
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      [...flags, "--input-type=module", "-e", head + source],
      { cwd, timeout: 20_000 },
    );
    expect(stderr).toBe("");
    return { said: stdout.trim(), ms: performance.now() - from };
  };

  it("with an idle pool ends by itself, and at once", async (test) => {
    const plain = await program(`await nnet.conv2d(...large, { openmp: false }); console.log("end");`);
    const pooled = await program(`
      config.workers = 2;
      await nnet.conv2d(...large, { openmp: true }); await started();
      await nnet.conv2d(...large, { openmp: true });
      console.log((await capabilities()).using.workers);`);
    expect(pooled.said).toMatch(/^[12]$/);
    note(
      test,
      `a program with an idle pool ended after ${pooled.ms.toFixed(0)} ms, without one after ${plain.ms.toFixed(0)} ms`,
    );
    expect(pooled.ms).toBeLessThan(plain.ms + 3000);
  });

  it("waits for a pooled call that is under way, though it keeps nothing else", async () => {
    const { said } = await program(`
      config.workers = 2;
      nnet.conv2d(...large, { openmp: true }).then(async ({ data }) => { await started(); nnet.conv2d(...large, { openmp: true, algorithm: "direct" }).then(({ data }) => console.log(data.length, data[0])); });`);
    expect(said).toBe(`${8 * 256 * 12 * 12} ${256 * 9}`);
  });

  it("ends soon though its worker never answers", async () => {
    const silent = new URL("./fixtures/silent-worker.mjs", import.meta.url).href;
    const { said, ms } = await program(`
      const engine = await createEngine({ workers: 1, worker: new URL(${JSON.stringify(silent)}) });
      console.log((await engine.nnet.conv2d(...large, { openmp: true, algorithm: "direct" })).data[0]);`);
    expect(said).toBe(`${256 * 9}`);
    expect(ms, "the limit for a worker's start kept the program alive").toBeLessThan(5000);
  });

  it("that disposes of its engine with jobs in flight ends soon", async () => {
    const { ms } = await program(`
      const engine = await createEngine({ workers: 2 });
      const jobs = [1, 2, 3].map(() => engine.nnet.conv2d(...large, { openmp: true }));
      await new Promise((f) => setTimeout(f, 60));
      engine.dispose();
      console.log((await Promise.allSettled(jobs)).length);`);
    expect(ms).toBeLessThan(5000);
  });

  it("with four calls of module-level ops at once has one pool", async () => {
    const { said } = await program(`
      config.workers = 1;
      const want = (await nnet.conv2d(...large, { openmp: false })).data.join();
      const results = await Promise.all([1, 2, 3, 4].map(() => nnet.conv2d(...large, { openmp: true })));
      await started();
      console.log(results.every(({ data }) => data.join() === want), (await capabilities()).using.workers);`);
    expect(said).toBe("true 1");
  });

  it("that disposed of 10 engines in the middle of their jobs has their memory back", {
    timeout: 60_000,
  }, async (test) => {
    const { said } = await program(
      `
      const round = async (inFlight) => {
        const engine = await createEngine({ workers: 2 });
        await engine.nnet.conv2d(...large, { openmp: true });
        for (let i = 0; i < 500 && engine.capabilities().using.workers < 2; i++) await new Promise((f) => setTimeout(f, 10));
        const jobs = [1, 2, 3].map(() => engine.nnet.conv2d(...large, { openmp: true }));
        await (inFlight ? new Promise((f) => setTimeout(f, 5)) : Promise.all(jobs));
        engine.dispose();
        await Promise.allSettled(jobs);
      };
      const megabytes = async () => {
        for (let i = 0; i < 3; i++) { await new Promise((f) => setTimeout(f, 600)); gc(); }
        return process.memoryUsage().rss / 2 ** 20;
      };
      for (let i = 0; i < 10; i++) await round(false);
      const waited = await megabytes();
      for (let i = 0; i < 10; i++) await round(true);
      console.log(Math.round(waited), Math.round(await megabytes()));`,
      ["--expose-gc"],
    );
    const [waited, inFlight] = said.split(" ").map(Number);
    note(
      test,
      `10 engines disposed of after their jobs: ${waited} MB resident; 10 more in the middle of them: ${inFlight} MB`,
    );
    expect(inFlight! - waited!, said).toBeLessThan(100);
  });

  it("follows config.openmp: true, false and null", async () => {
    const { said } = await program(`
      config.workers = 1; config.openmp = false;
      const using = async () => (await capabilities()).using.workers;
      for (let i = 0; i < 4; i++) await nnet.conv2d(...large);
      await new Promise((f) => setTimeout(f, 200));
      const off = await using();
      config.openmp = null;
      for (let i = 0; i < 50; i++) await nnet.conv2d(...tiny);
      await new Promise((f) => setTimeout(f, 200));
      const open = await using();
      config.openmp = true;
      await nnet.conv2d(...tiny); await started();
      const on = await using();
      console.log(off, open, on);`);
    expect(said).toBe("0 0 1");
  });
});

describe("what is left", () => {
  // The garbage of engines is collected when V8 likes, unless it is asked to.
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;

  it("10 rounds of createEngine and dispose leave no thread and no memory", { timeout: 120_000 }, async (test) => {
    const round = async () => {
      await using engine = (await createEngine({ workers: 2 })) as Engine;
      await startPool(engine, 2);
      await engine.nnet.conv2d(large.input, large.filters, { openmp: true });
      expect(await stillGood(engine)).toBeUndefined();
    };
    const size = async () => {
      expect(await becomes(() => recorded.alive.size === 0, 5000), `${recorded.alive.size} workers left`).toBe(true);
      // Memory that threads shared goes with the last of them, one collection after another.
      for (let i = 0; i < 3; i++) {
        await pause(100);
        gc();
      }
      return process.memoryUsage().rss / 2 ** 20;
    };
    for (let i = 0; i < 3; i++) await round();
    const before = await size();
    for (let i = 0; i < 10; i++) await round();
    const after = await size();
    expect(recorded.made).toBe(26);
    note(
      test,
      `10 engines with 2 workers each: resident memory ${before.toFixed(0)} MB before, ${after.toFixed(0)} MB after`,
    );
    expect(after - before).toBeLessThan(150);
  });

  it("a disposed engine's pool does not come back", async () => {
    const engine = await hooked();
    await startPool(engine, 2);
    engine.dispose();
    engine.dispose();
    await becomes(() => recorded.alive.size === 0, 5000);
    await pause(100);
    expect(recorded.made).toBe(2);
    const { input, filters } = good();
    await expect(engine.nnet.conv2d(input, filters, { openmp: true })).rejects.toMatchObject({ name: "DisposedError" });
    expect(recorded.made).toBe(2);
  });
});
