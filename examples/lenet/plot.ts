/** The loss of every mini-batch, its running mean, and the accuracy after each epoch, as a picture. */
import sharp, { type Sharp } from "sharp";
import { BRIGHT, GROUND, QUIET, type Write, writer } from "../shared/words.ts";

export interface Mark {
  /** The last of an epoch. */
  readonly step: number;
  readonly accuracy: number;
}

const [WIDTH, HEIGHT] = [1200, 640];
const PLOT = { left: 100, top: 110, right: WIDTH - 60, bottom: HEIGHT - 80 };
/** Decades of the loss: what is less or more is drawn at the edge. */
const [LEAST, GREATEST] = [-3, 1];
const SMOOTHING = 0.98;

const y = (loss: number) => {
  const decade = Math.min(GREATEST, Math.max(LEAST, Math.log10(loss)));
  return PLOT.bottom - ((decade - LEAST) / (GREATEST - LEAST)) * (PLOT.bottom - PLOT.top);
};

export async function drawCurve(losses: readonly number[], marks: readonly Mark[]): Promise<Sharp> {
  const write = await writer();
  const x = (step: number) => PLOT.left + (step / losses.length) * (PLOT.right - PLOT.left);
  const curve = (values: readonly number[], style: string) =>
    `<polyline fill="none" ${style} points="${values.map((loss, i) => `${x(i + 1).toFixed(1)},${y(loss).toFixed(1)}`).join(" ")}"/>`;
  const drawing = [
    `<rect width="100%" height="100%" fill="rgb(${GROUND.join(",")})"/>`,
    write(PLOT.left, 52, 32, BRIGHT, "LeNet learns to read digits"),
    write(PLOT.left, 82, 18, QUIET, `loss of ${losses.length} mini-batches, and its running mean`),
    ...axis(write),
    curve(losses, `stroke="#3b6ea8" stroke-opacity="0.45"`),
    curve(runningMean(losses), `stroke="${BRIGHT}" stroke-width="2.5"`),
    ...marks.map(({ step, accuracy }, i) =>
      epochEnd(write, x(step), `epoch ${i + 1}: ${(100 * accuracy).toFixed(2)} %`),
    ),
  ];
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" font-family="sans-serif">${drawing.join("")}</svg>`;
  return sharp(Buffer.from(svg)).png();
}

/** Exponential, and fair to its beginning: the weights of what it has seen add up to 1. */
function runningMean(values: readonly number[]): number[] {
  let [sum, weight] = [0, 0];
  return values.map((value) => {
    sum = SMOOTHING * sum + (1 - SMOOTHING) * value;
    weight = SMOOTHING * weight + (1 - SMOOTHING);
    return sum / weight;
  });
}

function axis(write: Write): string[] {
  return Array.from({ length: GREATEST - LEAST + 1 }, (_, i) => {
    const loss = 10 ** (LEAST + i);
    const line = `<path d="M${PLOT.left} ${y(loss)}H${PLOT.right}" stroke="${QUIET}" stroke-opacity="0.25"/>`;
    return line + write(PLOT.left - 14, y(loss) + 6, 18, QUIET, `${loss}`, "end");
  });
}

function epochEnd(write: Write, x: number, words: string): string {
  const line = `<path d="M${x} ${PLOT.top}V${PLOT.bottom}" stroke="${QUIET}" stroke-opacity="0.6" stroke-dasharray="4 4"/>`;
  return line + write(x, PLOT.bottom + 32, 18, BRIGHT, words, "end");
}
