/** `simdconv/interop`: pixels as a canvas has them, to planes of floats and back. Pure functions, apart from the main entry. */
import { DTypeError, OptionError, ShapeError, show } from "./errors.ts";
import { OptionReader } from "./ops/options.ts";
import { readOperand } from "./problem/operand.ts";
import { type Operand, type Tensor, tensorOver } from "./tensor.ts";

/** Rows of pixels of four bytes, red, green, blue and straight alpha: an `ImageData`, or what a decoder gives. */
export interface Pixels {
  readonly data: Uint8ClampedArray | Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Of `fromImageData`. */
export interface FromImageDataOptions {
  /** The float that a byte of 255 becomes. Default 1. */
  white?: number;
  /**
   * `"none"` (default): three planes. `"straight"`: a fourth, as it is. `"premultiplied"`: a fourth, and colours multiplied by it, which
   * is what a blur wants: the colour of a transparent pixel counts for nothing.
   */
  alpha?: "none" | "straight" | "premultiplied";
}

/** Of `toImageData`. */
export interface ToImageDataOptions {
  /** The float that becomes a byte of 255. Default 1. */
  white?: number;
  /** What the colours of four planes are: `"straight"` (default), or `"premultiplied"`, to be divided by the fourth. */
  alpha?: "straight" | "premultiplied";
}

/**
 * The planes of an image: [1, 3, H, W], or [1, 4, H, W] with alpha, float32, as `nnet.conv2d` takes it. Throws a DTypeError if the pixels are
 * not bytes, a ShapeError if they are not 4·width·height.
 *
 * @example const planes = fromImageData(context.getImageData(0, 0, 640, 480)); // 0 … 1
 */
export function fromImageData(image: Pixels, options?: FromImageDataOptions): Tensor {
  const reader = new OptionReader(options, ["white", "alpha"]);
  const white = readWhite(reader);
  const alpha = reader.oneOf("alpha", ["none", "straight", "premultiplied"]) ?? "none";
  if (typeof image !== "object" || image === null) throw new ShapeError("image", `expected pixels, got ${show(image)}`);
  const { data, width, height } = image;
  if (!(data instanceof Uint8ClampedArray || data instanceof Uint8Array)) {
    throw new DTypeError("image", "expected pixels of bytes, red, green, blue, alpha");
  }
  const size = width * height;
  if (data.length !== 4 * size) {
    throw new ShapeError("image", `${width} × ${height} pixels are ${4 * size} bytes, not ${data.length}`);
  }
  const planes = alpha === "none" ? 3 : 4;
  const values = new Float32Array(planes * size);
  for (let i = 0; i < size; i++) {
    const opacity = alpha === "premultiplied" ? data[4 * i + 3]! / 255 : 1;
    for (let c = 0; c < planes; c++) {
      values[c * size + i] = (data[4 * i + c]! / 255) * white * (c < 3 ? opacity : 1);
    }
  }
  return tensorOver(values, [1, planes, height, width]);
}

/**
 * Pixels of [H, W], [C, H, W] or [1, C, H, W] with 1 (grey), 3 or 4 planes: an `ImageData` where the runtime has it, else an object like one.
 * Values are rounded, and cut off at 0 and `white`; NaN becomes 0. Throws a ShapeError for other shapes.
 *
 * @example context.putImageData(toImageData(blurred), 0, 0);
 */
export function toImageData(planes: Operand, options?: ToImageDataOptions): ImageData {
  const reader = new OptionReader(options, ["white", "alpha"]);
  const scale = 255 / readWhite(reader);
  const premultiplied = reader.oneOf("alpha", ["straight", "premultiplied"]) === "premultiplied";
  const { data, shape, stride, offset } = readOperand(planes, "planes");
  const [width, height, count = 1, images = 1, ...more] = [...shape].reverse();
  if (height === undefined || ![1, 3, 4].includes(count) || images !== 1 || more.length > 0) {
    throw new ShapeError("planes", `expected [H, W], or [C, H, W] or [1, C, H, W] with C 1, 3 or 4, got [${shape}]`);
  }
  const [column, row, plane = 0] = [...stride].reverse() as [number, number, number?];
  const step = count === 1 ? 0 : plane;
  const bytes = new Uint8ClampedArray(4 * width! * height);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width!; x++, to += 4) {
      const from = offset + y * row + x * column;
      const opacity = count === 4 ? data[from + 3 * plane]! * scale : 255;
      const divisor = premultiplied && opacity > 0 ? opacity / 255 : 1;
      for (let c = 0; c < 3; c++) bytes[to + c] = (data[from + c * step]! * scale) / divisor;
      bytes[to + 3] = opacity;
    }
  }
  if (typeof ImageData === "function") return new ImageData(bytes, width!, height);
  return { data: bytes, width: width!, height, colorSpace: "srgb" } as ImageData;
}

function readWhite(options: OptionReader): number {
  const white = options.raw("white") ?? 1;
  if (typeof white === "number" && Number.isFinite(white) && white > 0) return white;
  throw new OptionError("white", `expected a positive number, got ${show(white)}`);
}
