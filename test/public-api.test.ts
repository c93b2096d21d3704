// The names the package exports, and their kinds. A change here is a change for every user.
import * as simdconv from "simdconv";
import { expect, it } from "vitest";
import { errorClasses } from "./support/errors.ts";

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
      "capabilities: function",
      "config: object",
      "createEngine: function",
      "nnet: object",
      "tensor: function",
    ]
  `);
  expect(Object.keys(simdconv.nnet).sort()).toEqual(["conv2d"]);
  expect(typeof simdconv.nnet.conv2d.compile).toBe("function");
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
  expect(typeof engine.nnet.conv2d).toBe("function");
  expect(typeof engine.nnet.conv2d.compile).toBe("function");
  expect(typeof engine.tensor).toBe("function");
  expect(typeof engine.dispose).toBe("function");
  expect(typeof engine[Symbol.asyncDispose]).toBe("function");
});
