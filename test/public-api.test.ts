// The names the package exports, and their kinds. A change here is a change for every user.
import * as simdconv from "simdconv";
import { expect, it } from "vitest";
import { errorClasses } from "./support/errors.ts";
import { stillGood } from "./support/fixtures.ts";
import { opNames, opOf } from "./support/ops.ts";
import type { Engine } from "./support/spec.ts";

it("exports exactly these names", () => {
  const kinds = Object.entries(simdconv).map(([name, value]) => `${name}: ${typeof value}`);
  expect(kinds.sort()).toMatchInlineSnapshot(`
    [
      "ConvError: function",
      "DTypeError: function",
      "DeviceError: function",
      "DisposedError: function",
      "OptionError: function",
      "OutOfMemoryError: function",
      "ShapeError: function",
      "Tensor: function",
      "WorkerError: function",
      "c01b: object",
      "capabilities: function",
      "config: object",
      "conv3D: function",
      "conv3d2d: object",
      "convGrad3D: function",
      "convTransp3D: function",
      "createEngine: function",
      "nnet: object",
      "signal: object",
      "tensor: function",
    ]
  `);
  expect(Object.keys(simdconv.nnet).sort()).toEqual([
    "conv2d",
    "conv2dGradWrtInputs",
    "conv2dGradWrtWeights",
    "conv2dTranspose",
  ]);
  expect(Object.keys(simdconv.signal).sort()).toEqual(["conv2d", "conv2dGradWrtFilters", "conv2dGradWrtInputs"]);
  expect(Object.keys(simdconv.conv3d2d).sort()).toEqual(["conv3d", "conv3dGradWrtFilters", "conv3dGradWrtSignals"]);
  expect(Object.keys(simdconv.c01b).sort()).toEqual(["filterActs", "imageActs", "weightActs"]);
  for (const family of [simdconv.nnet, simdconv.signal, simdconv.conv3d2d, simdconv.c01b])
    expect(Object.isFrozen(family)).toBe(true);
  for (const op of opNames) expect(typeof opOf(simdconv as unknown as Engine, op).compile, op).toBe("function");
});

it("every error is a ConvError, and names itself", () => {
  for (const [name, Class] of Object.entries(errorClasses)) {
    expect(Class.prototype instanceof simdconv.ConvError || Class === simdconv.ConvError).toBe(true);
    expect(Class.prototype instanceof Error).toBe(true);
    expect(Class.name).toBe(name);
  }
});

it("an engine has the ops, tensor, dispose", async () => {
  await using engine = await simdconv.createEngine();
  for (const op of opNames) {
    expect(typeof opOf(engine, op), op).toBe("function");
    expect(typeof opOf(engine, op).compile, op).toBe("function");
  }
  expect(typeof engine.tensor).toBe("function");
  expect(typeof engine.dispose).toBe("function");
  expect(typeof engine[Symbol.asyncDispose]).toBe("function");
});

it("the module-level ops are those of the shared engine, and compute", async () => {
  for (const op of opNames) expect(await stillGood(simdconv as unknown as Engine, op)).toBeUndefined();
});
