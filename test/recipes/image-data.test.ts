/** `simdconv/interop`: pixels to planes and back. In Node there is no ImageData, so results are objects like one. */
import { DTypeError, OptionError, ShapeError, tensor } from "simdconv";
import { fromImageData, toImageData } from "simdconv/interop";
import { expect, it } from "vitest";

/** Every byte in every channel, in an order of its own. */
const all = Uint8ClampedArray.from({ length: 4 * 256 }, (_, i) => ((i >> 2) * [1, 3, 5, 7][i % 4]) % 256);
const image = { data: all, width: 32, height: 8 };

it("every byte comes back, whatever white is", () => {
  for (const white of [1, 255, 0.1, 1e-30]) {
    const planes = fromImageData(image, { white, alpha: "straight" });
    expect(planes.shape).toEqual([1, 4, 8, 32]);
    expect(Array.from(toImageData(planes, { white }).data)).toEqual(Array.from(all));
  }
});

it("bytes are planes one after the other, 0 … 1, or 0 … 255 exactly", () => {
  const two = { data: Uint8ClampedArray.of(255, 51, 0, 9, 102, 0, 255, 9), width: 2, height: 1 };
  expect(Array.from(fromImageData(two).data)).toEqual([1, 0.4, 0.2, 0, 0, 1].map(Math.fround));
  expect(Array.from(fromImageData(two, { white: 255 }).data)).toEqual([255, 102, 51, 0, 0, 255]);
});

it("premultiplied colours come back within a step of what their alpha leaves of them", () => {
  const planes = fromImageData(image, { alpha: "premultiplied" });
  const back = toImageData(planes, { alpha: "premultiplied" }).data;
  for (let i = 0; i < all.length; i++) {
    const opacity = all[4 * (i >> 2) + 3];
    expect(back[i]).toBe(opacity === 0 ? 0 : all[i]);
  }
});

it("grey is repeated, three planes are opaque, strides are followed", () => {
  const rows = [0, 51, 102, 153, 204, 255];
  const grey = tensor(rows, [2, 3]);
  const bytes = (operand: Parameters<typeof toImageData>[0]) => Array.from(toImageData(operand, { white: 255 }).data);
  const opaque = (values: number[]) => values.flatMap((value) => [value, value, value, 255]);
  expect(bytes(grey)).toEqual(opaque(rows));
  expect(bytes({ ...grey, data: grey.data, shape: [1, 1, 2, 3], stride: [0, 0, 3, 1] })).toEqual(opaque(rows));
  expect(bytes({ data: grey.data, shape: [3, 2], stride: [-1, -3], offset: 5 })).toEqual(
    opaque([255, 102, 204, 51, 153, 0]),
  );
  const colours = { data: Float32Array.of(1, 2, 3), shape: [3, 1, 1] };
  expect(bytes(colours)).toEqual([1, 2, 3, 255]);
});

it("values are rounded and cut off", () => {
  const values = { data: Float64Array.of(-1, 0.5 / 255 + 1e-9, 2, Number.NaN), shape: [1, 4] };
  const { data, width, height } = toImageData(values);
  expect([width, height]).toEqual([4, 1]);
  expect(Array.from(data).filter((_, i) => i % 4 === 0)).toEqual([0, 1, 255, 0]);
});

it("what is no image is refused by a typed error", () => {
  const bad: [() => unknown, typeof ShapeError, string][] = [
    [() => fromImageData({ ...image, height: 9 }), ShapeError, "image"],
    [() => fromImageData({ ...image, data: new Float32Array(1024) as never }), DTypeError, "image"],
    [() => fromImageData(null as never), ShapeError, "image"],
    [() => fromImageData(image, { white: 0 }), OptionError, "white"],
    [() => fromImageData(image, { alpha: "no" as never }), OptionError, "alpha"],
    [() => toImageData(tensor([1, 2], [2, 1, 1])), ShapeError, "planes"],
    [() => toImageData(tensor([1, 2], [2, 1, 1, 1])), ShapeError, "planes"],
    [() => toImageData(tensor([1, 2], [2])), ShapeError, "planes"],
    [() => toImageData(tensor([1], [1, 1, 1, 1, 1])), ShapeError, "planes"],
    [() => toImageData({ data: [1] as never, shape: [1, 1] }), DTypeError, "planes"],
  ];
  for (const [call, type, argument] of bad) {
    expect(call).toThrow(type);
    expect(call).toThrow(expect.objectContaining({ argument }));
  }
});
