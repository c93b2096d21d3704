/** A box to draw a digit in. What is drawn is put as MNIST's digits are: 20 pixels long, its centre of mass in the middle of 28 × 28. */
import { PIXELS, SIDE } from "../../../examples/lenet/network.ts";

type Point = readonly [x: number, y: number];

/** Pixels of the box, of which the page may show fewer. */
const BOX = 280;
const BOX_PEN = 18;
const LENGTH = 20;
const PEN = 2.4;

export class Pad {
  private readonly canvas: HTMLCanvasElement;
  private readonly strokes: Point[][] = [];
  private readonly changed: () => void;

  /** `changed` is called whenever a stroke has become longer, and after `clear`. */
  constructor(canvas: HTMLCanvasElement, changed: () => void) {
    this.canvas = canvas;
    this.changed = changed;
    [canvas.width, canvas.height] = [BOX, BOX];
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.strokes.push([]);
      this.add(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (canvas.hasPointerCapture(event.pointerId)) this.add(event);
    });
    this.draw();
  }

  get isEmpty(): boolean {
    return this.strokes.length === 0;
  }

  clear(): void {
    this.strokes.length = 0;
    this.draw();
    this.changed();
  }

  /** One image for the network. */
  pixels(): Float32Array {
    const points = this.strokes.flat();
    const [left, right, top, bottom] = [0, 1].flatMap((axis) => {
      const values = points.map((point) => point[axis]);
      return [Math.min(...values), Math.max(...values)];
    });
    // A dot has no length of its own.
    const scale = Math.min(LENGTH - PEN, SIDE) / Math.max(right - left, bottom - top, BOX_PEN);
    const middle: Point = [SIDE / 2 - (scale * (left + right)) / 2, SIDE / 2 - (scale * (top + bottom)) / 2];
    const first = this.render(scale, middle);
    const [x, y] = centreOfMass(first);
    return this.render(scale, [middle[0] + SIDE / 2 - x, middle[1] + SIDE / 2 - y]);
  }

  private render(scale: number, [x, y]: Point): Float32Array {
    const context = new OffscreenCanvas(SIDE, SIDE).getContext("2d", { willReadFrequently: true })!;
    context.setTransform(scale, 0, 0, scale, x, y);
    trace(context, this.strokes, PEN / scale);
    const { data } = context.getImageData(0, 0, SIDE, SIDE);
    return Float32Array.from({ length: PIXELS }, (_, i) => data[4 * i + 3] / 255);
  }

  private add({ offsetX, offsetY }: PointerEvent): void {
    const { clientWidth, clientHeight } = this.canvas;
    this.strokes.at(-1)!.push([(offsetX / clientWidth) * BOX, (offsetY / clientHeight) * BOX]);
    this.draw();
    this.changed();
  }

  private draw(): void {
    const context = this.canvas.getContext("2d")!;
    context.fillStyle = "black";
    context.fillRect(0, 0, BOX, BOX);
    trace(context, this.strokes, BOX_PEN);
  }
}

function trace(
  context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D,
  strokes: readonly (readonly Point[])[],
  pen: number,
): void {
  context.strokeStyle = "white";
  [context.lineWidth, context.lineCap, context.lineJoin] = [pen, "round", "round"];
  context.beginPath();
  for (const stroke of strokes) {
    context.moveTo(...stroke[0]);
    // To where it began, too: a dot is a stroke.
    for (const point of stroke) context.lineTo(...point);
  }
  context.stroke();
}

function centreOfMass(pixels: Float32Array): Point {
  let [x, y, mass] = [0, 0, 0];
  for (let i = 0; i < PIXELS; i++) {
    x += pixels[i] * ((i % SIDE) + 0.5);
    y += pixels[i] * (Math.floor(i / SIDE) + 0.5);
    mass += pixels[i];
  }
  return [x / mass, y / mass];
}
