/** The greatest of every 2 × 2 pixels, and where it was. */
import type { DType, Engine, Tensor } from "simdconv";
import type { Layer } from "./layer.ts";

export interface PoolingSpec {
  /** [N, C, H, W], H and W even. */
  readonly imageShape: readonly number[];
  /** The result as [N, C·H·W / 4, 1, 1], for a layer that is dense: the same numbers in the same order. */
  readonly flat?: boolean;
}

export class Pooling implements Layer {
  readonly outputShape: readonly number[];
  readonly parameters = [];
  private readonly rows: number;
  private readonly columns: number;
  private readonly output: Tensor;
  private readonly inputGrad: Tensor;
  /** For each output the element of the input that it is. */
  private readonly winners: Int32Array;

  constructor(engine: Engine, { imageShape, flat = false }: PoolingSpec, dtype: DType) {
    const [images, channels, rows, columns] = imageShape;
    [this.rows, this.columns] = [images * channels * (rows / 2), columns / 2];
    const perImage = (channels * rows * columns) / 4;
    this.outputShape = flat ? [images, perImage, 1, 1] : [images, channels, rows / 2, columns / 2];
    this.output = engine.tensor(this.outputShape, { dtype });
    this.inputGrad = engine.tensor(imageShape, { dtype });
    this.winners = new Int32Array(this.output.size);
  }

  async forward(input: Tensor): Promise<Tensor> {
    const [x, y, { rows, columns, winners }] = [input.data, this.output.data, this];
    // Rows of all images and channels are one column of rows: as H is even, no pair of rows straddles two of them.
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const above = 4 * columns * row + 2 * column;
        const below = above + 2 * columns;
        let winner = x[above + 1] > x[above] ? above + 1 : above;
        if (x[below] > x[winner]) winner = below;
        if (x[below + 1] > x[winner]) winner = below + 1;
        y[row * columns + column] = x[winner];
        winners[row * columns + column] = winner;
      }
    }
    return this.output;
  }

  async backward(outputGrad: Tensor): Promise<Tensor> {
    const [dy, dx, winners] = [outputGrad.data, this.inputGrad.data, this.winners];
    dx.fill(0);
    for (let i = 0; i < winners.length; i++) dx[winners[i]] = dy[i];
    return this.inputGrad;
  }

  dispose(): void {
    this.output.dispose();
    this.inputGrad.dispose();
  }
}
