// Starting an engine: a kernel file that is missing or wrong is a typed error, and never poisons a later start.
import { createEngine, nnet } from "simdconv";
import { afterEach, describe, expect, it, vi } from "vitest";
import { supportedBinaries, wasmUrl } from "../support/binaries.ts";
import { failureOf, mustFail, wrongError } from "../support/errors.ts";
import { good, goodAnswer, stillGood } from "../support/fixtures.ts";
import { gather } from "../support/place.ts";
import { readBytes } from "../support/runtime.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

describe("createEngine", () => {
  const garbage: readonly (readonly [string, WebAssembly.Module | BufferSource | URL | string])[] = [
    ["a missing file", new URL("file:///nonexistent.wasm")],
    ["a missing file, as a string", "file:///nonexistent.wasm"],
    ["an unreachable host", new URL("http://127.0.0.1:9/simd.wasm")],
    ["bytes that are no module", Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8])],
    ["an empty buffer", new ArrayBuffer(0)],
    ["a truncated module", Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1])],
    ["a module without our kernels", Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])],
    [
      "a compiled module without our kernels",
      new WebAssembly.Module(Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])),
    ],
    ["this file", new URL(import.meta.url)],
  ];
  for (const [what, wasm] of garbage) {
    it(`wasm: ${what} is an OptionError, and the next engine works`, async () => {
      expect(await mustFail(() => createEngine({ wasm }), "OptionError", ["wasm"])).toBeUndefined();
      await using engine = await createEngine();
      expect(await stillGood(engine)).toBeUndefined();
    });
  }

  it("takes its kernels from a URL, a string, bytes or a module", async () => {
    for (const binary of await supportedBinaries()) {
      const url = wasmUrl(binary);
      const bytes = await readBytes(url);
      for (const wasm of [url, url.href, bytes, bytes.buffer, new WebAssembly.Module(bytes)]) {
        await using engine = await createEngine({ wasm, binary });
        expect(await stillGood(engine)).toBeUndefined();
      }
    }
  });

  it("uses the binary that was asked for", async () => {
    for (const binary of await supportedBinaries()) {
      await using engine = await createEngine({ binary });
      using layer = await engine.nnet.conv2d.compile({ imageShape: [1, 1, 4, 4], filterShape: [1, 1, 2, 2] });
      expect(layer.plan.binary).toBe(binary);
    }
    await using best = await createEngine();
    using layer = await best.nnet.conv2d.compile({ imageShape: [1, 1, 4, 4], filterShape: [1, 1, 2, 2] });
    expect(layer.plan.binary).toBe((await supportedBinaries()).at(-1));
    await using reproducible = await createEngine({ float: "reproducible" });
    using plain = await reproducible.nnet.conv2d.compile({ imageShape: [1, 1, 4, 4], filterShape: [1, 1, 2, 2] });
    expect(plain.plan.binary).toBe("simd");
  });

  it("engines are independent: disposing of one leaves the other", async () => {
    const first = await createEngine();
    await using second = await createEngine();
    await first.dispose();
    expect(await stillGood(second)).toBeUndefined();
  });
});

describe("the default engine", () => {
  it("starts again after a start that failed", async () => {
    const broken = () => {
      throw new WebAssembly.CompileError("broken by the test");
    };
    for (const name of ["compile", "instantiate", "compileStreaming", "instantiateStreaming"] as const) {
      if (name in WebAssembly) vi.spyOn(WebAssembly, name).mockImplementation(broken as never);
    }
    const { input, filters } = good();
    for (let round = 0; round < 3; round++) {
      const failure = await failureOf(() => nnet.conv2d(input, filters));
      expect(failure && wrongError(failure.error, "ConvError", []), "the start did not fail").toBeUndefined();
      expect(failure).toBeDefined();
    }
    vi.restoreAllMocks();
    expect(gather(await nnet.conv2d(input, filters))).toEqual(goodAnswer.y);
  });
});
