/** LeNet of the example on digits that are made here: it learns, in float32, and its gradients are those of its loss, in float64. */
import { createEngine } from "simdconv";
import { afterAll, describe, expect, it } from "vitest";
import { CLASSES, LeNet } from "../../examples/lenet/network.ts";
import { accuracy, train } from "../../examples/lenet/training.ts";
import { makeDigits } from "../support/digits.ts";

const engine = await createEngine({ workers: 0 });
afterAll(() => engine.dispose());

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
