// The measured estimate, which decides between the GPU and wasm: held against the truth; and what is taken where the adapter is a
// software one.
import { createEngine } from "simdconv";
import { expect, inject, it } from "vitest";
import { convolveOnGpu } from "../../src/webgpu/convolve.ts";
import { Gpu } from "../../src/webgpu/gpu.ts";
import { estimateMs, measureSpeed } from "../../src/webgpu/speed.ts";
import { note } from "../support/record.ts";
import type { Engine } from "../support/spec.ts";
import { type Layer, layerOf } from "./layer.ts";

/** How far off an estimate may be: the choice keeps a margin, and elsewhere the two are farther apart. */
const FACTOR = 5;

const layers: Readonly<Record<string, Layer>> = {
  "2-D, 16 → 32 @48": { channels: 16, filters: 32, input: [1, 48, 48], taps: [1, 3, 3] },
  "a movie, 3 → 16 @6×40": { channels: 3, filters: 16, input: [6, 40, 40], taps: [3, 5, 5] },
  "3-D, 32 → 64 @4×20": { channels: 32, filters: 64, input: [4, 20, 20], taps: [3, 3, 3] },
};

// Isolation is nothing to a GPU: once is enough.
it.skipIf(!inject("isolated"))(
  `estimates are within a factor of ${FACTOR} of what is measured`,
  { timeout: 120_000 },
  async (test) => {
    const gpu = await Gpu.open();
    const speed = await measureSpeed(gpu);
    for (const [name, layer] of Object.entries(layers)) {
      const p = layerOf(layer);
      const operands = {
        x: new Float32Array(p.x.size),
        w: new Float32Array(p.w.size),
        keepsFilters: false,
        bias: null,
      };
      let best = Number.POSITIVE_INFINITY;
      for (let i = 0; i < 4; i++) {
        const start = performance.now();
        await convolveOnGpu(gpu, p, operands, {});
        best = Math.min(best, performance.now() - start);
      }
      const estimate = estimateMs(gpu, p, speed);
      note(test, `${name}: ${best.toFixed(1)} ms, estimated ${estimate.toFixed(1)}`);
      expect(estimate / best, name).toBeGreaterThan(1 / FACTOR);
      expect(estimate / best, name).toBeLessThan(FACTOR);
    }
    gpu.dispose();
  },
);

// A card is faster: there is nothing to see. Software adapters say what they are.
const info = (await navigator.gpu.requestAdapter())?.info;
const isSoftware = /swiftshader|llvmpipe|lavapipe/i.test(`${info?.vendor} ${info?.architecture} ${info?.description}`);

it.skipIf(!inject("isolated") || !isSoftware)(
  `auto takes wasm for a layer of C3D on a software adapter (${isSoftware ? "" : "skipped: "}${info?.architecture}), and says why`,
  { timeout: 120_000 },
  async (test) => {
    await using engine = (await createEngine({ workers: 0 })) as Engine;
    const [signalsShape, filtersShape] = [
      [1, 16, 64, 28, 28],
      [128, 3, 64, 3, 3],
    ] as const;
    using op = await engine.conv3d2d.conv3d.compile({ signalsShape, filtersShape, borderMode: "half" } as never);
    expect(op.plan.device).toBe("wasm");
    const { webgpu, why, using } = engine.capabilities();
    // It is open, as it was measured.
    expect(webgpu).toBe(true);
    expect(why.webgpu).toMatch(/^.+: [\d.]+ ms estimated, [\d.]+ on wasm$/);
    const [there, here] = /([\d.]+) ms estimated, ([\d.]+) on wasm$/.exec(why.webgpu)!.slice(1).map(Number);
    expect(there! * 1.5).toBeGreaterThan(here!);
    note(test, `auto, C3D-like layer: ${op.plan.device}, because ${why.webgpu}`);
    expect(using.gpu).toBeDefined();
  },
);
