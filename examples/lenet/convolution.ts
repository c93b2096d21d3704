/** A convolution with bias that learns: the forward op and its two gradients, each planned once. */
import type { DType, Engine, Tensor } from "simdconv";
import type { Layer, Parameter } from "./layer.ts";

export interface ConvolutionSpec {
  /** [N, C, H, W] */
  readonly imageShape: readonly number[];
  readonly filters: number;
  /** Rows and columns of a filter. */
  readonly size: number;
  readonly activation?: "linear" | "relu";
  /** Of the network's first layer: nobody asks for the gradient with respect to the images. */
  readonly first?: boolean;
}

type Ops = Awaited<ReturnType<typeof compile>>;

async function compile(engine: Engine, spec: ConvolutionSpec, dtype: DType) {
  const { imageShape, filters, size, activation = "linear", first = false } = spec;
  const filterShape = [filters, imageShape[1], size, size];
  // Learnt filters may as well be learnt the other way round: no flipping, as most networks have it.
  const shapes = { imageShape, filterShape, dtype, filterFlip: false };
  const { conv2d, conv2dGradWrtInputs, conv2dGradWrtWeights } = engine.nnet;
  return {
    forward: await conv2d.compile({ ...shapes, activation }),
    wrtInputs: first ? undefined : await conv2dGradWrtInputs.compile(shapes),
    wrtWeights: await conv2dGradWrtWeights.compile(shapes),
  };
}

export class Convolution implements Layer {
  readonly outputShape: readonly number[];
  readonly parameters: readonly Parameter[];
  private readonly ops: Ops;
  private readonly rectified: boolean;
  private readonly filters: Parameter;
  private readonly bias: Parameter;
  private readonly output: Tensor;
  private readonly inputGrad: Tensor;
  private input: Tensor | undefined;

  static async create(engine: Engine, spec: ConvolutionSpec, dtype: DType): Promise<Convolution> {
    return new Convolution(engine, spec, dtype, await compile(engine, spec, dtype));
  }

  private constructor(engine: Engine, spec: ConvolutionSpec, dtype: DType, ops: Ops) {
    const [images, channels, rows, columns] = spec.imageShape;
    const { filters, size } = spec;
    this.ops = ops;
    this.rectified = spec.activation === "relu";
    this.outputShape = [images, filters, rows - size + 1, columns - size + 1];
    const make = (shape: readonly number[]) => engine.tensor(shape, { dtype });
    const parameter = (shape: readonly number[], spread: number): Parameter => ({
      values: make(shape),
      gradient: make(shape),
      spread,
    });
    // Uniform with variance 1 / terms, so that results vary as inputs do (Glorot and Bengio, by inputs alone).
    this.filters = parameter([filters, channels, size, size], Math.sqrt(3 / (channels * size * size)));
    this.bias = parameter([filters], 0);
    this.parameters = [this.filters, this.bias];
    this.output = make(this.outputShape);
    this.inputGrad = make(spec.first ? [0] : spec.imageShape);
  }

  async forward(input: Tensor): Promise<Tensor> {
    const { forward } = this.ops;
    this.input = input;
    await forward.setFilters(this.filters.values);
    forward.setBias(this.bias.values);
    return forward.run(input, { out: this.output });
  }

  async backward(outputGrad: Tensor): Promise<Tensor> {
    if (!this.input) throw new Error("backward before forward");
    const { wrtInputs, wrtWeights } = this.ops;
    if (this.rectified) this.mask(outputGrad);
    this.sumOverImages(outputGrad);
    await wrtWeights.run(this.input, outputGrad, { out: this.filters.gradient });
    if (!wrtInputs) return this.inputGrad;
    await wrtInputs.setFilters(this.filters.values);
    return wrtInputs.run(outputGrad, { out: this.inputGrad });
  }

  /** The gradient of relu: none where it gave 0. */
  private mask(outputGrad: Tensor): void {
    const [y, dy] = [this.output.data, outputGrad.data];
    for (let i = 0; i < dy.length; i++) if (y[i] <= 0) dy[i] = 0;
  }

  /** The gradient with respect to the bias: dy over all but its second axis. */
  private sumOverImages(outputGrad: Tensor): void {
    const [images, filters, rows, columns] = this.outputShape;
    const [dy, gradient, area] = [outputGrad.data, this.bias.gradient.data, rows * columns];
    gradient.fill(0);
    for (let map = 0; map < images * filters; map++) {
      let sum = 0;
      for (let i = 0; i < area; i++) sum += dy[map * area + i];
      gradient[map % filters] += sum;
    }
  }

  dispose(): void {
    for (const op of Object.values(this.ops)) op?.dispose();
    for (const { values, gradient } of this.parameters) {
      values.dispose();
      gradient.dispose();
    }
    this.output.dispose();
    this.inputGrad.dispose();
  }
}
