// Kernels for float64 come when they are first wanted: never for float32, once for many, again after a failure; and what a user
// gives as `wasm` may have them or not. A server counts what is asked of it.
import { getEventListeners } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createEngine } from "simdconv";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { projectRoot, supportedBinaries } from "../support/binaries.ts";
import { firstDifference } from "../support/compare.ts";
import { failureOf, mustFail } from "../support/errors.ts";
import { forwardOps, gradientOf } from "../support/filter-gradients.ts";
import { goodSpecs, stillGood } from "../support/fixtures.ts";
import { type OpName, opOf, ops } from "../support/ops.ts";
import { compute, type Engine, expected, numbers, operandsOf } from "../support/spec.ts";

/** What is answered instead of a whole binary. */
type Fault = "none" | "404" | "no answer" | "a page" | "another binary" | "float32 only";
let fault: Fault = "none";
let asked: string[] = [];
/** Answers wait for it. */
let gate: Promise<void> | undefined;
let folder = "";

async function answer(name: string, response: ServerResponse): Promise<void> {
  await gate;
  const whole = !name.includes("-f32");
  if (whole && fault === "no answer") return void response.destroy();
  if (whole && fault === "404") return void response.writeHead(404).end();
  if (whole && fault === "a page") return void response.writeHead(200).end("<!doctype html>");
  const others: Partial<Record<Fault, string>> = { "another binary": "scalar.wasm", "float32 only": "simd-f32.wasm" };
  response.end(await file((whole && others[fault]) || name));
}
const file = (name: string) => readFile(new URL(`dist/wasm/${name}`, projectRoot()));

const server = createServer(({ url }, response) => {
  const name = url!.slice(1);
  asked.push(name);
  void answer(name, response);
});
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  folder = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  fault = "none";
  asked = [];
  gate = undefined;
});

const start = (binary: "scalar" | "simd" | "relaxed" = "simd", wasm: string | URL = folder) =>
  createEngine({ binary, wasm, workers: 0 }) as Promise<Engine>;

/** Undefined if the small problem of the op, of integers, is exact. */
async function wrong(engine: Engine, op: OpName, dtype: "float32" | "float64", via: "call" | "runSync" = "call") {
  const problem = numbers({ ...goodSpecs[op], dtype });
  const got = await compute(engine, problem.spec, operandsOf(problem), { binary: "", form: "auto", via });
  const position = firstDifference(got, expected(problem).y);
  return position < 0 ? undefined : `${op} of ${dtype} gave ${got[position]} at ${position}`;
}
const allOps = Object.keys(ops) as OpName[];

/** The gradient with respect to filters of a problem, called or compiled. */
async function filterGradient(engine: Engine, via: "call" | "compile"): Promise<unknown> {
  const float64 = (...shape: number[]) => ({ data: new Float64Array(shape.reduce((a, b) => a * b)).fill(1), shape });
  const { conv2dGradWrtWeights: op } = engine.nnet;
  const filterShape = [2, 1, 3, 3];
  if (via === "call") return op(float64(1, 1, 5, 5), float64(1, 2, 3, 3), { filterShape });
  return op.compile({ imageShape: [1, 1, 5, 5], filterShape, dtype: "float64" });
}

describe("requests", () => {
  it("float32 alone asks for nothing but its own binary, whatever the op", async () => {
    for (const binary of await supportedBinaries()) {
      asked = [];
      await using engine = await start(binary);
      for (const op of allOps) expect(await wrong(engine, op, "float32")).toBeUndefined();
      for (const op of forwardOps) expect(gradientOf(engine, op)).toBeTypeOf("function");
      await engine.nnet.conv2dGradWrtWeights(
        { data: new Float32Array(25), shape: [1, 1, 5, 5] },
        { data: new Float32Array(9), shape: [1, 1, 3, 3] },
        { filterShape: [1, 1, 3, 3] },
      );
      expect(asked).toEqual([`${binary}-f32.wasm`]);
      expect(engine.capabilities().using.binary).toBe(binary);
    }
  });

  it("the first float64 asks for the whole binary, once, however many calls want it", async () => {
    for (const binary of await supportedBinaries()) {
      asked = [];
      await using engine = await start(binary);
      expect(await Promise.all(allOps.map((op) => wrong(engine, op, "float64")))).toEqual(allOps.map(() => undefined));
      expect(asked).toEqual([`${binary}-f32.wasm`, `${binary}.wasm`]);
      expect(await stillGood(engine)).toBeUndefined();
      expect(engine.capabilities().using.binary).toBe(binary);
    }
  });

  it("compile asks, so that runSync need not", async () => {
    await using engine = await start();
    using layer = await opOf(engine, "nnet.conv2d").compile({
      imageShape: [1, 1, 4, 4],
      filterShape: [1, 1, 3, 3],
      dtype: "float64",
    });
    expect(asked).toEqual(["simd-f32.wasm", "simd.wasm"]);
    await layer.setFilters({ data: new Float64Array(9).fill(1), shape: [1, 1, 3, 3] });
    const result = layer.runSync({ data: new Float64Array(16).fill(1), shape: [1, 1, 4, 4] });
    expect([...result.data]).toEqual([9, 9, 9, 9]);
  });
});

describe("a whole binary that cannot be had", () => {
  for (const bad of ["404", "no answer", "a page", "another binary", "float32 only"] as const) {
    it(`${bad}: an OptionError from every way in, float32 goes on, and the next try succeeds`, async () => {
      await using engine = await start();
      fault = bad;
      const ways: Record<string, () => unknown> = {
        call: () => wrong(engine, "nnet.conv2d", "float64"),
        compile: () => wrong(engine, "conv3D", "float64", "runSync"),
        "gradient with respect to inputs": () => wrong(engine, "convTransp3D", "float64"),
        "gradient with respect to filters": () => filterGradient(engine, "call"),
        "the same, compiled": () => filterGradient(engine, "compile"),
        tune: () => engine.tune({ imageShape: [1, 1, 9, 9], filterShape: [2, 1, 3, 3], dtype: "float64" }),
      };
      for (const [way, call] of Object.entries(ways)) {
        const float32 = stillGood(engine);
        expect(await mustFail(call, "OptionError", ["wasm"]), way).toBeUndefined();
        expect(await float32, way).toBeUndefined();
      }
      expect(asked.filter((name) => name === "simd.wasm").length, "each tries again").toBe(Object.keys(ways).length);
      fault = "none";
      for (const op of allOps) expect(await wrong(engine, op, "float64")).toBeUndefined();
    });
  }

  it("a call that is stopped meanwhile rejects at once, with the signal's reason, and another gets its result", async () => {
    await using engine = await start();
    let open = () => {};
    gate = new Promise((resolve) => {
      open = resolve;
    });
    const { input, filters } = operandsOf(numbers({ ...goodSpecs["nnet.conv2d"], dtype: "float64" }));
    const controller = new AbortController();
    const { signal } = controller;
    const stopped = failureOf(() => engine.nnet.conv2d(input.operand, filters.operand, { signal }));
    const other = wrong(engine, "nnet.conv2d", "float64");
    const reason = new Error("stopped by the test");
    await expect.poll(() => asked).toContain("simd.wasm");
    controller.abort(reason);
    expect((await stopped)?.error).toBe(reason);
    expect(getEventListeners(signal, "abort")).toEqual([]);
    open();
    expect(await other).toBeUndefined();
  });

  it("an engine that is disposed of meanwhile: DisposedError", async () => {
    const engine = await start();
    let open = () => {};
    gate = new Promise((resolve) => {
      open = resolve;
    });
    const call = failureOf(() => wrong(engine, "nnet.conv2d", "float64"));
    engine.dispose();
    open();
    expect((await call)?.error).toMatchObject({ name: "DisposedError" });
  });
});

describe("what is given as wasm", () => {
  it("a module for float32: float64 is an OptionError that says so", async () => {
    const bytes = Uint8Array.from(await file("simd-f32.wasm"));
    const url = new URL("dist/wasm/simd-f32.wasm", projectRoot());
    for (const wasm of [bytes, new WebAssembly.Module(bytes), url, `${folder}simd-f32.wasm`]) {
      await using engine = (await createEngine({ binary: "simd", wasm, workers: 0 })) as Engine;
      expect(await stillGood(engine)).toBeUndefined();
      const failure = await failureOf(() => wrong(engine, "nnet.conv2d", "float64"));
      expect(failure?.error).toMatchObject({ name: "OptionError", argument: "wasm" });
      expect(String(failure?.error)).toMatch(/float32 only.*simd\.wasm/);
      expect(await stillGood(engine)).toBeUndefined();
    }
  });

  it("a whole module serves both, and asks for nothing", async () => {
    const bytes = Uint8Array.from(await file("simd.wasm"));
    for (const wasm of [bytes, new WebAssembly.Module(bytes)]) {
      await using engine = (await createEngine({ binary: "simd", wasm, workers: 0 })) as Engine;
      for (const op of allOps) expect(await wrong(engine, op, "float64")).toBeUndefined();
      expect(await stillGood(engine)).toBeUndefined();
    }
    expect(asked).toEqual([]);
  });

  it("both have the same bits for float32", async () => {
    for (const binary of await supportedBinaries()) {
      await using small = await start(binary);
      await using whole = await start(binary, new URL(`dist/wasm/${binary}.wasm`, projectRoot()));
      for (const op of allOps) {
        const problem = numbers({ ...goodSpecs[op], values: "zero-mean" });
        const how = { binary, form: "auto" };
        const [a, b] = [
          await compute(small, problem.spec, operandsOf(problem), how),
          await compute(whole, problem.spec, operandsOf(problem), how),
        ];
        expect(firstDifference(a, b), op).toBe(-1);
      }
    }
  });
});
