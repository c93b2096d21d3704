// On a page: what is fetched for float32 and for float64, a whole binary that is a 404 at first, and workers, with shared memory or
// without, that get the kernels for float64 while they are at work.
import { createEngine } from "simdconv";
import { afterEach, expect, it, vi } from "vitest";
import { becomes, callOf, jobsOf, middling, serving, settles, startPool, wrongBits } from "../pool/jobs.ts";
import { mustFail } from "../support/errors.ts";
import { stillGood } from "../support/fixtures.ts";
import { gather } from "../support/place.ts";
import type { Engine } from "../support/spec.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

/** The binaries that are fetched from now on; where `answer` gives something, that is the answer. */
function fetched(answer: (name: string) => Response | undefined = () => undefined): string[] {
  const names: string[] = [];
  const real = globalThis.fetch;
  vi.spyOn(globalThis, "fetch").mockImplementation(async (...request) => {
    const name = String(request[0]).match(/[\w-]+\.wasm/)?.[0];
    if (name) names.push(name);
    return (name && answer(name)) || real(...request);
  });
  return names;
}

const one = { data: new Float64Array(16).fill(1), shape: [1, 1, 4, 4] };

it("float32 fetches its own binary and nothing else; a 404 of the whole one is an OptionError, and then it is tried again", async () => {
  let there = false;
  const names = fetched((name) => (there || name.includes("-f32") ? undefined : new Response("", { status: 404 })));
  await using engine = (await createEngine({ binary: "simd", workers: 0 })) as Engine;
  expect(await stillGood(engine)).toBeUndefined();
  expect(await stillGood(engine, "convTransp3D")).toBeUndefined();
  expect(names).toEqual(["simd-f32.wasm"]);
  expect(await mustFail(() => engine.nnet.conv2d(one, one), "OptionError", ["wasm"])).toBeUndefined();
  expect(await stillGood(engine)).toBeUndefined();
  there = true;
  expect([...(await engine.nnet.conv2d(one, one)).data]).toEqual([16]);
  expect(names).toEqual(["simd-f32.wasm", "simd.wasm", "simd.wasm"]);
});

it("workers at work get the kernels, and jobs in flight go on", async () => {
  await using inline = (await createEngine({ binary: "simd", workers: 0 })) as Engine;
  const jobs = await jobsOf(inline, [...middling, ...middling.map((spec) => ({ ...spec, dtype: "float64" }) as const)]);
  await using engine = (await createEngine({ binary: "simd", workers: 2 })) as Engine;
  await startPool(engine, 2);
  const names = fetched();
  for (let round = 0; round < 3; round++) {
    const results = jobs.map(async (job) => {
      const { input, filters, options } = callOf(job);
      const result = engine.nnet.conv2d(input, filters, { ...options, openmp: true } as object);
      return wrongBits(job, gather(await settles(result, 10_000, `[${job.spec.input}]`)));
    });
    expect((await Promise.all(results)).filter(Boolean), `round ${round}`).toEqual([]);
  }
  expect(names).toEqual(["simd.wasm"]);
  expect(await becomes(() => serving(engine) === 2, 5000), engine.capabilities().why.workers).toBe(true);
});
