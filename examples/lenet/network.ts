/**
 * LeNet: 20 filters 5 × 5, the greatest of 2 × 2, 50 filters 5 × 5, the greatest of 2 × 2, 500 dense with relu, 10 dense. A dense layer is a
 * convolution of images of one pixel. Nothing here asks for Node: it runs in a page as well.
 */
import type { DType, Engine, Tensor } from "simdconv";
import { random } from "../shared/random.ts";
import { Convolution, type ConvolutionSpec } from "./convolution.ts";
import { countCorrect, crossEntropy, softmax } from "./cross-entropy.ts";
import type { Layer, Numbers, Parameter } from "./layer.ts";
import { Pooling } from "./pooling.ts";

export const SIDE = 28;
export const PIXELS = SIDE * SIDE;
export const CLASSES = 10;

export interface NetworkSpec {
  readonly batch: number;
  readonly seed: number;
  /** Default: float32. */
  readonly dtype?: DType;
}

export interface Reading {
  /** The likeliest class. */
  readonly digit: number;
  readonly probability: number;
}

export class LeNet {
  readonly layers: readonly Layer[];
  readonly batch: number;
  private readonly images: Tensor;
  private readonly scoreGrad: Tensor;

  static async create(engine: Engine, { batch, seed, dtype = "float32" }: NetworkSpec): Promise<LeNet> {
    const layers: Layer[] = [];
    const shape = () => layers.at(-1)?.outputShape ?? [batch, 1, SIDE, SIDE];
    const convolve = async (spec: Omit<ConvolutionSpec, "imageShape">) =>
      layers.push(await Convolution.create(engine, { imageShape: shape(), ...spec }, dtype));
    const pool = (flat: boolean) => layers.push(new Pooling(engine, { imageShape: shape(), flat }, dtype));
    await convolve({ filters: 20, size: 5, first: true });
    pool(false);
    await convolve({ filters: 50, size: 5 });
    pool(true);
    await convolve({ filters: 500, size: 1, activation: "relu" });
    await convolve({ filters: CLASSES, size: 1 });
    return new LeNet(engine, layers, batch, seed, dtype);
  }

  private constructor(engine: Engine, layers: readonly Layer[], batch: number, seed: number, dtype: DType) {
    this.layers = layers;
    this.batch = batch;
    this.images = engine.tensor([batch, 1, SIDE, SIDE], { dtype });
    this.scoreGrad = engine.tensor([batch, CLASSES, 1, 1], { dtype });
    const next = random(seed);
    for (const { values, spread } of this.parameters) {
      const data = values.data;
      for (let i = 0; i < data.length; i++) data[i] = spread * (2 * next() - 1);
    }
  }

  get parameters(): readonly Parameter[] {
    return this.layers.flatMap((layer) => layer.parameters);
  }

  /** The mean loss of a whole batch; what the parameters' gradients become is its own. `pixels` are image by image, row by row. */
  async learn(pixels: Numbers, labels: Uint8Array): Promise<number> {
    const scores = await this.forward(pixels);
    const loss = crossEntropy(scores.data, labels, CLASSES, this.scoreGrad.data);
    let gradient = this.scoreGrad;
    for (const layer of [...this.layers].reverse()) gradient = await layer.backward(gradient);
    return loss;
  }

  /** How many images it names rightly: as many as there are labels, a batch at the most. */
  async countCorrect(pixels: Numbers, labels: Uint8Array): Promise<number> {
    const scores = await this.forward(pixels);
    return countCorrect(scores.data, labels, CLASSES);
  }

  /** What it takes each image for: a batch of them at the most. */
  async read(pixels: Numbers): Promise<Reading[]> {
    const scores = (await this.forward(pixels)).data;
    return Array.from({ length: pixels.length / PIXELS }, (_, image) => {
      const { probabilities } = softmax(scores.subarray(image * CLASSES, (image + 1) * CLASSES));
      const probability = Math.max(...probabilities);
      return { digit: probabilities.indexOf(probability), probability };
    });
  }

  /** Ten scores for each image; where `pixels` are fewer than a batch, the rest is of older ones. */
  private async forward(pixels: Numbers): Promise<Tensor> {
    this.images.data.set(pixels);
    let maps = this.images;
    for (const layer of this.layers) maps = await layer.forward(maps);
    return maps;
  }

  dispose(): void {
    for (const layer of this.layers) layer.dispose();
    this.images.dispose();
    this.scoreGrad.dispose();
  }
}
