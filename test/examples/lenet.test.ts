/** LeNet of the example on digits that are made here: it learns, in float32, and its gradients are those of its loss, in float64. */
import { createEngine } from "simdconv";
import { afterAll, describe, expect, it } from "vitest";
import type { Digits } from "../../examples/lenet/batch.ts";
import { CLASSES, LeNet, PIXELS, SIDE } from "../../examples/lenet/network.ts";
import { accuracy, train } from "../../examples/lenet/training.ts";
import { type Random, random } from "../../examples/shared/random.ts";

const engine = await createEngine({ workers: 0 });
afterAll(() => engine.dispose());

/** Strokes of a seven-segment display, as [left, top, width, height], and those that each digit lights. */
const STROKES = [
  [0, 0, 9, 2],
  [7, 0, 2, 9],
  [7, 8, 2, 9],
  [0, 15, 9, 2],
  [0, 8, 2, 9],
  [0, 0, 2, 9],
  [0, 7, 9, 2],
];
const LIT = ["012345", "12", "01346", "01236", "1256", "02356", "023456", "012", "0123456", "012356"];

function write(pixels: Float32Array, digit: number, next: Random): void {
  const [left, top] = [6 + Math.floor(5 * next()), 3 + Math.floor(5 * next())];
  for (let i = 0; i < pixels.length; i++) pixels[i] = 0.1 * next();
  for (const stroke of LIT[digit]) {
    const [x0, y0, width, height] = STROKES[Number(stroke)];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) pixels[(top + y0 + y) * SIDE + left + x0 + x] = 0.6 + 0.4 * next();
    }
  }
}

function makeDigits(count: number, seed: number): Digits {
  const next = random(seed);
  const [pixels, labels] = [new Float32Array(count * PIXELS), new Uint8Array(count)];
  for (let i = 0; i < count; i++) {
    labels[i] = i % CLASSES;
    write(pixels.subarray(i * PIXELS, (i + 1) * PIXELS), labels[i], next);
  }
  return { pixels, labels };
}

describe("examples/lenet", () => {
  it("learns: the loss falls, and digits that it has not seen are read", async () => {
    const network = await LeNet.create(engine, { batch: 16, seed: 1 });
    const unseen = makeDigits(110, 2); // not a multiple of the batch
    expect(await accuracy(network, unseen)).toBeLessThan(0.4);
    const losses: number[] = [];
    const spec = { epochs: 3, seed: 4, rate: 0.02, decay: 0.8, momentum: 0.9 };
    for await (const { loss } of train(network, makeDigits(330, 3), spec)) losses.push(loss);
    expect(losses).toHaveLength(3 * 20);
    expect(losses[0]).toBeCloseTo(Math.log(CLASSES), 0);
    const end = losses.slice(-10).reduce((sum, loss) => sum + loss, 0) / 10;
    expect(end).toBeLessThan(0.1 * losses[0]);
    expect(await accuracy(network, unseen)).toBeGreaterThan(0.95);
    network.dispose();
  });

  it("has the gradients that finite differences have, in each layer's weights and biases", async () => {
    const batch = 6;
    const network = await LeNet.create(engine, { batch, seed: 5, dtype: "float64" });
    const { pixels, labels } = makeDigits(batch, 6);
    await network.learn(pixels, labels);
    const gradients = network.parameters.map(({ gradient }) => Float64Array.from(gradient.data));
    expect(gradients).toHaveLength(8);
    for (const [i, { values }] of network.parameters.entries()) {
      const gradient = gradients[i];
      const steepest = gradient.reduce((best, g, at) => (Math.abs(g) > Math.abs(gradient[best]) ? at : best), 0);
      for (const at of [steepest, gradient.length >> 1]) {
        const value = values.data[at];
        const lossAt = async (moved: number) => {
          values.data[at] = moved;
          return network.learn(pixels, labels);
        };
        const slope = ((await lossAt(value + 1e-5)) - (await lossAt(value - 1e-5))) / 2e-5;
        values.data[at] = value;
        expect(Math.abs(slope - gradient[at]), `parameter ${i}, element ${at}`).toBeLessThan(1e-6);
      }
      expect(Math.abs(gradient[steepest]), `parameter ${i}`).toBeGreaterThan(1e-4);
    }
    network.dispose();
  });
});
