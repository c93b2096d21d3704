/** Pixels through a filter: planes with a mirrored margin, signal.conv2d, pixels again. */
import { type CompiledOp, signal } from "simdconv";
import { mirrored } from "../mirror.ts";
import type { PictureFilter } from "./filters.ts";

const COLOURS = 3;

/** A filter, compiled for pictures of one size. */
export class Lens {
  readonly width: number;
  readonly height: number;
  readonly filter: PictureFilter;
  private readonly op: CompiledOp;
  private readonly planes: { readonly data: Float32Array; readonly shape: readonly number[] };
  private readonly out: { readonly data: Float32Array; readonly shape: readonly number[] };

  private constructor(width: number, height: number, filter: PictureFilter, op: CompiledOp, imageShape: number[]) {
    this.width = width;
    this.height = height;
    this.filter = filter;
    this.op = op;
    const array = (shape: readonly number[]) => ({ data: new Float32Array(shape.reduce((a, b) => a * b)), shape });
    this.planes = array(imageShape);
    this.out = array(op.plan.outputShape);
  }

  static async grind(width: number, height: number, filter: PictureFilter): Promise<Lens> {
    const { side, bank } = filter;
    const imageShape = [COLOURS, height + side - 1, width + side - 1];
    const filterShape = [bank.length, side, side];
    const op = await signal.conv2d.compile({ imageShape, filterShape, dtype: "float32" });
    await op.setFilters({ data: Float32Array.from(bank.flatMap((taps) => [...Array.from(taps)])), shape: filterShape });
    return new Lens(width, height, filter, op, imageShape);
  }

  get plan() {
    return this.op.plan;
  }

  /** The picture filtered, in a new array, and the milliseconds of the convolution alone. */
  async look(pixels: ImageData): Promise<{ pixels: ImageData; ms: number }> {
    this.load(pixels);
    const start = performance.now();
    await this.op.run(this.planes, { out: this.out });
    const ms = performance.now() - start;
    return { pixels: this.develop(), ms };
  }

  /** The margin is mirrored, because black beyond the border would be an edge all around. */
  private load({ data }: ImageData): void {
    const { width, height } = this;
    const [, rows, columns] = this.planes.shape;
    const margin = (this.filter.side - 1) / 2;
    const across = Int32Array.from({ length: columns }, (_, x) => 4 * mirrored(x - margin, width));
    for (let y = 0; y < rows; y++) {
      const row = 4 * width * mirrored(y - margin, height);
      for (let c = 0; c < COLOURS; c++) {
        const to = (c * rows + y) * columns;
        for (let x = 0; x < columns; x++) this.planes.data[to + x] = data[row + across[x] + c];
      }
    }
  }

  private develop(): ImageData {
    const { width, height, filter } = this;
    const size = width * height;
    const pixels = new ImageData(width, height);
    const answers = this.out.data;
    for (let c = 0; c < COLOURS; c++) {
      const first = c * filter.bank.length * size;
      for (let i = 0; i < size; i++) {
        const answer =
          filter.bank.length === 1 ? answers[first + i] : Math.hypot(answers[first + i], answers[first + size + i]);
        // An ImageData's bytes cut off by themselves what is too dark or too bright.
        pixels.data[4 * i + c] = filter.ground + filter.gain * answer;
      }
    }
    for (let i = 3; i < 4 * size; i += 4) pixels.data[i] = 255;
    return pixels;
  }

  dispose(): void {
    this.op.dispose();
  }
}
